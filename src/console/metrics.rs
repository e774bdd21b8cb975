//! Owns the figures for Prometheus, and the health that a load balancer or a script asks for.

use super::state::Console;
use super::wire::Health;
use crate::room::Anomaly;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use std::fmt::Write;

/// `GET /healthz`.
pub(super) async fn healthz(State(console): State<Console>) -> (StatusCode, Json<Health>) {
    let room = console.room();
    let failing: Vec<_> = room
        .failures
        .iter()
        .filter(|(_, failure)| failure.fault.blocks_start())
        .map(|(id, _)| id.clone())
        .collect();
    let health = Health {
        ok: failing.is_empty(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seq: room.seq,
        failing,
    };
    // a daemon with a full disk is still the one to ask
    (StatusCode::OK, Json(health))
}

/// `GET /metrics`.
pub(super) async fn metrics(State(console): State<Console>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        page(&console),
    )
}

fn page(console: &Console) -> String {
    let room = console.room();
    let around = console.around.borrow().clone();
    let mut page = Page::default();
    page.gauge(
        "bidroom_journal_seq",
        "Last number of the journal",
        &[("", "", room.seq.0)],
    );
    let failing = u64::try_from(room.failures.len()).unwrap_or(u64::MAX);
    page.gauge(
        "bidroom_equipment_failing",
        "Pieces of equipment with a fault",
        &[("", "", failing)],
    );
    page.gauge(
        "bidroom_disk_free_bytes",
        "Free bytes for recordings",
        &[("", "", around.storage.free_bytes)],
    );
    let recorded = room
        .occupant()
        .map(|(_, session)| crate::room::recorded_feeds(&room, session))
        .unwrap_or_default();
    let feeds = || room.layout.feeds.iter().map(|feed| feed.id.as_str());
    let rows: Vec<_> = feeds()
        .map(|id| {
            (
                "feed",
                id,
                u64::from(room.feeds.iter().any(|(known, state)| {
                    known.as_str() == id && matches!(state, crate::room::FeedState::Live { .. })
                })),
            )
        })
        .collect();
    page.gauge("bidroom_feed_live", "Whether a feed's source lives", &rows);
    let rows: Vec<_> = feeds()
        .map(|id| {
            (
                "feed",
                id,
                u64::from(recorded.iter().any(|known| known.as_str() == id)),
            )
        })
        .collect();
    page.gauge(
        "bidroom_feed_recorded",
        "Whether a feed is to be recorded now",
        &rows,
    );
    let rows: Vec<_> = around
        .feeds
        .iter()
        .map(|(id, live)| ("feed", id.as_str(), live.bytes))
        .collect();
    page.gauge(
        "bidroom_feed_bytes",
        "Bytes of a feed on the disk of this session",
        &rows,
    );
    for (anomaly, name) in [
        (Anomaly::Frozen, "frozen"),
        (Anomaly::Black, "black"),
        (Anomaly::Silent, "silent"),
        (Anomaly::TooLoud, "too_loud"),
    ] {
        let occupant = room.occupant().map(|(_, session)| session);
        let rows: Vec<_> = recorded
            .iter()
            .map(|feed| {
                let has = occupant.is_some_and(|s| s.anomalies.has(feed, anomaly));
                ("feed", feed.as_str(), u64::from(has))
            })
            .collect();
        page.gauge(
            &format!("bidroom_feed_{name}"),
            "Whether a recorded feed's picture or sound is like this",
            &rows,
        );
    }
    let gaps = room
        .occupant()
        .map_or(0, |(_, session)| session.recordings.gaps.len());
    let peers = console.peers.counts();
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    page.gauge(
        "bidroom_publishers",
        "Connections that send a feed",
        &[("", "", count(peers.publishers))],
    );
    page.gauge(
        "bidroom_viewers",
        "Connections that watch a feed, and those that were answered and have not come",
        &[("", "", count(peers.viewers))],
    );
    page.gauge(
        "bidroom_viewer_lost",
        "Pictures, or parts of them, that viewers were too slow for",
        &[("", "", peers.lost)],
    );
    page.gauge(
        "bidroom_session_gaps",
        "Gaps in this session's recordings",
        &[("", "", u64::try_from(gaps).unwrap_or(0))],
    );
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    /// Adds a gauge; each row is a label's name, its value (both empty for none) and the figure.
    fn gauge(&mut self, name: &str, help: &str, rows: &[(&str, &str, u64)]) {
        let text = &mut self.text;
        // writing to a String cannot fail
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (label, value, figure) in rows {
            let _ = match label.is_empty() {
                true => writeln!(text, "{name} {figure}"),
                false => writeln!(text, "{name}{{{label}=\"{value}\"}} {figure}"),
            };
        }
    }
}
