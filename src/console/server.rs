//! Owns the server: every route of the table bound to its handler behind the guard, over TLS for the network
//! and over a local socket for whoever is on the box.

use super::guard::{Origin, guard};
use super::problem::No;
use super::routes::{Endpoint, ROUTES};
use super::state::{Console, Door};
use super::{
    administration, assets, checkpoints, commands, draw, handovers, live, metrics, notice, openapi,
    people, recordings, sign_in, signalling, whep, whip,
};
use crate::keys::Keys;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, options, patch, post};
use axum::serve::IncomingStream;
use futures::{StreamExt, stream};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{UnixListener, unix::UCred};
use tokio::time::sleep;

/// All routes and pages.
pub fn router(console: Console) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let guarded = from_fn_with_state((Door::from(&console), route), guard);
        router = router.route(route.path, handler(route.endpoint).route_layer(guarded));
    }
    router
        .fallback(assets::serve)
        .layer(from_fn(finish))
        .with_state(console)
}

fn handler(endpoint: Endpoint) -> MethodRouter<Console> {
    match endpoint {
        Endpoint::Healthz => get(metrics::healthz),
        Endpoint::Metrics => get(metrics::metrics),
        Endpoint::OpenApi => get(|| async { axum::Json(openapi::document()) }),
        Endpoint::CaCertificate => get(ca_certificate),
        Endpoint::Welcome => get(sign_in::welcome),
        Endpoint::SignIn => post(sign_in::sign_in),
        Endpoint::SignOut => post(sign_in::sign_out),
        Endpoint::Unlock => post(sign_in::unlock),
        Endpoint::ChangePassword => post(sign_in::change_password),
        Endpoint::OfferFactor => post(sign_in::offer_factor),
        Endpoint::ConfirmFactor => post(sign_in::confirm_factor),
        Endpoint::Enrol => post(sign_in::enrol),
        Endpoint::CheckIn => post(sign_in::check_in),
        Endpoint::Commands => post(commands::post),
        Endpoint::LiveTechnician | Endpoint::LiveSupervisor => get(live::room),
        Endpoint::LiveSeat => get(live::seat),
        Endpoint::ImportCommittee => post(people::import),
        Endpoint::ReplaceMember => post(people::replace),
        Endpoint::Gate => post(people::gate),
        Endpoint::PrepareDraw => post(draw::prepare).layer(DefaultBodyLimit::max(draw::LARGEST)),
        Endpoint::DrawRecord => get(draw::record),
        Endpoint::NoticePiece => get(notice::piece),
        Endpoint::EnrolmentCode => post(people::enrolment_code),
        Endpoint::Workstations => get(administration::workstations),
        Endpoint::Checkpoints => get(checkpoints::file),
        Endpoint::NewestCheckpoint => get(checkpoints::newest),
        Endpoint::TakeArchive => post(handovers::take),
        Endpoint::GiveReceipt => post(handovers::receipt),
        Endpoint::Recordings => get(recordings::list),
        Endpoint::Recording => get(recordings::session),
        Endpoint::Detection => get(recordings::detection),
        Endpoint::RecordingFile => get(recordings::file),
        Endpoint::TakeStill => post(recordings::take_still),
        Endpoint::TakeClip => get(recordings::take_clip),
        Endpoint::Accounts => get(administration::accounts),
        Endpoint::CreateAccount => post(administration::create_account),
        Endpoint::AccountAct => post(administration::account_act),
        Endpoint::Tokens => get(administration::tokens),
        Endpoint::CreateToken => post(administration::create_token),
        Endpoint::RevokeToken => delete(administration::revoke_token),
        Endpoint::Audit => get(administration::audit),
        Endpoint::VerifyAudit => get(administration::verify_audit),
        Endpoint::WhipOptions => options(whip::options),
        Endpoint::WhipPublish => post(whip::publish).fallback(signalling::endpoint_other),
        Endpoint::WhipResourceOptions => options(whip::resource_options),
        Endpoint::WhipPatch => patch(whip::patch).fallback(signalling::resource_other),
        Endpoint::WhipDelete => delete(whip::delete),
        Endpoint::WhepOptions => options(whep::options),
        Endpoint::WhepWatch => post(whep::watch).fallback(signalling::endpoint_other),
        Endpoint::WhepResourceOptions => options(whep::resource_options),
        Endpoint::WhepPatch => patch(whep::patch).fallback(signalling::resource_other),
        Endpoint::WhepDelete => delete(whep::delete),
        Endpoint::AsyncApi => get(openapi::serve_asyncapi),
        Endpoint::Schemas => get(|| async { axum::Json(crate::hub::contract::schemas()) }),
        // a hub's alone: no row of the room's table names them
        Endpoint::LiveCity
        | Endpoint::CityEvents
        | Endpoint::PlanEvaluation
        | Endpoint::ChangeEvaluation
        | Endpoint::CancelEvaluation
        | Endpoint::SetPolicies
        | Endpoint::RequestArchive
        | Endpoint::BoxCertificate
        | Endpoint::GiveOrder
        | Endpoint::StartRelay
        | Endpoint::RoomPolicies
        | Endpoint::EndRelay
        | Endpoint::Statement
        | Endpoint::AdmitBox => get(|| async { No::not_found("route") }),
    }
}

async fn ca_certificate(State(console): State<Console>) -> impl IntoResponse {
    ca_file(&console.keys)
}

/// The CA's certificate as a file.
pub(super) fn ca_file(keys: &Keys) -> impl IntoResponse + use<> {
    let headers = [
        (header::CONTENT_TYPE, "application/x-pem-file"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"bidroom-ca.pem\"",
        ),
    ];
    (headers, keys.ca_certificate_pem())
}

/// How long a request's body may take. The longest, a committee's table, has some kilobytes.
const SLOWEST_BODY: Duration = Duration::from_secs(20);

/// A body that fails when it takes too long: nobody holds a connection by sending a byte now and then.
fn in_time(body: Body) -> Body {
    let began = (body.into_data_stream(), Box::pin(sleep(SLOWEST_BODY)));
    let parts = stream::unfold(Some(began), |going_on| async {
        let (mut rest, mut end) = going_on?;
        tokio::select! {
            part = rest.next() => part.map(|part| (part, Some((rest, end)))),
            () = &mut end => Some((Err(axum::Error::new("the body took too long")), None)),
        }
    });
    Body::from_stream(parts)
}

/// Where a request comes from goes in, and what every answer bears goes out.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let mut request = request.map(in_time);
    let network = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0);
    let local = request
        .extensions()
        .get::<ConnectInfo<Local>>()
        .map(|info| info.0.uid);
    let origin = network
        .map(Origin::Network)
        .or(local.map(|uid| Origin::Local { uid }));
    if let Some(origin) = origin {
        request.extensions_mut().insert(origin);
    }
    let mut response = next.run(request).await;
    assets::harden(response.headers_mut());
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(header::HeaderValue::from_static("no-store"));
    response
}

/// A user of the box on the control socket.
#[derive(Debug, Clone, Copy)]
pub struct Local {
    uid: u32,
}

/// Nobody: what a peer is that the kernel does not vouch for.
const NOBODY: u32 = 65_534;

impl Connected<IncomingStream<'_, UnixListener>> for Local {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        let uid = stream
            .io()
            .peer_cred()
            .map_or(NOBODY, |peer: UCred| peer.uid());
        Self { uid }
    }
}
