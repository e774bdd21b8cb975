//! Owns how commands come in: parsed with the place of every fault, checked for names, given to the clerk, audited.

use super::guard::{Asker, audit, seat_owner};
use super::problem::{Answer, No};
use super::state::Console;
use super::wire::{Carried, Order};
use crate::access::{Access, Act, AuditKind, AuditObject, AuditResult, Principal};
use crate::clerk::SubmitError;
use crate::room::{Actor, Command, CommandId, Note, SeatNo, Seq, SessionId, SessionKind};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

/// `POST /api/commands`.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "this one command concerns access as well"
)]
pub(super) async fn post(
    State(console): State<Console>,
    asker: Asker,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Json<Carried>> {
    let order: Order = parse(&body)?;
    let actor = acting_as(&console, &asker, &headers, &order)?;
    refuse_names(&console, &actor, &order).await?;
    let revoked = match order.command {
        Command::RevokeWorkstation { seat } => Some(seat),
        _ => None,
    };
    let seq = give(&console, &asker, actor, order).await?;
    if let Some(seat) = revoked {
        revoke(&console, &asker, seat).await?;
    }
    Ok(Json(Carried { seq }))
}

/// Takes the credential of a seat's browser back, and ends what it sends.
async fn revoke(console: &Console, asker: &Asker, seat: SeatNo) -> Answer<()> {
    let (by, address, now) = (
        asker.principal.clone(),
        asker.address,
        console.now().stamp.at,
    );
    let take_back = move |access: &Access| {
        for workstation in access
            .workstations()?
            .iter()
            .filter(|known| known.seat == seat)
        {
            access.revoke_workstation(
                Act {
                    by: &by,
                    address,
                    now,
                },
                &workstation.id,
            )?;
        }
        Ok(())
    };
    console.access.background(take_back).await?;
    console.peers.delete_all_of(&seat_owner(seat)).await;
    Ok(())
}

/// Reads JSON; a fault names its line and column, never the value that stood there.
pub(super) fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Answer<T> {
    serde_json::from_slice(body).map_err(|fault| {
        let kind = match fault.classify() {
            serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "is no JSON",
            serde_json::error::Category::Data | serde_json::error::Category::Io => {
                "does not fit the schema"
            }
        };
        let place = format!("line {}, column {}", fault.line(), fault.column());
        No::bad_request(format!("the body {kind} at {place}; see /api/openapi.json"))
    })
}

/// Gives a command, and writes down that it was given and how that ended.
pub(super) async fn give(
    console: &Console,
    asker: &Asker,
    actor: Actor,
    order: Order,
) -> Answer<Seq> {
    let object = AuditObject::Command(order.command.name(), order.id.clone());
    let outcome = console
        .clerk
        .submit(actor, order.session, Some(order.id), order.command)
        .await;
    let result = match &outcome {
        Ok(_) => AuditResult::Done,
        Err(SubmitError::Refused(_)) => AuditResult::Refused("refused"),
        Err(_) => AuditResult::Refused("failed"),
    };
    audit(console, asker, AuditKind::Command, object, result).await?;
    Ok(outcome?.seq)
}

/// A new command id for what a form leads to.
pub(super) fn new_id() -> CommandId {
    format!("c-{:032x}", rand::random::<u128>())
        .parse()
        .expect("letters, digits and '-'")
}

/// In a rehearsal, somebody on the box may practise every role; in a real session everybody is himself.
fn acting_as(
    console: &Console,
    asker: &Asker,
    headers: &HeaderMap,
    order: &Order,
) -> Answer<Actor> {
    let own = asker.actor()?;
    let Some(wanted) = headers.get("bidroom-as") else {
        return Ok(own);
    };
    let room = console.room();
    let session = order.session.as_ref();
    let rehearsal = session
        .and_then(|id| room.sessions.get(id))
        .is_some_and(|session| session.plan.kind == SessionKind::Rehearsal);
    if !matches!(asker.principal, Principal::Local { .. }) || !rehearsal {
        let title = "only on the box, and only in a rehearsal, may somebody act as another";
        return Err(No::new(StatusCode::FORBIDDEN, "not_permitted", title));
    }
    let wanted = wanted.to_str().unwrap_or_default();
    let named = wanted
        .split_once(':')
        .and_then(|(kind, no)| Some((kind, no.parse::<u8>().ok()?)));
    let account = "local".parse().expect("a plain word");
    match (wanted, named, session) {
        ("supervisor", _, _) => Ok(Actor::Supervisor { account }),
        ("technician", _, _) => Ok(own),
        ("access", _, _) => Ok(Actor::Daemon {
            part: crate::room::Part::Access,
        }),
        (_, Some(("member", no)), Some(session)) => Ok(Actor::Member {
            session: session.clone(),
            member: crate::room::MemberNo(no),
        }),
        (_, Some(("workstation", no)), _) => Ok(Actor::Workstation {
            seat: crate::room::SeatNo(no),
        }),
        _ => Err(No::bad_request(
            "act as supervisor, access, member:N or workstation:N",
        )),
    }
}

/// Refuses free text that names somebody of the evaluation: it would stand in the journal for ever.
async fn refuse_names(console: &Console, actor: &Actor, order: &Order) -> Answer<()> {
    let Some(session) = order.session.clone() else {
        return Ok(());
    };
    for note in order.command.notes() {
        if mentions(console, session.clone(), note, actor.clone()).await? {
            let title = "the text names a person of this evaluation; use the mask, e.g. 专家 3";
            return Err(No::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "names_a_person",
                title,
            ));
        }
    }
    Ok(())
}

async fn mentions(
    console: &Console,
    session: SessionId,
    note: &Note,
    actor: Actor,
) -> Answer<bool> {
    let (text, now) = (note.as_str().to_owned(), console.now().stamp.at);
    let look = move |vault: &crate::vault::Vault| vault.mentions(&session, &text, &actor, now);
    Ok(console.vault.background(look).await?)
}
