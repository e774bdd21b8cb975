//! Owns playback: what was recorded, its files by byte ranges, and stills and clips. Every view is audited.

use super::commands::parse;
use super::guard::{Asker, audit};
use super::problem::{Answer, No};
use super::state::Console;
use super::views::SessionLine;
use super::wire;
use crate::access::{AuditKind, AuditObject, AuditResult};
use crate::archive::clip::{self, Clip, ClipFault, Wanted};
use crate::archive::playback;
use crate::room::{Event, FeedId, PhaseKind, SessionId, Utc};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tower::ServiceExt;
use tower_http::services::ServeFile;

/// A clip is given in pieces of so many bytes.
const CHUNK: usize = 1 << 18;

/// `GET /api/recordings`: the sessions that have recordings, newest first.
pub(super) async fn list(
    State(console): State<Console>,
    asker: Asker,
) -> Answer<Json<Vec<wire::RecordedLine>>> {
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
            let kept = room.archives.get(&id);
            let archive = kept.map(|kept| wire::ArchiveView::of(&room, kept));
            let line = line(&id, phase, &history.of_session(&id)?);
            lines.extend(line.map(|line| wire::RecordedLine { line, archive }));
        }
        lines.sort_by_key(|recorded| std::cmp::Reverse(recorded.line.start));
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
        Event::ArchiveReadBack { damaged, .. } | Event::ArchiveVerified { damaged, .. } => {
            Some(*damaged)
        }
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

/// What a clip is to hold.
#[derive(Debug, Deserialize)]
pub(super) struct ClipQuery {
    /// The feeds, with commas between them.
    feeds: String,
    from: i64,
    to: i64,
}

/// `GET /api/recordings/{session}/clip?feeds=A,B&from=MS&to=MS`: a part of the sealed archive, as a ZIP file.
pub(super) async fn take_clip(
    State(console): State<Console>,
    Path(session): Path<SessionId>,
    asker: Asker,
    Query(query): Query<ClipQuery>,
) -> Answer<Response> {
    let feeds: Result<BTreeSet<FeedId>, _> = query.feeds.split(',').map(str::parse).collect();
    let feeds = feeds.map_err(|e| No::bad_request(format!("`feeds`: {e}")))?;
    let (from, to) = (Utc(query.from), Utc(query.to));
    if to <= from {
        return Err(No::bad_request("`to` is not after `from`"));
    }
    let wanted = Wanted {
        session: session.clone(),
        feeds: feeds.clone(),
        from,
        to,
    };
    let data = console.data.clone();
    let chosen = blocking(move || match clip::choose(&data, &wanted) {
        Ok(clip) => Ok(Ok(clip)),
        Err(ClipFault::Disk(fault)) => Err(fault.into()),
        Err(no @ ClipFault::NotSealed(_)) => Ok(Err(("not_sealed", no))),
        Err(no @ ClipFault::Nothing) => Ok(Err(("nothing_recorded", no))),
    });
    let clip = chosen
        .await?
        .map_err(|(code, no)| No::new(StatusCode::CONFLICT, code, no.to_string()))?;
    let object = AuditObject::Clip(session.clone(), feeds, from, to);
    let kind = AuditKind::TakeClip;
    audit(&console, &asker, kind, object, AuditResult::Done).await?;
    let name = format!("attachment; filename=\"{session}-{}-clip.zip\"", from.0);
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        // evidence stays out of caches on shared machines
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, written(clip)).into_response())
}

/// The clip as it is written. Who stops reading ends the writing; a fault breaks the transfer off, so that nobody takes
/// what came for the whole.
fn written(clip: Clip) -> Body {
    let (chunks_tx, chunks) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(CHUNK, Chunks(chunks_tx.clone()));
        if let Err(fault) = clip.write(&mut out).and_then(|()| out.flush()) {
            tracing::warn!(%fault, "a clip was not written to its end");
            let _ = chunks_tx.blocking_send(Err(fault));
        }
    });
    Body::from_stream(ReceiverStream::new(chunks))
}

/// Gives what is written to a body.
struct Chunks(mpsc::Sender<io::Result<Bytes>>);

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map_err(|_| io::Error::other("nobody reads any more"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
