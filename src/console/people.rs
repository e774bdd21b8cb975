//! Owns how people come into a session: the committee's table, the gate, replacements, codes for workstations.
//! Names and numbers go from here into the vault and nowhere else.

use super::commands::{give, new_id, parse};
use super::guard::Asker;
use super::problem::{Answer, No};
use super::state::Console;
use super::wire;
use crate::access::Act;
use crate::draw;
use crate::room::{
    Actor, Command, MemberKind, MemberNo, NewMember, PersonRef, SeatNo, Session, SessionId, Span,
};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;

/// How long a code from the gate is good: to walk to one's seat and sit down.
const GATE_CODE: Span = Span::minutes(30);

/// `POST /api/sessions/{session}/committee`.
pub(super) async fn import(
    State(console): State<Console>,
    Path(id): Path<SessionId>,
    asker: Asker,
    table: Bytes,
) -> Answer<Json<wire::Convened>> {
    let members = store(&console, &id, table).await?;
    let experts = members
        .iter()
        .filter(|m| m.kind == MemberKind::Expert)
        .count();
    let tenderer_representatives = members.len() - experts;
    let persons: Vec<PersonRef> = members.iter().map(|m| m.person.clone()).collect();
    let order = wire::Order {
        id: new_id(),
        session: Some(id.clone()),
        command: Command::ConveneCommittee { members },
    };
    let actor = asker.actor()?;
    let seq = match give(&console, &asker, actor, order).await {
        Ok(seq) => seq,
        // whoever was not taken leaves no trace
        Err(no) => return Err(forget(&console, &id, persons, no).await),
    };
    Ok(Json(wire::Convened {
        experts,
        tenderer_representatives,
        seq,
    }))
}

/// `POST /api/sessions/{session}/replacement`.
pub(super) async fn replace(
    State(console): State<Console>,
    Path(id): Path<SessionId>,
    asker: Asker,
    body: Bytes,
) -> Answer<Json<wire::Carried>> {
    let form: wire::NewPerson = parse(&body)?;
    let members = store(&console, &id, form.table.into_bytes().into()).await?;
    let persons: Vec<PersonRef> = members.iter().map(|m| m.person.clone()).collect();
    let actor = asker.actor()?;
    let [by] = <[NewMember; 1]>::try_from(members).map_err(|_| {
        let title = "the table has to have one row below its header";
        No::new(StatusCode::UNPROCESSABLE_ENTITY, "one_row", title)
    })?;
    let command = Command::ReplaceMember {
        member: form.member,
        by,
    };
    let order = wire::Order {
        id: new_id(),
        session: Some(id.clone()),
        command,
    };
    match give(&console, &asker, actor, order).await {
        Ok(seq) => Ok(Json(wire::Carried { seq })),
        Err(no) => Err(forget(&console, &id, persons, no).await),
    }
}

async fn store(console: &Console, id: &SessionId, table: Bytes) -> Answer<Vec<NewMember>> {
    let (found, session) = (find(console, id)?, id.clone());
    let stored = console
        .vault
        .background(move |vault| {
            draw::release(vault, &session, &found)?;
            vault.import_committee(&session, &table)
        })
        .await?;
    Ok(stored
        .into_iter()
        .map(|(person, kind)| NewMember { kind, person })
        .collect())
}

async fn forget(console: &Console, id: &SessionId, persons: Vec<PersonRef>, no: No) -> No {
    let session = id.clone();
    let forgotten = console
        .vault
        .background(move |vault| vault.remove(&session, &persons))
        .await;
    match forgotten {
        Ok(()) => no,
        Err(error) => No::internal(&error),
    }
}

fn find(console: &Console, id: &SessionId) -> Answer<Session> {
    let room = console.room();
    let session = room
        .sessions
        .get(id)
        .ok_or_else(|| No::not_found("open session"))?;
    Ok(session.clone())
}

/// `POST /api/sessions/{session}/gate`: the code is made only after the journal knows of it.
pub(super) async fn gate(
    State(console): State<Console>,
    Path(id): Path<SessionId>,
    asker: Asker,
    body: Bytes,
) -> Answer<Json<wire::GateCode>> {
    let form: wire::AtTheGate = parse(&body)?;
    let session = find(&console, &id)?;
    let actor = asker.actor()?;
    let member = match (form.member, form.id_number) {
        (Some(member), None) => member,
        (None, Some(number)) => identify(&console, &id, &session, number, &actor).await?,
        _ => return Err(No::bad_request("name either the ID number or the mask")),
    };
    let found = session
        .committee
        .members
        .get(&member)
        .ok_or_else(|| No::not_found("member"))?;
    let kind = found.kind;
    let command = Command::HandOutCode { member };
    let order = wire::Order {
        id: new_id(),
        session: Some(id.clone()),
        command,
    };
    give(&console, &asker, actor, order).await?;
    let seat = found.seat.ok_or_else(|| {
        No::new(
            StatusCode::CONFLICT,
            "no_seat_yet",
            "seats are assigned when check-in opens",
        )
    })?;
    let now = console.now().stamp.at;
    let code = console
        .access
        .background(move |access| {
            let act = Act {
                by: &asker.principal,
                address: asker.address,
                now,
            };
            access.hand_out(act, &id, member, seat, now + GATE_CODE)
        })
        .await?;
    Ok(Json(wire::GateCode {
        member,
        kind,
        seat,
        code: code.expose().to_owned(),
    }))
}

/// Finds the member by ID number. Nothing that was typed is shown, kept or logged.
async fn identify(
    console: &Console,
    id: &SessionId,
    session: &Session,
    number: String,
    actor: &Actor,
) -> Answer<MemberNo> {
    let (wanted, by, now) = (id.clone(), actor.clone(), console.now().stamp.at);
    let person = console
        .vault
        .background(move |vault| vault.find_by_id_number(&wanted, &number, &by, now))
        .await?;
    let members = session.committee.members.values();
    let found = person.and_then(|person| {
        members
            .into_iter()
            .find(|m| m.person == person)
            .map(|m| m.no)
    });
    found.ok_or_else(|| {
        No::new(
            StatusCode::NOT_FOUND,
            "not_of_this_committee",
            "nobody of this committee has that ID number",
        )
    })
}

/// `POST /api/seats/{seat}/enrolment-code`.
pub(super) async fn enrolment_code(
    State(console): State<Console>,
    Path(seat): Path<SeatNo>,
    asker: Asker,
) -> Answer<Json<wire::OneTimeCode>> {
    if !console.room().layout.has_seat(seat) {
        return Err(No::not_found("seat"));
    }
    let now = console.now().stamp.at;
    let expires = now + console.access.policy().enrolment_code;
    let code = console
        .access
        .background(move |access| {
            access.make_enrolment_code(
                Act {
                    by: &asker.principal,
                    address: asker.address,
                    now,
                },
                seat,
            )
        })
        .await?;
    Ok(Json(wire::OneTimeCode {
        code: code.expose().to_owned(),
        expires,
    }))
}
