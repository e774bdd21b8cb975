//! Owns the detectors' tie to the room: what is to be judged comes down, what was found goes up until the
//! room knows it.

use super::wanted::{Wanted, wanted};
use super::watch::{Found, Job, watch};
use crate::clerk::ClerkHandle;
use crate::config::Detectors;
use crate::media::clock;
use crate::media::feed::Feeds;
use crate::media::reports::tell;
use crate::room::{Command, Room, SessionId, Span};
use anyhow::Context;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::{oneshot, watch as watched};

/// How soon detectors that failed are started again.
const AGAIN: Duration = Duration::from_secs(1);

/// Judges the room's feeds for ever; a failure of the detectors touches nothing else.
pub async fn run(clerk: ClerkHandle, feeds: Feeds, detectors: Detectors) {
    loop {
        match run_once(&clerk, &feeds, &detectors).await {
            Ok(()) => return,
            Err(error) => tracing::error!(%error, "the detectors failed and are started again"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn run_once(clerk: &ClerkHandle, feeds: &Feeds, detectors: &Detectors) -> anyhow::Result<()> {
    let mut room = clerk.watch();
    let (wanted_tx, wanted_rx) = watched::channel(Wanted::new());
    let (found_tx, mut found) = watched::channel(Found::new());
    // dropped with this future, it ends the thread
    let (_stop_tx, stop) = std::sync::mpsc::sync_channel(0);
    let job = Job {
        feeds: feeds.clone(),
        detectors: detectors.clone(),
        wanted: wanted_rx,
        found: found_tx,
        stop,
    };
    // dropped with the thread
    let (ended_tx, mut ended) = oneshot::channel::<Infallible>();
    std::thread::Builder::new()
        .name("detectors".into())
        .spawn(move || {
            let _ended_tx = ended_tx;
            watch(job);
        })
        .context("no thread for the detectors")?;
    loop {
        let now = clerk.room();
        let wanted = wanted(detectors, &now);
        wanted_tx.send_if_modified(|known| {
            let changed = *known != wanted;
            *known = wanted;
            changed
        });
        let news = news(&now, &found.borrow_and_update());
        for (session, command) in news {
            tell(clerk, Some(session), command).await;
        }
        tokio::select! {
            _ = &mut ended => anyhow::bail!("their thread has ended"),
            changed = room.changed() => if changed.is_err() { return Ok(()) },
            // an error means that the thread has ended, which is heard above
            Ok(()) = found.changed() => {}
        }
    }
}

/// What the room does not know yet of what was found.
fn news(room: &Room, found: &Found) -> Vec<(SessionId, Command)> {
    let Some((id, session)) = room.occupant() else {
        return Vec::new();
    };
    let known = session.anomalies.iter();
    let known: BTreeSet<_> = known
        .map(|(feed, anomaly, _)| (feed.clone(), anomaly))
        .collect();
    let begun = found.iter().filter(|(what, _)| !known.contains(what));
    let begun = begun.map(|((feed, anomaly), since)| {
        let lasted = clock::now().saturating_duration_since(*since);
        Command::ReportAnomaly {
            feed: feed.clone(),
            anomaly: *anomaly,
            lasted: Span(u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX)),
        }
    });
    let ended = known.iter().filter(|what| !found.contains_key(what));
    let ended = ended.map(|(feed, anomaly)| Command::ReportAnomalyEnded {
        feed: feed.clone(),
        anomaly: *anomaly,
    });
    begun
        .chain(ended)
        .map(|command| (id.clone(), command))
        .collect()
}
