//! Owns what systemd is told: ready, stopping, and that the daemon makes progress.
//!
//! The watchdog is fed from the recorders' own rounds and from the clerk's answers, never from a timer alone. A recorder
//! that waits for its disk is no reason to restart: the new daemon would wait for the same disk, without the 20 s of
//! pictures that the old one still holds. That it waits is an alarm.

use super::tasks::Tasks;
use crate::clerk::{ClerkHandle, Clock};
use crate::hub::reference::HubHandle;
use crate::media::recorder::RecordersHandle;
use crate::room::{Actor, Command, Part};
use sd_notify::NotifyState;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{interval, timeout};

/// A recorder that has not gone round for so long hangs.
const HANGS: Duration = Duration::from_secs(8);
/// So long the clerk may take to answer.
const ANSWERS: Duration = Duration::from_secs(3);

/// Tells systemd that the daemon is ready, and from then on that it makes progress.
pub(super) fn ready(clerk: &ClerkHandle, recorders: RecordersHandle, tasks: &mut Tasks) {
    notify(&[NotifyState::Ready]);
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let clerk = clerk.clone();
    tasks.start("watchdog", async move {
        let mut tick = interval(limit / 3);
        loop {
            tick.tick().await;
            match hanging(&recorders) {
                Some(feed) => tracing::error!(feed, "a recorder hangs; the watchdog is not fed"),
                None if answers(&clerk).await => notify(&[NotifyState::Watchdog]),
                None => tracing::error!("the clerk does not answer; the watchdog is not fed"),
            }
        }
    });
}

/// The same of a hub, whose writer goes round twice a second.
pub(super) fn hub_ready(hub: HubHandle, clock: Arc<dyn Clock>, tasks: &mut Tasks) {
    notify(&[NotifyState::Ready]);
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    tasks.start("watchdog", async move {
        let mut tick = interval(limit / 3);
        loop {
            tick.tick().await;
            let silent = clock.now().stamp.mono.saturating_sub(hub.last_round());
            match Duration::from_millis(silent) < limit / 2 {
                true => notify(&[NotifyState::Watchdog]),
                false => tracing::error!(silent, "the hub's writer hangs; the watchdog is not fed"),
            }
        }
    });
}

/// Tells systemd that the daemon is stopping.
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

#[expect(clippy::disallowed_methods, reason = "it measures a span")]
fn hanging(recorders: &RecordersHandle) -> Option<String> {
    let status = recorders.status();
    let status = status.borrow();
    let now = Instant::now();
    let late = |looked: Instant| now.saturating_duration_since(looked) > HANGS;
    status
        .feeds
        .iter()
        .find(|(_, feed)| late(feed.looked) && feed.wait.lasts(now).is_none())
        .map(|(id, _)| id.to_string())
}

/// Whether the clerk answers; passing deadlines that have not come leads to nothing.
async fn answers(clerk: &ClerkHandle) -> bool {
    let actor = Actor::Daemon { part: Part::Clock };
    let asked = clerk.submit(actor, None, None, Command::PassDeadlines);
    timeout(ANSWERS, asked)
        .await
        .is_ok_and(|answer| answer.is_ok())
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "nobody to notify");
    }
}
