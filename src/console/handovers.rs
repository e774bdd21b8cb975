//! Owns handovers at the door: an archive that another venue brings on a disk, and a receipt that another venue gave. Both come
//! over the box's own socket only: they name files of the box.

use super::guard::{Asker, audit};
use super::problem::{Answer, No};
use super::recordings::blocking;
use super::state::Console;
use super::wire;
use crate::access::{AuditKind, AuditObject, AuditResult};
use crate::archive::handover::{self, HandoverFault, Receipt, Taking};
use crate::room::{Actor, Command, Note, Part};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use std::path::PathBuf;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// What waits to be told; what does not fit is not told.
const WAITING: usize = 16;

/// `POST /api/handovers/received`: takes an archive from a folder of the box. Lines of JSON: how far it is, and at last the
/// receipt or why there is none.
pub(super) async fn take(
    State(console): State<Console>,
    asker: Asker,
    Json(asked): Json<wire::TakeArchive>,
) -> Answer<Response> {
    let venues = venues(&console).await?;
    audit(
        &console,
        &asker,
        AuditKind::Read,
        AuditObject::Route("/api/handovers/received"),
        AuditResult::Done,
    )
    .await?;
    let (progress_tx, progress_rx) = mpsc::channel::<wire::TakenSoFar>(WAITING);
    let (from, of, at) = (
        PathBuf::from(asked.folder),
        console.clone(),
        console.now().stamp.at,
    );
    let taken = tokio::task::spawn_blocking(move || {
        let taking = Taking {
            data: &of.data,
            venues: &venues,
            keys: &of.keys,
            room: &of.room_id,
            spare: of.around.borrow().storage.spare_bytes,
            at,
        };
        let mut told = 0;
        handover::take(&taking, &from, &mut |done, of| {
            let percent = done * 100 / of.max(1);
            if percent > told {
                told = percent;
                // a slow reader misses some
                let _ = progress_tx.try_send(wire::TakenSoFar::Doing { done, of });
            }
        })
    });
    // whoever goes away meanwhile asks again: what is here by then only gets its receipt anew
    let last = async move {
        match taken.await {
            Ok(Ok((file, receipt))) => received(&console, file, receipt).await,
            Ok(Err(fault)) => refused(&fault),
            Err(error) => refused(&error),
        }
    };
    let lines = ReceiverStream::new(progress_rx)
        .chain(futures::stream::once(last))
        .map(|line| {
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            serde_json::Result::Ok(Bytes::from(text))
        });
    let kind = [(header::CONTENT_TYPE, "application/jsonl")];
    Ok((kind, Body::from_stream(lines)).into_response())
}

fn refused(why: &dyn std::fmt::Display) -> wire::TakenSoFar {
    tracing::error!(%why, "an archive was not taken");
    let why = why.to_string();
    wire::TakenSoFar::Refused { why }
}

/// The journal says so before whoever asked is told.
async fn received(console: &Console, file: PathBuf, receipt: Receipt) -> wire::TakenSoFar {
    let Some(from) = Note::new(&receipt.sealed_by) else {
        return refused(&"its signer has no name");
    };
    let command = Command::ReportArchiveReceived {
        session: receipt.session.clone(),
        seal: receipt.seal.clone(),
        files: receipt.files,
        bytes: receipt.bytes,
        from,
    };
    let actor = Actor::Daemon {
        part: Part::Archive,
    };
    match console.clerk.submit(actor, None, None, command).await {
        Ok(_) => wire::TakenSoFar::Taken {
            session: receipt.session,
            files: receipt.files,
            bytes: receipt.bytes,
            receipt: file.display().to_string(),
        },
        Err(error) => refused(&error),
    }
}

/// `POST /api/handovers/receipts`: the receipt that another venue gave for an archive of this room.
pub(super) async fn receipt(
    State(console): State<Console>,
    Json(given): Json<wire::GivenReceipt>,
) -> Answer<Json<wire::BelievedReceipt>> {
    let venues = venues(&console).await?;
    let signature = STANDARD
        .decode(&given.signature)
        .map_err(|_| No::bad_request("the signature is no base64"))?;
    let (data, at) = (console.data.clone(), console.now().stamp.at);
    let believed = blocking(move || {
        let both = (given.receipt.as_bytes(), &signature[..]);
        Ok(handover::believe(&data, &venues, both, at))
    });
    let (receipt, to, sha256) = believed.await?.map_err(|fault| no(&fault))?;
    let command = Command::ReportHandedOver {
        seal: receipt.seal,
        to: to.clone(),
        receipt: sha256,
    };
    let actor = Actor::Daemon {
        part: Part::Archive,
    };
    let session = receipt.session;
    console
        .clerk
        .submit(actor, Some(session.clone()), None, command)
        .await?;
    Ok(Json(wire::BelievedReceipt { session, to }))
}

async fn venues(console: &Console) -> Answer<Vec<Vec<u8>>> {
    let Some(path) = console.venues.clone() else {
        return Err(No::new(
            StatusCode::CONFLICT,
            "no_venues",
            "the profile names no other venues: write their boxes' CAs into a file and name it as venues in [storage]",
        ));
    };
    let read = blocking(move || Ok(handover::venues(&path))).await?;
    read.map_err(|fault| no(&fault))
}

fn no(fault: &HandoverFault) -> No {
    No::new(StatusCode::CONFLICT, "not_believed", fault.to_string())
}
