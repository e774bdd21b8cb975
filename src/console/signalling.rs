//! Owns what WHIP (RFC 9725) and WHEP have in common over HTTP: bodies, headers, statuses, problems.
//!
//! Other origins are denied: no CORS header is ever sent, so their preflight fails in the browser.

use super::problem::No;
use super::{whep, whip};
use crate::media::feed::{Feed, Feeds};
use crate::media::peer::{Created, Error, Patched, Peers, ResourceId};
use crate::room::FeedId;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, patch, post};
use http_body_util::LengthLimitError;

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

/// Who asks: a stable name of the account, workstation or token. Whoever lets a request in puts it
/// into the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Owner {
    type Rejection = No;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, No> {
        parts
            .extensions
            .get::<Owner>()
            .cloned()
            .ok_or_else(No::unauthenticated)
    }
}

/// A no with the header that its status demands.
#[derive(Debug)]
pub(super) struct Refused {
    no: No,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refused {
    fn new(status: StatusCode, code: &str, title: impl Into<String>) -> Self {
        No::new(status, code, title).into()
    }

    fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.header = Some((name, value.into()));
        self
    }
}

impl From<No> for Refused {
    fn from(no: No) -> Self {
        Self { no, header: None }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.no.into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let (status, code) = match error {
            Error::BadSdp { .. } => (StatusCode::BAD_REQUEST, "bad_sdp"),
            Error::UnknownResource => (StatusCode::NOT_FOUND, "unknown_session"),
            Error::Conflict => (StatusCode::CONFLICT, "feed_taken"),
            Error::Outdated => (StatusCode::PRECONDITION_FAILED, "session_changed"),
            Error::NotAcceptable(_) | Error::SoundRefused => {
                (StatusCode::UNPROCESSABLE_ENTITY, "not_acceptable")
            }
            Error::IfMatchNeeded => (StatusCode::PRECONDITION_REQUIRED, "if_match_needed"),
            Error::Full { .. } => (StatusCode::SERVICE_UNAVAILABLE, "too_many_connections"),
            Error::Broken(_) => return No::internal(&error).into(),
        };
        let refused = Refused::new(status, code, error.to_string());
        match error {
            Error::Full { retry_after } => refused.with(RETRY_AFTER, retry_after.as_secs()),
            Error::BadSdp { .. }
            | Error::UnknownResource
            | Error::Conflict
            | Error::Outdated
            | Error::NotAcceptable(_)
            | Error::SoundRefused
            | Error::IfMatchNeeded
            | Error::Broken(_) => refused,
        }
    }
}

/// The routes of WHIP and WHEP, for a server that lets people in by an [`Owner`] extension.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Live: FromRef<S>,
{
    let endpoint =
        |posts: MethodRouter<S>| posts.options(endpoint_options).fallback(endpoint_other);
    let resource =
        |patches: MethodRouter<S>| patches.options(resource_options).fallback(resource_other);
    Router::new()
        .route("/api/whip/{feed}", endpoint(post(whip::publish)))
        .route(
            "/api/whip/{feed}/{resource}",
            resource(patch(whip::patch).delete(whip::delete)),
        )
        .route("/api/whep/{feed}", endpoint(post(whep::watch)))
        .route(
            "/api/whep/{feed}/{resource}",
            resource(patch(whep::patch).delete(whep::delete)),
        )
}

impl Live {
    pub(super) fn feed(&self, id: &str) -> Result<Feed, Refused> {
        let id: FeedId = id.parse().map_err(|_| No::not_found("feed"))?;
        self.feeds
            .get(&id)
            .cloned()
            .ok_or_else(|| No::not_found("feed").into())
    }

    /// A resource of this owner that belongs to the feed of the address.
    fn resource(&self, owner: &Owner, feed: &str, resource: &str) -> Result<ResourceId, Refused> {
        let resource: ResourceId = resource.parse().map_err(|_| Error::UnknownResource)?;
        let of = self.peers.feed_of(resource, &owner.0)?;
        if of.as_str() == feed {
            Ok(resource)
        } else {
            Err(Error::UnknownResource.into())
        }
    }

    pub(super) async fn patch(
        &self,
        owner: &Owner,
        feed: &str,
        resource: &str,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response, Refused> {
        let resource = self.resource(owner, feed, resource)?;
        demand_type(headers, FRAGMENT)
            .map_err(|problem| problem.with(ACCEPT_PATCH, HeaderValue::from_static(FRAGMENT)))?;
        let if_match = headers.get(IF_MATCH).and_then(|v| v.to_str().ok());
        if if_match.is_none() {
            return Err(Error::IfMatchNeeded.into());
        }
        let body = read(body).await?;
        match self
            .peers
            .patch(resource, &owner.0, if_match, &body)
            .await?
        {
            Patched::NoContent => Ok(StatusCode::NO_CONTENT.into_response()),
            Patched::Answer { fragment, etag } => {
                let headers = [
                    (CONTENT_TYPE, FRAGMENT.to_owned()),
                    (ETAG, etag.to_string()),
                ];
                Ok((StatusCode::OK, headers, fragment).into_response())
            }
        }
    }

    pub(super) async fn delete(
        &self,
        owner: &Owner,
        feed: &str,
        resource: &str,
    ) -> Result<Response, Refused> {
        let resource = self.resource(owner, feed, resource)?;
        self.peers.delete(resource, &owner.0).await?;
        Ok(StatusCode::OK.into_response())
    }
}

/// The offer of a POST, if its headers are in order.
pub(super) async fn offer(headers: &HeaderMap, body: Body) -> Result<String, Refused> {
    demand_type(headers, SDP)
        .map_err(|problem| problem.with(ACCEPT_POST, HeaderValue::from_static(SDP)))?;
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
        return Err(Refused::new(
            StatusCode::NOT_ACCEPTABLE,
            "answer_not_accepted",
            detail,
        ));
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
    Refused::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("allowed: {methods}"),
    )
    .with(ALLOW, HeaderValue::from_static(methods))
    .into_response()
}

fn demand_type(headers: &HeaderMap, wanted: &str) -> Result<(), Refused> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let detail = format!("Content-Type must be {wanted}");
    Err(Refused::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "wrong_content_type",
        detail,
    ))
}

async fn read(body: Body) -> Result<String, Refused> {
    let bytes = to_bytes(body, LARGEST_BODY).await.map_err(|error| {
        let is_too_large =
            std::error::Error::source(&error).is_some_and(|e| e.is::<LengthLimitError>());
        if is_too_large {
            let detail = format!("a description has at most {LARGEST_BODY} bytes");
            Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
        } else {
            let detail = "the body did not come whole, or took too long";
            Refused::new(StatusCode::BAD_REQUEST, "body_incomplete", detail)
        }
    })?;
    if bytes.is_empty() {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "empty_body",
            "the body is empty",
        ));
    }
    String::from_utf8(bytes.into())
        .map_err(|_| Refused::new(StatusCode::BAD_REQUEST, "bad_sdp", "the body is not UTF-8"))
}
