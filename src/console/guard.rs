//! Owns the door: every request passes here, and is let in only as its row of the route table says.
//!
//! Deny by default; requests that change something must come from the console's own pages (Origin), unless
//! they carry a bearer token or come over the box's own socket. What is refused, and what is watched, is audited.

use super::problem::No;
use super::routes::{Endpoint, Method, Route, Who};
use super::signalling::Owner;
use super::state::Door;
use crate::access::{
    Act, AuditKind, AuditObject, AuditResult, Principal, Request as Carried, Role, Scope,
    SignInState,
};
use crate::room::{Actor, FeedId, FeedSpec, SeatNo, may_publish, may_view};
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, SocketAddr};

/// Who asks, from where, and what the request carried.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    /// Who.
    pub principal: Principal,
    /// From which network address; none on the box itself.
    pub address: Option<IpAddr>,
    /// What proved it.
    pub carried: Carried,
}

impl Asker {
    /// As whom the room takes commands.
    pub(super) fn actor(&self) -> Result<Actor, No> {
        self.principal.actor().ok_or_else(No::forbidden)
    }

    /// Whoever makes a media resource owns it by this name; a person keeps it over locking and new sign-ins.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whoever is not named is denied"
    )]
    pub(super) fn owner(&self) -> String {
        match &self.principal {
            // a member is still the seat's workstation: what it sent before check-in stays its own
            Principal::Member { seat, .. } | Principal::Workstation { seat, .. } => {
                seat_owner(*seat)
            }
            other => other.to_string(),
        }
    }
}

/// The owner's name of what a seat's workstation sends and watches.
pub(super) fn seat_owner(seat: SeatNo) -> String {
    format!("seat:{seat}")
}

/// Where a connection comes from: the network, or a user of the box over the control socket.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// The network.
    Network(SocketAddr),
    /// A user of the box, as the kernel vouches.
    Local {
        /// His user id.
        uid: u32,
    },
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = No;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, No> {
        parts
            .extensions
            .get::<Asker>()
            .cloned()
            .ok_or_else(No::unauthenticated)
    }
}

/// Lets a request in, or not.
pub(super) async fn guard(
    State((door, route)): State<(Door, &'static Route)>,
    parameters: RawPathParams,
    mut request: Request,
    next: Next,
) -> Result<Response, No> {
    let origin = request.extensions().get::<Origin>().cloned();
    let asker = identify(&door, route, origin, request.headers()).await?;
    same_origin(route, &asker, &request)?;
    let feed = parameters
        .iter()
        .find(|(name, _)| *name == "feed")
        .map(|(_, value)| value.to_owned());
    if let Err(no) = admit(&door, route.who, &asker.principal, feed.as_deref()) {
        let denied = AuditObject::Route(route.path);
        audit(
            &door,
            &asker,
            AuditKind::Denied,
            denied,
            AuditResult::Refused("not-permitted"),
        )
        .await?;
        return Err(no);
    }
    if let Some((kind, object)) = watched(route.who, feed.as_deref()) {
        audit(&door, &asker, kind, object, AuditResult::Done).await?;
    }
    request.extensions_mut().insert(Owner(asker.owner()));
    request.extensions_mut().insert(asker);
    Ok(next.run(request).await)
}

async fn identify(
    door: &Door,
    route: &Route,
    origin: Option<Origin>,
    headers: &HeaderMap,
) -> Result<Asker, No> {
    let address = match origin {
        Some(Origin::Local { uid }) => {
            let principal = Principal::Local { uid };
            return Ok(Asker {
                principal,
                address: None,
                carried: Carried::default(),
            });
        }
        Some(Origin::Network(address)) => Some(address.ip()),
        None => None,
    };
    let text = |name| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
    };
    let by_person = is_by_person(route);
    let authorization = text(header::AUTHORIZATION).next().map(str::to_owned);
    let cookies: Vec<String> = text(header::COOKIE).map(str::to_owned).collect();
    let carried = Carried::from_headers(
        cookies.iter().map(String::as_str),
        authorization.as_deref(),
        address,
        by_person,
    );
    let seat = matches!(route.who, Who::Seat) || is_seat_page(headers);
    let (asked, at) = (carried.clone(), door.now().stamp.at);
    let principal = door
        .access
        .background(move |access| match seat {
            true => access.authenticate_seat(&asked),
            false => access.authenticate(&asked, at),
        })
        .await?;
    Ok(Asker {
        principal,
        address,
        carried,
    })
}

/// Only what a person does keeps a sign-in from locking: pages poll, stream and reconnect by themselves.
fn is_by_person(route: &Route) -> bool {
    let media = matches!(route.who, Who::Viewers | Who::Publishers | Who::Owner);
    let changes = matches!(route.method, Method::Post | Method::Delete);
    let looks_up = matches!(
        route.endpoint,
        Endpoint::Accounts
            | Endpoint::Tokens
            | Endpoint::Audit
            | Endpoint::VerifyAudit
            | Endpoint::Checkpoints
            | Endpoint::NewestCheckpoint
            | Endpoint::Recordings
            | Endpoint::Recording
            | Endpoint::Detection
            | Endpoint::RecordingFile
    );
    (changes && !media) || looks_up
}

/// A browser may hold both cookies (a technician who tries a seat): the seat's page says which one it means.
fn is_seat_page(headers: &HeaderMap) -> bool {
    headers
        .get("bidroom-page")
        .is_some_and(|page| page == "seat")
}

/// Refuses requests that another site's page makes with our cookies. A program sends no `Origin`, and the cookies'
/// `SameSite=Strict` keeps browsers from sending them along.
fn same_origin(route: &Route, asker: &Asker, request: &Request) -> Result<(), No> {
    let changes = matches!(route.method, Method::Post | Method::Patch | Method::Delete);
    let by_cookie =
        asker.carried.bearer.is_none() && !matches!(asker.principal, Principal::Local { .. });
    let Some(origin) = request.headers().get(header::ORIGIN) else {
        return Ok(());
    };
    if !changes || !by_cookie {
        return Ok(());
    }
    // HTTP/2 has the authority in the URI, HTTP/1.1 in a header
    let header = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let ours = request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or(header);
    let theirs = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.strip_prefix("https://"));
    match theirs.is_some() && theirs == ours {
        true => Ok(()),
        false => Err(No::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "the request comes from another site",
        )),
    }
}

/// Whether the table lets somebody in; a feed's row is decided by the room at this moment.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whoever is not named is denied"
)]
fn admit(door: &Door, who: Who, principal: &Principal, feed: Option<&str>) -> Result<(), No> {
    let role = match principal {
        Principal::Account {
            role,
            state: SignInState::Open,
            ..
        } => Some(*role),
        Principal::Local { .. } => Some(Role::Technician),
        _ => None,
    };
    let known = !matches!(principal, Principal::Anonymous);
    let is = |roles: &[Role]| role.is_some_and(|role| roles.contains(&role));
    let seat = matches!(
        principal,
        Principal::Member { .. } | Principal::Workstation { .. }
    );
    let let_in = match who {
        Who::Anybody => true,
        Who::SignedIn => matches!(principal, Principal::Account { .. }),
        Who::Actors => role.is_some() || seat,
        Who::Seat => seat,
        Who::Technician => is(&[Role::Technician]),
        Who::Supervisor => is(&[Role::Supervisor]),
        Who::TechnicianOrSupervisor => is(&[Role::Technician, Role::Supervisor]),
        Who::SystemAdministrator => is(&[Role::SystemAdministrator]),
        Who::SecurityAdministrator => is(&[Role::SecurityAdministrator]),
        Who::AccountAdministrators => is(&[Role::SystemAdministrator, Role::SecurityAdministrator]),
        Who::AuditAdministrator => is(&[Role::AuditAdministrator]),
        Who::Viewers | Who::Publishers => return admit_to_feed(door, who, principal, feed),
        // an idle lock never stops media: whoever made a resource keeps it alive or ends it
        Who::Owner => known,
        Who::Local => matches!(principal, Principal::Local { .. }),
        Who::Metrics => {
            matches!(principal, Principal::Local { .. })
                || matches!(principal, Principal::Token { scopes, .. } if scopes.contains(&Scope::Metrics))
        }
    };
    if let_in {
        Ok(())
    } else {
        Err(refuse(principal))
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whoever is not named is denied"
)]
fn refuse(principal: &Principal) -> No {
    match principal {
        Principal::Anonymous => No::unauthenticated(),
        Principal::Account {
            state: SignInState::Locked,
            ..
        } => No::new(
            StatusCode::FORBIDDEN,
            "locked",
            "the sign-in is locked; unlock it first",
        ),
        _ => No::forbidden(),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whoever is not named is denied"
)]
fn admit_to_feed(
    door: &Door,
    who: Who,
    principal: &Principal,
    feed: Option<&str>,
) -> Result<(), No> {
    if matches!(principal, Principal::Anonymous) {
        return Err(No::unauthenticated());
    }
    let room = door.room().ok_or_else(|| No::not_found("feed"))?;
    let id: FeedId = feed
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| No::not_found("feed"))?;
    let spec: &FeedSpec = room.layout.feed(&id).ok_or_else(|| No::not_found("feed"))?;
    let publishes = matches!(who, Who::Publishers);
    let let_in = match principal {
        Principal::Token { scopes, .. } => scopes.iter().any(|scope| match scope {
            Scope::Publish(feed) => publishes && *feed == id,
            Scope::View(feed) => !publishes && *feed == id,
            Scope::ViewAll => !publishes,
            Scope::Metrics => false,
        }),
        Principal::Account {
            state: SignInState::Open,
            ..
        }
        | Principal::Member { .. }
        | Principal::Workstation { .. }
        | Principal::Local { .. } => principal.actor().is_some_and(|actor| match publishes {
            true => may_publish(&room, &actor, spec),
            false => may_view(&room, &actor, spec),
        }),
        _ => false,
    };
    if let_in {
        Ok(())
    } else {
        Err(refuse(principal))
    }
}

/// What of the requests that are let in is written down here; commands and codes are where they are carried out.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whoever is not named is denied"
)]
fn watched(who: Who, feed: Option<&str>) -> Option<(AuditKind, AuditObject)> {
    let feed = || feed.and_then(|id| id.parse().ok()).map(AuditObject::Feed);
    match who {
        Who::Viewers => Some((AuditKind::ViewFeed, feed()?)),
        Who::Publishers => Some((AuditKind::PublishFeed, feed()?)),
        _ => None,
    }
}

/// Writes to the audit trail.
pub(super) async fn audit(
    door: impl Into<Door>,
    asker: &Asker,
    kind: AuditKind,
    object: AuditObject,
    result: AuditResult,
) -> Result<(), No> {
    let door: Door = door.into();
    let (by, address, now) = (asker.principal.clone(), asker.address, door.now().stamp.at);
    let write = move |access: &crate::access::Access| {
        access.record(
            Act {
                by: &by,
                address,
                now,
            },
            kind,
            &object,
            result,
        )
    };
    Ok(door.access.background(write).await?)
}
