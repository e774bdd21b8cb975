//! Owns what the room hears of media: a feed that lives or is lost, a recording that runs, lacks or ends.
//!
//! Reports go to the clerk in order, and are tried again until the journal has them: what was lost of a
//! recording must not be lost of the journal as well.

use super::feed::{Aspect, Feed, FeedStatus, Feeds, Liveness};
use super::recorder::{RecorderReport, RecordersHandle, WantedRecordings};
use crate::clerk::{ClerkHandle, SubmitError};
use crate::room::{
    Actor, Command, EquipmentId, Fault, FeedId, FeedKind, Part, Room, Session, SessionId, wanted,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream, SelectAll};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tokio_stream::wrappers::WatchStream;

/// How soon a report is given again that the clerk could not take.
const AGAIN: Duration = Duration::from_secs(1);

/// What is to be recorded, for the recorders.
pub fn wanted_recordings(room: &Room) -> WantedRecordings {
    match wanted(room).recording {
        Some(wanted) => WantedRecordings {
            session: Some(wanted.session),
            feeds: wanted.feeds,
        },
        None => WantedRecordings::default(),
    }
}

/// Hands what the room wants down to the recorders, until either end is gone.
pub async fn hand_down(clerk: ClerkHandle, wanted_tx: watch::Sender<WantedRecordings>) {
    let mut room = clerk.watch();
    loop {
        let now = wanted_recordings(&clerk.room());
        wanted_tx.send_if_modified(|known| {
            let changed = *known != now;
            *known = now;
            changed
        });
        if room.changed().await.is_err() {
            return;
        }
    }
}

/// Journals where the segment indexes stand whenever the session's phase changes.
pub async fn heads_at_phases(clerk: ClerkHandle, recorders: RecordersHandle) {
    let mut room = clerk.watch();
    let mut known = None;
    loop {
        let phase = |(id, session): (&SessionId, &Session)| (id.clone(), session.phase.kind());
        let now = clerk.room().occupant().map(phase);
        if now != known
            && let Some((session, _)) = &now
        {
            let heads = recorders.heads(session);
            if !heads.is_empty() {
                tell(
                    &clerk,
                    Some(session.clone()),
                    Command::ReportHeads { heads },
                )
                .await;
            }
        }
        known = now;
        if room.changed().await.is_err() {
            return;
        }
    }
}

/// Tells the clerk what the recorders report, until they have ended.
pub async fn of_recorders(clerk: ClerkHandle, mut reports_rx: mpsc::Receiver<RecorderReport>) {
    while let Some(report) = reports_rx.recv().await {
        let (session, command) = command_of(report);
        tell(&clerk, Some(session), command).await;
    }
}

fn command_of(report: RecorderReport) -> (SessionId, Command) {
    match report {
        RecorderReport::Started { session, feed } => {
            (session, Command::ReportRecordingStarted { feed })
        }
        RecorderReport::GapOpened { session, gap } => {
            let (feed, track, from, cause) = (gap.feed, gap.track, gap.from, gap.cause);
            (
                session,
                Command::ReportGapOpened {
                    feed,
                    track,
                    from,
                    cause,
                },
            )
        }
        RecorderReport::GapClosed { session, gap, to } => (
            session,
            Command::ReportGapClosed {
                feed: gap.feed,
                track: gap.track,
                to,
            },
        ),
        RecorderReport::Heads { session, feeds } => {
            (session, Command::ReportHeads { heads: feeds })
        }
        RecorderReport::Stopped {
            session,
            feed,
            head,
        } => (session, Command::ReportRecordingEnded { feed, head }),
    }
}

/// Tells the clerk which feeds live, and what is wrong with those that do.
pub async fn of_feeds(clerk: ClerkHandle, feeds: Feeds) {
    let changes: SelectAll<BoxStream<'static, (Feed, FeedStatus)>> =
        stream::select_all(feeds.iter().map(|feed| {
            let owned = feed.clone();
            WatchStream::new(feed.status())
                .map(move |status| (owned.clone(), status))
                .boxed()
        }));
    tokio::pin!(changes);
    while let Some((feed, status)) = changes.next().await {
        let id = feed.id().clone();
        tell_troubles(&clerk, &id, &status).await;
        match status.liveness {
            Liveness::Absent => {}
            Liveness::Live { .. } => {
                if !clerk.room().is_live(&id) {
                    tell(&clerk, None, Command::ReportFeedLive { feed: id }).await;
                }
            }
            Liveness::Lost { cause, .. } => {
                if clerk.room().is_live(&id) {
                    tell(&clerk, None, Command::ReportFeedLost { feed: id, cause }).await;
                }
                // a supervisor whose page vanished must not stay on the air
                if feed.spec().kind == FeedKind::TalkBack {
                    end_talk_back(&clerk).await;
                }
            }
        }
    }
}

/// What is wrong with a feed that lives is a fault of its equipment.
async fn tell_troubles(clerk: &ClerkHandle, feed: &FeedId, status: &FeedStatus) {
    let lives = matches!(status.liveness, Liveness::Live { .. });
    for (aspect, name) in [
        (Aspect::Picture, "picture"),
        (Aspect::Sound, "sound"),
        (Aspect::SmallPicture, "sub"),
        (Aspect::Clock, "clock"),
    ] {
        let fault = status.troubles.get(&aspect).filter(|_| lives);
        let fault = fault.cloned().map(|cause| Fault::SendsWrongly { cause });
        let Ok(equipment) = format!("{feed}-{name}").parse::<EquipmentId>() else {
            continue;
        };
        let room = clerk.room();
        let known = room.failures.get(&equipment).map(|failure| &failure.fault);
        let command = match fault {
            Some(fault) if known != Some(&fault) => Command::ReportFault { equipment, fault },
            None if known.is_some() => Command::ReportRecovery { equipment },
            Some(_) | None => continue,
        };
        tell(clerk, None, command).await;
    }
}

async fn end_talk_back(clerk: &ClerkHandle) {
    let room = clerk.room();
    if let Some((id, session)) = room.occupant()
        && session.talk_back.is_some()
    {
        tell(clerk, Some(id.clone()), Command::EndTalkBack).await;
    }
}

/// Gives a report until it is journalled or lawfully refused.
async fn tell(clerk: &ClerkHandle, session: Option<SessionId>, command: Command) {
    loop {
        let actor = Actor::Daemon { part: Part::Media };
        match clerk
            .submit(actor, session.clone(), None, command.clone())
            .await
        {
            Ok(_) | Err(SubmitError::Stopped) => return,
            Err(SubmitError::Refused(refusal)) => {
                tracing::warn!(command = command.name(), %refusal, "a report was refused");
                return;
            }
            Err(error) => {
                tracing::warn!(command = command.name(), %error, "a report waits");
                sleep(AGAIN).await;
            }
        }
    }
}
