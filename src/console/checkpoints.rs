//! Owns what witnesses take along: the running session's checkpoints as a file, and the newest one as a QR code.

use super::guard::{Asker, audit};
use super::problem::{Answer, No};
use super::recordings::blocking;
use super::state::Console;
use super::wire;
use crate::access::{AuditKind, AuditObject, AuditResult};
use crate::archive::checkpoints;
use crate::room::SessionId;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

/// `GET /api/checkpoints`: all of the running session, as they stand in its archive.
pub(super) async fn file(
    State(console): State<Console>,
    asker: Asker,
) -> Answer<(HeaderMap, Vec<u8>)> {
    let (id, kept) = kept(&console, &asker).await?;
    let name = format!("attachment; filename=\"bidroom-{id}-checkpoints.jsonl\"");
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jsonl"),
    );
    let name = HeaderValue::from_str(&name).expect("a session's number is plain ASCII");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok((headers, kept))
}

/// `GET /api/checkpoints/newest`: in so few words that a QR code holds them.
pub(super) async fn newest(
    State(console): State<Console>,
    asker: Asker,
) -> Answer<Json<wire::NewestCheckpoint>> {
    let (session, kept) = kept(&console, &asker).await?;
    let brief = checkpoints::brief(&console.keys, &kept);
    let brief = brief.map_err(|error| No::internal(&error))?;
    let text = serde_json::to_string(&brief).map_err(|error| No::internal(&error))?;
    // it is taken from a screen or a clean print: few and large dots matter more than redundancy
    let code = QrCode::with_error_correction_level(&text, EcLevel::L)
        .map_err(|error| No::internal(&error))?;
    let qr = code
        .render::<svg::Color<'_>>()
        .min_dimensions(400, 400)
        .build();
    Ok(Json(wire::NewestCheckpoint {
        session,
        at: brief.checkpoint.at,
        text,
        qr,
    }))
}

/// The running session and its checkpoints, at least one; that they are taken is written down.
async fn kept(console: &Console, asker: &Asker) -> Answer<(SessionId, Vec<u8>)> {
    let room = console.room();
    let id = room.occupant().map(|(id, _)| id.clone());
    let id = id.ok_or_else(|| {
        No::new(
            StatusCode::CONFLICT,
            "no_session_runs",
            "no session is on in this room, so there is nothing to witness; open the check-in first",
        )
    })?;
    let (data, of) = (console.data.clone(), id.clone());
    let kept = blocking(move || Ok(checkpoints::kept(&data, &of)?)).await?;
    if kept.is_empty() {
        return Err(No::new(
            StatusCode::CONFLICT,
            "no_checkpoint_yet",
            "the session has no checkpoint yet; the first is made within a minute",
        ));
    }
    let object = AuditObject::Session(id.clone());
    audit(console, asker, AuditKind::Read, object, AuditResult::Done).await?;
    Ok((id, kept))
}
