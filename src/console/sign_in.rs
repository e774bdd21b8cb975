//! Owns how people come in and go out: sign-in, unlocking, password, second factor; and workstations' enrolment.

use super::commands::parse;
use super::guard::Asker;
use super::problem::{Answer, No};
use super::state::{Console, Door};
use super::wire;
use crate::access::{
    self, Act, Principal, SIGN_IN_COOKIE, WORKSTATION_COOKIE, clear_cookie, set_cookie,
};
use crate::keys::Secret;
use crate::room::{Actor, Command, Part, Span};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};

/// Browsers keep a cookie no longer than 400 days; it is set anew with each check-in.
const WORKSTATION_KEEPS: Span = Span::hours(400 * 24);

/// Who somebody is, for the page.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "nobody else has a page of his own"
)]
pub(super) fn caller(principal: &Principal) -> wire::Caller {
    match principal {
        Principal::Account {
            id, role, state, ..
        } => wire::Caller::Account {
            account: id.clone(),
            role: *role,
            state: *state,
        },
        Principal::Member {
            session,
            member,
            seat,
            ..
        } => wire::Caller::Member {
            session: session.clone(),
            member: *member,
            seat: *seat,
        },
        Principal::Workstation { seat, .. } => wire::Caller::Workstation { seat: *seat },
        _ => wire::Caller::Nobody,
    }
}

/// `GET /api/welcome`.
pub(super) async fn welcome(State(console): State<Console>, asker: Asker) -> Json<wire::Welcome> {
    let room = console.room();
    Json(wire::Welcome {
        caller: caller(&asker.principal),
        room: room.layout.name.clone(),
        city: room.layout.city.clone(),
        time_zone: console.time_zone.clone(),
        pictures: console.pictures,
        hub: false,
    })
}

/// `POST /api/sign-in`.
pub(super) async fn sign_in(
    State(door): State<Door>,
    asker: Asker,
    body: Bytes,
) -> Answer<impl IntoResponse> {
    let form: wire::SignIn = parse(&body)?;
    let (password, code) = (Secret::new(form.password), form.code.map(Secret::new));
    let (address, now) = (asker.address, door.now().stamp.at);
    let signed_in = door
        .access
        .background(move |access| {
            access.sign_in(&form.account, &password, code.as_ref(), address, now)
        })
        .await?;
    let cookie = set_cookie(SIGN_IN_COOKIE, &signed_in.cookie, None);
    Ok((
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        Json(caller(&signed_in.principal)),
    ))
}

/// `POST /api/sign-out`.
pub(super) async fn sign_out(State(door): State<Door>, asker: Asker) -> Answer<impl IntoResponse> {
    let now = door.now().stamp.at;
    door.access
        .background(move |access| access.sign_out(&asker.carried, now))
        .await?;
    Ok((
        StatusCode::NO_CONTENT,
        AppendHeaders([(header::SET_COOKIE, clear_cookie(SIGN_IN_COOKIE))]),
    ))
}

/// `POST /api/unlock`.
pub(super) async fn unlock(
    State(door): State<Door>,
    asker: Asker,
    body: Bytes,
) -> Answer<Json<wire::Caller>> {
    let form: wire::SignIn = parse(&body)?;
    let (password, code) = (Secret::new(form.password), form.code.map(Secret::new));
    let now = door.now().stamp.at;
    let principal = door
        .access
        .background(move |access| access.unlock(&asker.carried, &password, code.as_ref(), now))
        .await?;
    Ok(Json(caller(&principal)))
}

/// `POST /api/password`.
pub(super) async fn change_password(
    State(door): State<Door>,
    asker: Asker,
    body: Bytes,
) -> Answer<Json<wire::Caller>> {
    let form: wire::ChangePassword = parse(&body)?;
    let (old, new) = (Secret::new(form.old), Secret::new(form.new));
    let now = door.now().stamp.at;
    let principal = door
        .access
        .background(move |access| {
            access.change_password(&asker.carried, &old, &new, now)?;
            access.authenticate(&asker.carried, now)
        })
        .await?;
    Ok(Json(caller(&principal)))
}

/// `POST /api/factor`.
pub(super) async fn offer_factor(
    State(door): State<Door>,
    asker: Asker,
) -> Answer<Json<wire::FactorOffer>> {
    let now = door.now().stamp.at;
    let offer = door
        .access
        .background(move |access| {
            access.begin_factor(Act {
                by: &asker.principal,
                address: asker.address,
                now,
            })
        })
        .await?;
    Ok(Json(wire::FactorOffer {
        uri: offer.url.expose().to_owned(),
        qr: offer.qr_svg.expose().to_owned(),
    }))
}

/// `POST /api/factor/confirmation`.
pub(super) async fn confirm_factor(
    State(door): State<Door>,
    asker: Asker,
    body: Bytes,
) -> Answer<Json<wire::Caller>> {
    let form: wire::ConfirmFactor = parse(&body)?;
    let code = Secret::new(form.code);
    let now = door.now().stamp.at;
    let principal = door
        .access
        .background(move |access| {
            access.confirm_factor(
                Act {
                    by: &asker.principal,
                    address: asker.address,
                    now,
                },
                &code,
            )?;
            access.authenticate(&asker.carried, now)
        })
        .await?;
    Ok(Json(caller(&principal)))
}

/// `POST /api/enrolment`: the browser gets its credential only once the room knows of it.
pub(super) async fn enrol(
    State(console): State<Console>,
    asker: Asker,
    body: Bytes,
) -> Answer<impl IntoResponse> {
    let form: wire::Code = parse(&body)?;
    let code = Secret::new(form.code);
    let (address, now) = (asker.address, console.now().stamp.at);
    let enrolled = console
        .access
        .background(move |access| access.enrol(&code, address, now))
        .await?;
    let (seat, workstation) = (enrolled.seat, enrolled.workstation.clone());
    by_access(
        &console,
        None,
        Command::EnrolWorkstation { seat, workstation },
    )
    .await?;
    let cookie = set_cookie(
        WORKSTATION_COOKIE,
        &enrolled.cookie,
        Some(WORKSTATION_KEEPS),
    );
    Ok((
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        Json(wire::Caller::Workstation { seat }),
    ))
}

/// `POST /api/check-in`: the code is good, and the room lets the member in; else nobody is checked in.
pub(super) async fn check_in(
    State(console): State<Console>,
    asker: Asker,
    body: Bytes,
) -> Answer<impl IntoResponse> {
    let form: wire::Code = parse(&body)?;
    let code = Secret::new(form.code);
    let now = console.now().stamp.at;
    let (by, address) = (asker.principal.clone(), asker.address);
    let checked = console
        .access
        .background(move |access| {
            access.check_in(
                Act {
                    by: &by,
                    address,
                    now,
                },
                &code,
            )
        })
        .await?;
    let (session, member, seat) = (checked.session.clone(), checked.member, checked.seat);
    let command = Command::CheckIn { member, seat };
    if let Err(no) = by_access(&console, Some(session.clone()), command).await {
        let undo = session.clone();
        let by = access::Principal::Member {
            session: session.clone(),
            member,
            seat,
            workstation: checked.workstation.clone(),
        };
        console
            .access
            .background(move |access| {
                access.end_member(
                    Act {
                        by: &by,
                        address,
                        now,
                    },
                    &undo,
                    member,
                )
            })
            .await?;
        return Err(no);
    }
    let cookie = asker
        .carried
        .workstation
        .map(|cookie| set_cookie(WORKSTATION_COOKIE, &cookie, Some(WORKSTATION_KEEPS)));
    let headers: Vec<_> = cookie
        .into_iter()
        .map(|cookie| (header::SET_COOKIE, cookie))
        .collect();
    let mut answer = Json(wire::Caller::Member {
        session,
        member,
        seat,
    })
    .into_response();
    for (name, value) in headers {
        answer.headers_mut().append(
            name,
            value
                .parse()
                .map_err(|_| No::internal(&"a cookie is no header"))?,
        );
    }
    Ok(answer)
}

async fn by_access(
    console: &Console,
    session: Option<crate::room::SessionId>,
    command: Command,
) -> Answer<()> {
    let actor = Actor::Daemon { part: Part::Access };
    console.clerk.submit(actor, session, None, command).await?;
    Ok(())
}
