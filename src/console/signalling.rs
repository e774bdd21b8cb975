//! Owns what WHIP (RFC 9725) and WHEP have in common over HTTP: bodies, headers, statuses, problems.
//!
//! Other origins are denied: no CORS header is ever sent, so their preflight fails in the browser.

use crate::media::feed::{Feed, Feeds};
use crate::media::peer::{Created, Error, Patched, Peers, ResourceId};
use crate::room::FeedId;
use axum::body::{Body, to_bytes};
use axum::extract::FromRef;
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub(super) const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// An offer of a browser has 3 to 10 KiB.
const LARGEST_BODY: usize = 64 * 1024;
/// Methods of `/api/whip/{feed}`.
const ENDPOINT: &str = "POST, OPTIONS";
/// Methods of `/api/whip/{feed}/{resource}`.
const RESOURCE: &str = "PATCH, DELETE, OPTIONS";

/// What the routes need of the room. The console's state gives it by [`FromRef`].
#[derive(Debug, Clone)]
pub struct Live {
    /// The room's feeds.
    pub feeds: Feeds,
    /// The room's peers.
    pub peers: Peers,
}

/// State that these routes can live in.
pub trait HasLive: Clone + Send + Sync + 'static {}
impl<S: Clone + Send + Sync + 'static> HasLive for S where Live: FromRef<S> {}

/// Who asks, set by whatever let the request in: a stable name of the account, workstation or token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(pub String);

/// A refusal, as `application/problem+json` (RFC 9457). The console translates `code`.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    code: &'static str,
    title: &'static str,
    detail: String,
    status: u16,
    #[serde(skip)]
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl ToString) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { code, title, detail: detail.to_string(), status: status.as_u16(), header: None }
    }

    fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.header = Some((name, value.into()));
        self
    }

    pub(super) fn unknown_feed() -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown_feed", "the room has no such feed")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some((name, value)) = self.header {
            headers.insert(name, value);
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, code) = match error {
            Error::BadSdp { .. } => (StatusCode::BAD_REQUEST, "bad_sdp"),
            Error::UnknownResource => (StatusCode::NOT_FOUND, "unknown_session"),
            Error::Conflict => (StatusCode::CONFLICT, "feed_taken"),
            Error::Outdated => (StatusCode::PRECONDITION_FAILED, "session_changed"),
            Error::NotAcceptable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "not_acceptable"),
            Error::IfMatchNeeded => (StatusCode::PRECONDITION_REQUIRED, "if_match_needed"),
            Error::Full { .. } => (StatusCode::SERVICE_UNAVAILABLE, "too_many_connections"),
            Error::Broken(_) => (StatusCode::INTERNAL_SERVER_ERROR, "connection_failed"),
        };
        let problem = Problem::new(status, code, &error);
        match error {
            Error::Full { retry_after } => problem.with(RETRY_AFTER, retry_after.as_secs()),
            Error::BadSdp { .. }
            | Error::UnknownResource
            | Error::Conflict
            | Error::Outdated
            | Error::NotAcceptable(_)
            | Error::IfMatchNeeded
            | Error::Broken(_) => problem,
        }
    }
}

impl Live {
    pub(super) fn feed(&self, id: &str) -> Result<Feed, Problem> {
        let id: FeedId = id.parse().map_err(|_| Problem::unknown_feed())?;
        self.feeds.get(&id).cloned().ok_or_else(Problem::unknown_feed)
    }

    /// A resource of this owner that belongs to the feed of the address.
    fn resource(&self, owner: &Owner, feed: &str, resource: &str) -> Result<ResourceId, Problem> {
        let resource: ResourceId = resource.parse().map_err(|_| Error::UnknownResource)?;
        let of = self.peers.feed_of(resource, &owner.0)?;
        if of.as_str() == feed { Ok(resource) } else { Err(Error::UnknownResource.into()) }
    }

    pub(super) async fn patch(
        &self,
        owner: &Owner,
        feed: &str,
        resource: &str,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response, Problem> {
        let resource = self.resource(owner, feed, resource)?;
        demand_type(headers, FRAGMENT)
            .map_err(|problem| problem.with(ACCEPT_PATCH, HeaderValue::from_static(FRAGMENT)))?;
        let if_match = headers.get(IF_MATCH).and_then(|v| v.to_str().ok());
        if if_match.is_none() {
            return Err(Error::IfMatchNeeded.into());
        }
        let body = read(body).await?;
        match self.peers.patch(resource, &owner.0, if_match, &body).await? {
            Patched::NoContent => Ok(StatusCode::NO_CONTENT.into_response()),
            Patched::Answer { fragment, etag } => {
                let headers = [(CONTENT_TYPE, FRAGMENT.to_owned()), (ETAG, etag.to_string())];
                Ok((StatusCode::OK, headers, fragment).into_response())
            }
        }
    }

    pub(super) async fn delete(&self, owner: &Owner, feed: &str, resource: &str) -> Result<Response, Problem> {
        let resource = self.resource(owner, feed, resource)?;
        self.peers.delete(resource, &owner.0).await?;
        Ok(StatusCode::OK.into_response())
    }
}

/// The offer of a POST, if its headers are in order.
pub(super) async fn offer(headers: &HeaderMap, body: Body) -> Result<String, Problem> {
    demand_type(headers, SDP).map_err(|problem| problem.with(ACCEPT_POST, HeaderValue::from_static(SDP)))?;
    let accepts = |value: &HeaderValue| {
        let ranges = value.to_str().unwrap_or("");
        ranges.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or("").to_ascii_lowercase();
            let is_refused = parts.any(|p| matches!(p, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            !is_refused && matches!(kind.as_str(), SDP | "application/*" | "*/*")
        })
    };
    let mut wanted = headers.get_all(ACCEPT).iter().peekable();
    if wanted.peek().is_some() && !wanted.any(accepts) {
        let detail = "the answer is application/sdp, which Accept excludes";
        return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "answer_not_accepted", detail));
    }
    read(body).await
}

pub(super) fn created(created: &Created, path: &str, feed: &str) -> Response {
    let headers = [
        (CONTENT_TYPE, SDP.to_owned()),
        (LOCATION, format!("{path}/{feed}/{}", created.resource)),
        (ETAG, created.etag.to_string()),
        (ACCEPT_PATCH, FRAGMENT.to_owned()),
    ];
    (StatusCode::CREATED, headers, created.answer.clone()).into_response()
}

/// OPTIONS of an endpoint.
pub(super) async fn endpoint_options() -> Response {
    let headers = [(ALLOW, ENDPOINT), (ACCEPT_POST, SDP)];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// OPTIONS of a resource.
pub(super) async fn resource_options() -> Response {
    let headers = [(ALLOW, RESOURCE), (ACCEPT_PATCH, FRAGMENT)];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Any other method on an endpoint.
pub(super) async fn endpoint_other() -> Response {
    not_allowed(ENDPOINT)
}

/// Any other method on a resource.
pub(super) async fn resource_other() -> Response {
    not_allowed(RESOURCE)
}

fn not_allowed(methods: &'static str) -> Response {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("allowed: {methods}"))
        .with(ALLOW, HeaderValue::from_static(methods))
        .into_response()
}

fn demand_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let detail = format!("Content-Type must be {wanted}");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_content_type", detail))
}

async fn read(body: Body) -> Result<String, Problem> {
    let bytes = to_bytes(body, LARGEST_BODY).await.map_err(|_| {
        let detail = format!("a description has at most {LARGEST_BODY} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    })?;
    if bytes.is_empty() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "empty_body", "the body is empty"));
    }
    String::from_utf8(bytes.into())
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "bad_sdp", "the body is not UTF-8"))
}
