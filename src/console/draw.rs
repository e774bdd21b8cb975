//! Owns how a draw comes in and its public record goes out. Names go from the tables into the vault and nowhere else.

use super::commands::{give, new_id, parse};
use super::guard::Asker;
use super::problem::{Answer, No};
use super::state::Console;
use super::wire;
use crate::access::Principal;
use crate::draw::{self, DrawRecordFile, GroupWish, OrderWish, PublicRecord, Tables, Wishes};
use crate::room::{Actor, Command, Hex32, Session, SessionId};
use crate::vault::Document;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The largest order: a pool of a city, 20,000 people, in base64.
pub(super) const LARGEST: usize = 16 << 20;

/// `POST /api/sessions/{session}/draw`.
pub(super) async fn prepare(
    State(console): State<Console>,
    Path(id): Path<SessionId>,
    asker: Asker,
    body: Bytes,
) -> Answer<Json<wire::Carried>> {
    let order: wire::DrawOrder = parse(&body)?;
    let actor = asker.actor()?;
    let session = find(&console, &id)?;
    let given = match &order.from_hub {
        None => maybe("order", order.order.as_deref())?,
        Some(_) if order.order.is_some() => return Err(pool_or_order()),
        Some(sha256) => Some(from_hub(&console, &id, &session, sha256, &actor).await?),
    };
    let input = Input {
        pool: maybe("pool", order.pool.as_deref())?,
        order: given,
        recusals: maybe("recusals", order.recusals.as_deref())?,
        named: maybe("named", order.named.as_deref())?,
    };
    // one or the other; who must be avoided stands in an order already
    if input.pool.is_some() == input.order.is_some()
        || (input.order.is_some() && input.recusals.is_some())
    {
        return Err(pool_or_order());
    }
    let groups: Vec<GroupWish> = order
        .groups
        .into_iter()
        .map(|g| GroupWish {
            speciality: g.speciality,
            count: g.count,
        })
        .collect();
    let room = console.room();
    let look_back_years = session.policies(&room.policies).call_out.look_back_years;
    let (of, by, now) = (id.clone(), actor.clone(), console.now());
    let hub = console.draw_hub.clone();
    let (keys, trusted) = (console.keys.clone(), console.order_keys.clone());
    let prepared = console
        .vault
        .background(move |vault| {
            draw::release(vault, &of, &session)?;
            let named = input.named.as_ref().map(|t| t.as_slice());
            let start = session.plan.start;
            if let Some(container) = &input.order {
                let wish = OrderWish {
                    container,
                    named,
                    groups: &groups,
                    trusted: &trusted,
                    start,
                };
                return draw::take_order(vault, &keys, &of, &wish, &by, &now);
            }
            let tables = Tables {
                pool: input.pool.as_ref().map_or(&[], |t| t.as_slice()),
                recusals: input.recusals.as_ref().map(|t| t.as_slice()),
                named,
            };
            let wishes = Wishes {
                tables,
                groups: &groups,
                look_back_years,
                hub: hub.as_ref(),
                start,
            };
            draw::prepare(vault, &of, &wishes, &by, &now)
        })
        .await?;
    let basis = prepared.basis;
    let order = wire::Order {
        id: new_id(),
        session: Some(id.clone()),
        command: Command::PrepareDraw {
            basis: basis.clone(),
        },
    };
    match give(&console, &asker, actor, order).await {
        Ok(seq) => Ok(Json(wire::Carried { seq })),
        // what was not taken leaves no trace
        Err(no) => {
            let room = console.room();
            let withdrawn = console
                .vault
                .background(move |vault| {
                    let current = room.sessions.get(&id).and_then(|s| s.draw.as_ref());
                    draw::withdraw(vault, &id, &basis, current)
                })
                .await;
            match withdrawn {
                Ok(()) => Err(no),
                Err(error) => Err(No::internal(&error)),
            }
        }
    }
}

/// `GET /api/sessions/{session}/draw`. Whoever made the pool's table could follow masks by what the record says of rows:
/// the technician gets it when the session is over.
pub(super) async fn record(
    State(console): State<Console>,
    Path(id): Path<SessionId>,
    asker: Asker,
) -> Answer<Json<PublicRecord>> {
    let actor = asker.actor()?;
    let Ok(session) = find(&console, &id) else {
        let file = DrawRecordFile::of(&console.data, &id);
        let record = tokio::task::spawn_blocking(move || file.read()).await;
        let record = record.map_err(|error| No::internal(&error))?;
        let record = record.map_err(|error| No::internal(&error))?;
        return record.map(Json).ok_or_else(|| No::not_found("draw"));
    };
    let supervisor = matches!(actor, Actor::Supervisor { .. });
    let local = matches!(asker.principal, Principal::Local { .. });
    if !supervisor && !local && !session.phase.is_over() {
        let title = "the record is the supervisor's until the session is over";
        return Err(No::new(
            StatusCode::CONFLICT,
            "record_not_public_yet",
            title,
        ));
    }
    let Some(draw) = session.draw.clone() else {
        return Err(No::not_found("draw"));
    };
    let now = console.now().stamp.at;
    let record = console
        .vault
        .background(move |vault| draw::public_record(vault, &id, &session, &draw, &actor, now))
        .await?;
    Ok(Json(record))
}

/// What came in, in clear.
struct Input {
    pool: Option<Zeroizing<Vec<u8>>>,
    order: Option<Zeroizing<Vec<u8>>>,
    recusals: Option<Zeroizing<Vec<u8>>>,
    named: Option<Zeroizing<Vec<u8>>>,
}

fn pool_or_order() -> No {
    let title = "give a pool, or an order without recusals";
    No::new(StatusCode::UNPROCESSABLE_ENTITY, "pool_or_order", title)
}

/// The envelope that the hub has brought, if it is still the one that whoever prepares the draw has seen.
async fn from_hub(
    console: &Console,
    id: &SessionId,
    session: &Session,
    sha256: &Hex32,
    actor: &Actor,
) -> Answer<Zeroizing<Vec<u8>>> {
    let waits = session.order.as_ref();
    let seen = waits.is_some_and(|waits| &waits.order.sha256 == sha256);
    let (of, by, now) = (id.clone(), actor.clone(), console.now().stamp.at);
    let kept = console
        .vault
        .background(move |vault| vault.document(&of, &Document::Order, &by, now))
        .await?;
    let same = |kept: &Zeroizing<Vec<u8>>| &Hex32::of(Sha256::digest(kept).into()) == sha256;
    kept.filter(|kept| seen && same(kept)).ok_or_else(|| {
        let title = "the hub has brought another order meanwhile; look at it, then take it";
        No::new(StatusCode::CONFLICT, "order_replaced", title)
    })
}

fn maybe(name: &str, base64: Option<&str>) -> Answer<Option<Zeroizing<Vec<u8>>>> {
    base64.map(|text| table(name, text)).transpose()
}

fn find(console: &Console, id: &SessionId) -> Answer<Session> {
    let room = console.room();
    let session = room.sessions.get(id).cloned();
    session.ok_or_else(|| No::not_found("open session"))
}

fn table(name: &str, base64: &str) -> Answer<Zeroizing<Vec<u8>>> {
    let bytes = BASE64_STANDARD.decode(base64.as_bytes());
    let bytes = bytes.map_err(|_| No::bad_request(format!("{name} is no base64")))?;
    Ok(Zeroizing::new(bytes))
}
