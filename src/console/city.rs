//! Owns what a hub serves: the city board as it changes, rooms' journals, and what an operator asks. Who comes in is decided by the
//! same guard as at a room's console; the same pages draw it.

use super::commands::parse;
use super::guard::{Asker, audit, guard};
use super::problem::{Answer, No};
use super::routes::{CITY_ROUTES, Endpoint, OF_HUB, ROUTES};
use super::server::{ca_file, finish};
use super::state::Door;
use super::{administration, assets, draw, openapi, sign_in, wire};
use crate::access::{Access, AuditKind, AuditObject, AuditResult};
use crate::clerk::Clock;
use crate::config::{Media, PictureLimit};
use crate::hub::contract::{self, HubOrder};
use crate::hub::reference::{BoardView, Evaluation, HubError, HubHandle, StoredEvent, UnsentOrder};
use crate::keys::Keys;
use crate::room::{Policies, Seq, SessionId};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRef, Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use axum::routing::{MethodRouter, delete, get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::{Stream, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const RUN: HeaderName = HeaderName::from_static("bidroom-run");
/// A hub has no workstations.
const NO_PICTURES: Media = {
    let none = PictureLimit {
        width: 0,
        height: 0,
        fps: 0,
        bits_per_second: 0,
    };
    Media {
        face: none,
        face_small: none,
        screen: none,
        screen_small: none,
    }
};
/// Changes are gathered for so long.
const GATHER: Duration = Duration::from_millis(250);
/// The longest silence of a live view.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Entries that are read at once.
const ENTRIES: u32 = 200;

/// A hub's pages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct City(Arc<CityParts>);

/// What they are made of.
#[derive(Debug)]
pub struct CityParts {
    /// The hub.
    pub hub: HubHandle,
    /// Who people are.
    pub access: Access,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The hub's keys.
    pub keys: Keys,
    /// What people call the city.
    pub name: String,
    /// The zone that times are shown in.
    pub time_zone: String,
    /// Names this run of the hub.
    pub run: String,
}

impl City {
    /// From its parts.
    pub fn new(parts: CityParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl FromRef<City> for Door {
    fn from_ref(city: &City) -> Self {
        Door::of_hub(city.0.access.clone(), city.0.clock.clone())
    }
}

/// All that a hub serves.
pub fn city_router(city: City) -> Router {
    let shared = ROUTES
        .iter()
        .filter(|route| OF_HUB.contains(&route.endpoint));
    let mut router = Router::new();
    for route in shared.chain(CITY_ROUTES) {
        let guarded = from_fn_with_state((Door::from_ref(&city), route), guard);
        if let Some(handler) = handler(route.endpoint) {
            router = router.route(route.path, handler.route_layer(guarded));
        }
    }
    router
        .fallback(assets::serve)
        .layer(from_fn(finish))
        .with_state(city)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what a hub does not serve is the rooms'"
)]
fn handler(endpoint: Endpoint) -> Option<MethodRouter<City>> {
    Some(match endpoint {
        Endpoint::Healthz => get(healthz),
        Endpoint::Welcome => get(welcome),
        Endpoint::LiveCity => get(live),
        Endpoint::CityEvents => get(events),
        Endpoint::PlanEvaluation => post(plan),
        Endpoint::ChangeEvaluation => post(change),
        Endpoint::CancelEvaluation => post(cancel),
        Endpoint::SetPolicies => post(set_policies),
        Endpoint::RequestArchive => post(ask_room::<wire::ArchiveOf>),
        Endpoint::BoxCertificate => get(box_certificate),
        Endpoint::GiveOrder => post(give_order).layer(DefaultBodyLimit::max(draw::LARGEST)),
        Endpoint::StartRelay => post(ask_room::<wire::RelayOf>),
        Endpoint::EndRelay => post(ask_room::<wire::RelayEndOf>),
        Endpoint::RoomPolicies => get(policies),
        Endpoint::Statement => get(statement),
        Endpoint::AdmitBox => post(admit),
        Endpoint::OpenApi => get(|| async { Json(openapi::document()) }),
        Endpoint::AsyncApi => get(openapi::serve_asyncapi),
        Endpoint::Schemas => get(|| async { Json(contract::schemas()) }),
        Endpoint::CaCertificate => get(ca_certificate),
        Endpoint::SignIn => post(sign_in::sign_in),
        Endpoint::SignOut => post(sign_in::sign_out),
        Endpoint::Unlock => post(sign_in::unlock),
        Endpoint::ChangePassword => post(sign_in::change_password),
        Endpoint::OfferFactor => post(sign_in::offer_factor),
        Endpoint::ConfirmFactor => post(sign_in::confirm_factor),
        Endpoint::Accounts => get(administration::accounts),
        Endpoint::CreateAccount => post(administration::create_account),
        Endpoint::AccountAct => post(administration::account_act),
        Endpoint::Tokens => get(administration::tokens),
        Endpoint::CreateToken => post(administration::create_token),
        Endpoint::RevokeToken => delete(administration::revoke_token),
        Endpoint::Audit => get(administration::audit),
        Endpoint::VerifyAudit => get(administration::verify_audit),
        _ => return None,
    })
}

async fn ca_certificate(State(city): State<City>) -> impl IntoResponse {
    ca_file(&city.0.keys)
}

async fn healthz(State(city): State<City>) -> impl IntoResponse {
    let hears = city.0.hub.watch().borrow().broker.is_some();
    let status = match hears {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let failing = match hears {
        true => Vec::new(),
        false => vec!["broker".parse().expect("a plain word")],
    };
    let health = wire::Health {
        ok: hears,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seq: Seq(0),
        failing,
    };
    (status, Json(health))
}

async fn welcome(State(city): State<City>, asker: Asker) -> Json<wire::Welcome> {
    Json(wire::Welcome {
        caller: sign_in::caller(&asker.principal),
        room: city.0.name.clone(),
        city: city.0.name.clone(),
        time_zone: city.0.time_zone.clone(),
        pictures: NO_PICTURES,
        hub: true,
    })
}

/// `GET /api/live/city`.
async fn live(State(city): State<City>, asker: Asker) -> impl IntoResponse {
    let run = [(RUN, city.0.run.clone())];
    (run, Sse::new(views(city, asker)))
}

fn views(city: City, asker: Asker) -> impl Stream<Item = Result<Event, Infallible>> {
    let mut board = city.0.hub.watch();
    board.mark_changed();
    stream::unfold(
        (city, asker, board),
        |(city, asker, mut board)| async move {
            let changed = timeout(HEARTBEAT, board.changed()).await;
            let event = match changed {
                Ok(Ok(())) => {
                    sleep(GATHER).await;
                    view(&mut board)
                }
                Ok(Err(_)) => return None,
                Err(_) => Event::default().comment("alive"),
            };
            // a sign-in that ended or locked ends the stream
            let (carried, at) = (asker.carried.clone(), city.0.clock.now().stamp.at);
            let now = city
                .0
                .access
                .background(move |access| access.authenticate(&carried, at))
                .await;
            let still = matches!(asker.principal, crate::access::Principal::Local { .. })
                || now.is_ok_and(|now| now == asker.principal);
            still.then_some((Ok(event), (city, asker, board)))
        },
    )
}

fn view(board: &mut watch::Receiver<Arc<BoardView>>) -> Event {
    let now = board.borrow_and_update().clone();
    Event::default()
        .event("view")
        .json_data(&*now)
        .unwrap_or_else(|_| Event::default().comment("not worded"))
}

/// Which entries are wanted.
#[derive(Debug, Deserialize)]
struct Wanted {
    before: Option<Seq>,
    limit: Option<u32>,
}

/// `GET /api/rooms/{room}/events`.
async fn events(
    State(city): State<City>,
    Path(room): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<Vec<StoredEvent>>> {
    let room = named(&room, "room")?;
    let limit = wanted.limit.unwrap_or(ENTRIES).min(ENTRIES);
    Ok(Json(city.0.hub.events(room, wanted.before, limit).await?))
}

/// `GET /api/rooms/{room}/policies`.
async fn policies(State(city): State<City>, Path(room): Path<String>) -> Answer<Json<Policies>> {
    Ok(Json(city.0.hub.policies(named(&room, "room")?).await?))
}

/// `POST /api/evaluations`.
async fn plan(State(city): State<City>, asker: Asker, body: Bytes) -> Answer<StatusCode> {
    let evaluation: Evaluation = parse(&body)?;
    let about = AuditObject::Session(evaluation.id.clone());
    let outcome = city.0.hub.plan(evaluation).await;
    done(&city, &asker, about, outcome).await
}

/// `POST /api/evaluations/{evaluation}/change`.
async fn change(
    State(city): State<City>,
    asker: Asker,
    Path(evaluation): Path<String>,
    body: Bytes,
) -> Answer<StatusCode> {
    let changed: Evaluation = parse(&body)?;
    let id: SessionId = named(&evaluation, "evaluation")?;
    if changed.id != id {
        return Err(No::not_found("evaluation"));
    }
    let outcome = city.0.hub.change(changed).await;
    done(&city, &asker, AuditObject::Session(id), outcome).await
}

/// `POST /api/evaluations/{evaluation}/cancellation`.
async fn cancel(
    State(city): State<City>,
    asker: Asker,
    Path(evaluation): Path<String>,
    body: Bytes,
) -> Answer<StatusCode> {
    let id: SessionId = named(&evaluation, "evaluation")?;
    let form: wire::Cancellation = parse(&body)?;
    if form.typed != id {
        return Err(No::new(
            StatusCode::CONFLICT,
            "typed_number_differs",
            "the typed number is another one",
        ));
    }
    let outcome = city.0.hub.cancel(id.clone(), form.reason).await;
    done(&city, &asker, AuditObject::Session(id), outcome).await
}

/// `POST /api/evaluations/{evaluation}/policies`.
async fn set_policies(
    State(city): State<City>,
    asker: Asker,
    Path(evaluation): Path<String>,
    body: Bytes,
) -> Answer<StatusCode> {
    let id: SessionId = named(&evaluation, "evaluation")?;
    let form: wire::OwnPolicies = parse(&body)?;
    let outcome = city.0.hub.set_policies(id.clone(), form.policies).await;
    done(&city, &asker, AuditObject::Session(id), outcome).await
}

/// `POST /api/rooms/{room}/archive`, `…/relay` and `…/relay-end`: what a room is asked beside plans.
async fn ask_room<T: Into<HubOrder> + DeserializeOwned>(
    State(city): State<City>,
    asker: Asker,
    Path(room): Path<String>,
    body: Bytes,
) -> Answer<StatusCode> {
    let room = named(&room, "room")?;
    let order = parse::<T>(&body)?.into();
    let about = AuditObject::Session(order.session().clone());
    let outcome = city.0.hub.ask_room(room, order).await;
    done(&city, &asker, about, outcome).await
}

/// `GET /api/rooms/{room}/certificate`.
async fn box_certificate(
    State(city): State<City>,
    Path(room): Path<String>,
) -> Answer<impl IntoResponse> {
    let name = format!("attachment; filename=\"{room}.pem\"");
    let certificate = city.0.hub.certificate(named(&room, "room")?).await?;
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-pem-file"),
        ),
        (
            CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    Ok((headers, certificate))
}

/// `POST /api/rooms/{room}/order`.
async fn give_order(
    State(city): State<City>,
    asker: Asker,
    Path(room): Path<String>,
    body: Bytes,
) -> Answer<StatusCode> {
    let room = named(&room, "room")?;
    let form: wire::OrderOf = parse(&body)?;
    let container = BASE64_STANDARD.decode(form.order.as_bytes());
    let container = container.map_err(|_| No::bad_request("order is no base64"))?;
    let about = AuditObject::Session(form.session.clone());
    let outcome = city.0.hub.give_order(room, form.session, container).await;
    done(&city, &asker, about, outcome).await
}

/// `POST /api/rooms/{room}/box`.
async fn admit(
    State(city): State<City>,
    asker: Asker,
    Path(room): Path<String>,
    body: Bytes,
) -> Answer<StatusCode> {
    let form: wire::AdmitBox = parse(&body)?;
    let outcome = city.0.hub.admit(named(&room, "room")?, form.by).await;
    let about = AuditObject::Route("/api/rooms/{room}/box");
    done(&city, &asker, about, outcome).await
}

/// `GET /api/rooms/{room}/statements/{statement}`: the container as the room made it.
async fn statement(
    State(city): State<City>,
    asker: Asker,
    Path((room, id)): Path<(String, String)>,
) -> Answer<impl IntoResponse> {
    let name = format!(
        "attachment; filename=\"{}.cms\"",
        id.get(..16).unwrap_or("attendance")
    );
    let outcome = city.0.hub.statement(named(&room, "room")?, id).await;
    let about = AuditObject::Route("/api/rooms/{room}/statements/{statement}");
    let container = written_down(&city, &asker, about, outcome).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/cms")),
        (
            CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    Ok((headers, container))
}

/// What a path names; what cannot be a name is not there.
fn named<T: FromStr>(text: &str, what: &str) -> Answer<T> {
    text.parse().map_err(|_| No::not_found(what))
}

async fn done(
    city: &City,
    asker: &Asker,
    about: AuditObject,
    outcome: Result<(), HubError>,
) -> Answer<StatusCode> {
    written_down(city, asker, about, outcome).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of something, once it stands in the audit trail.
async fn written_down<T>(
    city: &City,
    asker: &Asker,
    about: AuditObject,
    outcome: Result<T, HubError>,
) -> Answer<T> {
    let result = match &outcome {
        Ok(_) => AuditResult::Done,
        Err(_) => AuditResult::Refused("refused"),
    };
    let door = Door::from_ref(city);
    audit(door, asker, AuditKind::Command, about, result).await?;
    Ok(outcome?)
}

impl From<HubError> for No {
    fn from(error: HubError) -> Self {
        match error {
            HubError::Evaluation(fault) => {
                No::new(StatusCode::CONFLICT, "evaluation", fault.to_string())
            }
            HubError::Order(fault) => {
                let code = match fault {
                    UnsentOrder::NotAnEnvelope => "order_not_an_envelope",
                    UnsentOrder::TooLarge => "order_too_large",
                    UnsentOrder::NoCertificate => "order_without_certificate",
                    UnsentOrder::Broker { .. } => "order_too_large_for_broker",
                };
                No::new(StatusCode::UNPROCESSABLE_ENTITY, code, fault.to_string())
            }
            HubError::NotFound => No::not_found("evaluation or box"),
            HubError::Stopped => No::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "stopping"),
            HubError::Database(_) | HubError::Unreached(_) | HubError::Words(_) => {
                No::internal(&error)
            }
        }
    }
}
