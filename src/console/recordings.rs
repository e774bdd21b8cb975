//! Owns playback: what was recorded, its files by byte ranges, and stills. Every view is audited.

use super::commands::parse;
use super::guard::{Asker, audit};
use super::problem::{Answer, No};
use super::state::Console;
use super::views::SessionLine;
use super::wire;
use crate::access::{AuditKind, AuditObject, AuditResult};
use crate::archive::playback;
use crate::room::{Event, FeedId, PhaseKind, SessionId};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use tower::ServiceExt;
use tower_http::services::ServeFile;

/// `GET /api/recordings`: the sessions that have recordings, newest first.
pub(super) async fn list(
    State(console): State<Console>,
    asker: Asker,
) -> Answer<Json<Vec<SessionLine>>> {
    audit(
        &console,
        &asker,
        AuditKind::Read,
        AuditObject::Route("/api/recordings"),
        AuditResult::Done,
    )
    .await?;
    let (data, history) = (console.data.clone(), console.history.clone());
    let room = console.room();
    let lines = blocking(move || {
        let mut lines = Vec::new();
        for id in playback::sessions(&data)? {
            let phase = room.sessions.get(&id).map(|session| session.phase.kind());
            lines.extend(line(&id, phase, &history.of_session(&id)?));
        }
        lines.sort_by_key(|line: &SessionLine| std::cmp::Reverse(line.start));
        Ok(lines)
    })
    .await?;
    Ok(Json(lines))
}

/// A session in the list, from what the journal says of it.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these events tell it")]
fn line(
    id: &SessionId,
    phase: Option<PhaseKind>,
    moments: &[super::views::Line],
) -> Option<SessionLine> {
    let plan = moments.iter().rev().find_map(|line| match &line.event {
        Event::SessionPlanned { plan } | Event::PlanChanged { plan } => Some(plan),
        _ => None,
    })?;
    let ended = moments.iter().rev().find_map(|line| match &line.event {
        Event::SessionSealed { .. } => Some(PhaseKind::Sealed),
        Event::SessionAborted { .. } => Some(PhaseKind::Aborted),
        _ => None,
    });
    let damaged = moments.iter().rev().find_map(|line| match &line.event {
        Event::ArchiveReadBack { damaged, .. } => Some(*damaged),
        _ => None,
    });
    let phase = phase.or(ended)?;
    Some(SessionLine {
        id: id.clone(),
        kind: plan.kind,
        phase,
        start: plan.start,
        damaged,
    })
}

/// `GET /api/recordings/{session}`.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these events tell it")]
pub(super) async fn session(
    State(console): State<Console>,
    Path(id): Path<SessionId>,
    asker: Asker,
) -> Answer<Json<wire::RecordedSession>> {
    audit(
        &console,
        &asker,
        AuditKind::Read,
        AuditObject::Session(id.clone()),
        AuditResult::Done,
    )
    .await?;
    let (data, history) = (console.data.clone(), console.history.clone());
    let room = console.room();
    let recorded = blocking(move || {
        let moments = history.of_session(&id)?;
        let kind = moments.iter().find_map(|line| match &line.event {
            Event::SessionPlanned { plan } => Some(plan.kind),
            _ => None,
        });
        let names: BTreeMap<FeedId, String> = room
            .layout
            .feeds
            .iter()
            .map(|feed| (feed.id.clone(), feed.name.clone()))
            .collect();
        let feeds = playback::list(&data, &id)?;
        Ok(wire::RecordedSession {
            id,
            kind,
            names,
            feeds,
            moments,
        })
    })
    .await?;
    if recorded.kind.is_none() && recorded.feeds.is_empty() {
        return Err(No::not_found("recorded session"));
    }
    Ok(Json(recorded))
}

/// `GET /api/recordings/{session}/detection`: the report of the read-back, as it lies in the archive.
pub(super) async fn detection(
    State(console): State<Console>,
    Path(session): Path<SessionId>,
    asker: Asker,
) -> Answer<(HeaderMap, Vec<u8>)> {
    let (data, of) = (console.data.clone(), session.clone());
    let report = blocking(move || Ok(playback::detection(&data, &of)?)).await?;
    let report = report.ok_or_else(|| No::not_found("detection report"))?;
    let name = format!("attachment; filename=\"{session}-detection.html\"");
    let object = AuditObject::Session(session);
    audit(&console, &asker, AuditKind::Read, object, AuditResult::Done).await?;
    let mut headers = HeaderMap::new();
    // it brings its own styles, which the pages' policy forbids: it is opened from where it was saved
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    let name = HeaderValue::from_str(&name).expect("a session's number is plain ASCII");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok((headers, report))
}

/// `GET /api/recordings/{session}/{feed}/{file}`.
pub(super) async fn file(
    State(console): State<Console>,
    Path((session, feed, name)): Path<(SessionId, FeedId, String)>,
    asker: Asker,
    request: Request,
) -> Answer<Response> {
    let (data, of, part) = (console.data.clone(), session.clone(), feed.clone());
    let found = blocking(move || Ok(playback::locate(&data, &of, &part, &name))).await?;
    let (path, from) = found.ok_or_else(|| No::not_found("recorded file"))?;
    // a player asks for a file range by range; one line for each look is enough
    let first = request
        .headers()
        .get(header::RANGE)
        .is_none_or(|range| range.as_bytes().starts_with(b"bytes=0-"));
    if first {
        let object = AuditObject::File(session, feed, from);
        audit(
            &console,
            &asker,
            AuditKind::ReadFile,
            object,
            AuditResult::Done,
        )
        .await?;
    }
    let served = ServeFile::new_with_mime(path, &mime())
        .oneshot(request)
        .await;
    let Ok(served) = served;
    let mut response = served.map(Body::new).into_response();
    // evidence stays out of caches on shared machines
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `POST /api/recordings/{session}/{feed}/stills`: written down before the page may draw it.
pub(super) async fn take_still(
    State(console): State<Console>,
    Path((session, feed)): Path<(SessionId, FeedId)>,
    asker: Asker,
    body: Bytes,
) -> Answer<StatusCode> {
    let wire::StillOrder { file, at } = parse(&body)?;
    let (data, of, part) = (console.data.clone(), session.clone(), feed.clone());
    let found = blocking(move || Ok(playback::locate(&data, &of, &part, &file))).await?;
    let (_, from) = found.ok_or_else(|| No::not_found("recorded file"))?;
    if at < from {
        return Err(No::bad_request(format!(
            "`at` is before the file begins, which is at {}",
            from.0
        )));
    }
    let object = AuditObject::Moment(session, feed, at);
    audit(
        &console,
        &asker,
        AuditKind::TakeStill,
        object,
        AuditResult::Done,
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn mime() -> mime_guess::Mime {
    "video/mp4".parse().expect("a valid type")
}

/// Why something on the disk could not be read.
pub(super) type Unread = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unread> + Send + 'static,
) -> Answer<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| No::internal(&error))?
        .map_err(|error| No::internal(&error))
}
