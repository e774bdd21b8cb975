//! Owns how the link to the hub is tied to the rest: what it folds, what its standing means for alarms, and what is written down
//! of those who tried what they may not.

use super::health;
use super::orders;
use super::public;
use super::statements::Stater;
use super::tasks::Tasks;
use crate::access::{Access, Act, AuditKind, AuditObject, AuditResult, Principal};
use crate::archive::checkpoints::Witnesses;
use crate::clerk::{ClerkHandle, Clock};
use crate::config::Profile;
use crate::console::views::Surroundings;
use crate::hub::link::{Kept, Link, Parts, Restored, Standing, Trespass};
use crate::journal::Reader;
use crate::keys::Keys;
use crate::room::{Fault, Utc};
use crate::vault::Vault;
use anyhow::Context;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

/// The hub may be away so long before it is an alarm, ms: brokers are restarted.
const AWAY: i64 = 60_000;
/// A forgery stays an alarm for so long after the last one, ms.
const FORGERY: i64 = 15 * 60_000;
/// That the hub's store was put back is told for so long, ms: somebody has to look whether an old box is off.
const RESTORED: i64 = 24 * 3600 * 1000;
/// Trespasses that wait to be written down; a flood of them is told by the first.
const TRESPASSES: usize = 64;

/// What the link is tied to.
pub(super) struct Ties<'a> {
    pub(super) profile: &'a Arc<Profile>,
    pub(super) data: &'a Path,
    pub(super) clerk: &'a ClerkHandle,
    pub(super) access: &'a Access,
    pub(super) vault: &'a Vault,
    pub(super) keys: &'a Keys,
    pub(super) clock: Arc<dyn Clock>,
    /// What orders are encrypted to, PEM.
    pub(super) certificate: String,
    pub(super) around: watch::Receiver<Surroundings>,
    pub(super) witnesses: Witnesses,
    pub(super) believes_broker: bool,
}

/// Starts the link, where the profile names a hub.
///
/// # Errors
/// A certificate that cannot be read, or the link's database.
pub(super) fn start(ties: Ties<'_>, tasks: &mut Tasks) -> anyhow::Result<()> {
    let Some(settings) = ties.profile.hub.clone() else {
        return Ok(());
    };
    let (clerk, clock, around) = (ties.clerk.clone(), ties.clock.clone(), ties.around);
    let fold = move || public::fold(&clerk.room(), &clock.now(), &around.borrow());
    let (trespasses_tx, trespasses_rx) = mpsc::channel(TRESPASSES);
    let kept = Kept::open(&ties.data.join("hub.sqlite")).context("opening hub.sqlite")?;
    let journal = ties.data.join("journal.sqlite");
    let stater = Stater {
        clerk: ties.clerk.clone(),
        history: Reader::open(&journal)?,
        vault: ties.vault.clone(),
        clock: ties.clock.clone(),
        profile: ties.profile.clone(),
        kept: kept.clone(),
    };
    tasks.start("statements", stater.follow(settings.clone()));
    let proves = orders::prove(
        ties.clerk.clone(),
        ties.vault.clone(),
        ties.keys.clone(),
        settings.order_keys(),
        ties.clock.clone(),
    );
    let (link, standing_rx) = Link::new(Parts {
        settings,
        room: ties.profile.room.id.clone(),
        keys: ties.keys.clone(),
        clerk: ties.clerk.clone(),
        history: Reader::open(&journal)?,
        witnesses: ties.witnesses,
        kept,
        replicas: ties.profile.storage.replicas.clone(),
        clock: ties.clock.clone(),
        certificate: ties.certificate,
        orders: proves,
        fold: Arc::new(fold),
        trespasses_tx,
        believes_broker: ties.believes_broker,
    })?;
    tasks.start("hub link", link.run());
    tasks.start(
        "hub alarms",
        alarm(ties.clerk.clone(), ties.clock.clone(), standing_rx),
    );
    tasks.start(
        "hub trespasses",
        write_down(ties.access.clone(), ties.clock, trespasses_rx),
    );
    Ok(())
}

/// Turns the link's standing into faults of the room's equipment, and back.
async fn alarm(clerk: ClerkHandle, clock: Arc<dyn Clock>, standing_rx: watch::Receiver<Standing>) {
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reached = clock.now().stamp;
    loop {
        tick.tick().await;
        let now = clock.now().stamp;
        let standing = standing_rx.borrow().clone();
        if standing.hub {
            reached = now.clone();
        }
        let away = i64::try_from(reached.elapsed(&now).0).unwrap_or(i64::MAX);
        let unreachable = (away >= AWAY).then(|| Fault::HubUnreachable {
            detail: standing.fault.clone().unwrap_or_default(),
        });
        let place = match (standing.fenced, standing.not_admitted) {
            (true, _) => Some(Fault::HubFenced),
            (false, true) => Some(Fault::HubNotAdmitted),
            (false, false) => None,
        };
        let history = standing
            .differs
            .map(|upto| Fault::HubHistoryDiffers { upto: upto.0 });
        let restored = standing
            .restored
            .filter(|known| now.at.0.saturating_sub(known.at.0) < RESTORED)
            .map(|Restored { before, now, .. }| Fault::HubRestored { before, now });
        let forged = standing
            .distrusted
            .filter(|Utc(at)| now.at.0.saturating_sub(*at) < FORGERY)
            .map(|_| Fault::HubForgery);
        health::report(&clerk, "hub-link", unreachable).await;
        health::report(&clerk, "hub-place", place).await;
        health::report(&clerk, "hub-history", history).await;
        health::report(&clerk, "hub-store", restored).await;
        health::report(&clerk, "hub-messages", forged).await;
    }
}

/// Writes down what others tried that they may not.
async fn write_down(
    access: Access,
    clock: Arc<dyn Clock>,
    mut trespasses_rx: mpsc::Receiver<Trespass>,
) {
    while let Some(trespass) = trespasses_rx.recv().await {
        let (access, now) = (access.clone(), clock.now().stamp.at);
        let written = tokio::task::spawn_blocking(move || record(&access, now, &trespass)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a trespass was not written down"),
            Err(error) => tracing::error!(%error, "a trespass was not written down"),
        }
    }
}

fn record(
    access: &Access,
    now: Utc,
    trespass: &Trespass,
) -> Result<(), crate::access::AccessError> {
    let (object, why) = match trespass {
        Trespass::Receipt(distrust) => (AuditObject::None, distrust.word()),
        Trespass::Repeated(id) => (AuditObject::Command("hub", id.clone()), "repeated"),
        Trespass::Command { id, reason } => {
            let object = match id {
                Some(id) => AuditObject::Command("hub", id.clone()),
                None => AuditObject::None,
            };
            (object, reason.word())
        }
    };
    let act = Act {
        by: &Principal::Daemon,
        address: None,
        now,
    };
    access.record(
        act,
        AuditKind::HubMessage,
        &object,
        AuditResult::Refused(why),
    )
}
