//! Owns what the box checks of itself while it runs: disk, clock, certificate. Faults go to the clerk once.

use super::disk::Disk;
use crate::clerk::{ClerkHandle, SubmitError};
use crate::config::Profile;
use crate::config::check::KernelClock;
use crate::keys::Keys;
use crate::media::recorder::RecordersHandle;
use crate::room::{Actor, Command, EquipmentId, Fault, Part};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

const PERIOD: Duration = Duration::from_secs(1);
/// Looks a day at the certificate.
const LOOKS_A_DAY: u32 = 24 * 3600;

/// Looks for ever.
#[expect(clippy::disallowed_methods, reason = "it measures spans")]
pub(super) async fn watch(
    clerk: ClerkHandle,
    profile: std::sync::Arc<Profile>,
    data: PathBuf,
    keys: Keys,
    recorders: RecordersHandle,
    offset_tx: watch::Sender<Option<f64>>,
) {
    let least = profile.storage.min_free.0;
    let mut disk = Disk::new(profile.storage.sessions(&data), least);
    let mut tick = interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for look in 0_u32.. {
        tick.tick().await;
        let fault = disk.fault(&recorders, Instant::now()).await;
        report(&clerk, "disk-recordings", fault).await;
        let (offset, fault) = clock_fault(clerk.room().policies.clock_offset.0);
        offset_tx.send_replace(offset);
        report(&clerk, "clock", fault).await;
        if look % LOOKS_A_DAY == 0 {
            let (keys, now) = (keys.clone(), jiff::Timestamp::now().as_millisecond());
            let renewed =
                tokio::task::spawn_blocking(move || keys.renew(crate::room::Utc(now))).await;
            let fault = match renewed {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(Fault::Other {
                    detail: error.to_string(),
                }),
                Err(error) => Some(Fault::Other {
                    detail: error.to_string(),
                }),
            };
            report(&clerk, "certificate", fault).await;
        }
    }
}

/// The clock's offset in ms, where the kernel knows one, and whether it is too large.
pub(super) fn clock_fault(most_ms: u64) -> (Option<f64>, Option<Fault>) {
    // unsynchronised: nobody knows how far it is off
    let Some(clock) = KernelClock::read().ok().filter(|clock| clock.synchronised) else {
        return (None, None);
    };
    let offset = clock.offset_us as f64 / 1000.0;
    let off = offset.abs() > most_ms as f64;
    (
        Some(offset),
        off.then_some(Fault::ClockOff {
            offset_ms: Some(offset as i64),
        }),
    )
}

/// Tells the clerk of a fault or a recovery; what it knows already makes no event.
pub(super) async fn report(clerk: &ClerkHandle, equipment: &str, fault: Option<Fault>) {
    let equipment: EquipmentId = equipment.parse().expect("a plain word, or a feed's id");
    let known = clerk
        .room()
        .failures
        .get(&equipment)
        .map(|failure| failure.fault.clone());
    let command = match (fault, known) {
        (Some(fault), known) if known.as_ref() != Some(&fault) => {
            Command::ReportFault { equipment, fault }
        }
        (None, Some(_)) => Command::ReportRecovery { equipment },
        _ => return,
    };
    let actor = Actor::Daemon { part: Part::Health };
    match clerk.submit(actor, None, None, command).await {
        Ok(_) | Err(SubmitError::Stopped) => {}
        // looked at again in a moment
        Err(error) => tracing::warn!(%error, "a fault was not journalled"),
    }
}
