//! Owns the relation of the three clocks a segment is dated by: arrival, wall time, and the box's monotonic time.

use crate::archive::recover::NTP_EPOCH;
use crate::room::Utc;
use rustix::time::{ClockId, clock_gettime};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clocks at one moment. Taken once a segment: a clock that is set meanwhile does not bend its times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeBase {
    instant: Instant,
    wall: Duration,
    mono: Duration,
}

impl TimeBase {
    /// The clocks now.
    #[expect(
        clippy::disallowed_methods,
        reason = "arrivals are dated against the clock of their moment"
    )]
    pub(crate) fn now() -> Self {
        let mono = clock_gettime(ClockId::Monotonic);
        Self {
            instant: Instant::now(),
            wall: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            mono: Duration::new(
                mono.tv_sec.unsigned_abs(),
                u32::try_from(mono.tv_nsec).unwrap_or(0),
            ),
        }
    }

    /// Wall time of `at`.
    pub(crate) fn utc(&self, at: Instant) -> Utc {
        Utc(i64::try_from(self.moved(self.wall, at).as_millis()).unwrap_or(i64::MAX))
    }

    /// Monotonic time of `at`, ns.
    pub(crate) fn mono(&self, at: Instant) -> u64 {
        u64::try_from(self.moved(self.mono, at).as_nanos()).unwrap_or(u64::MAX)
    }

    /// NTP time of `at`: seconds since 1900, and 32 bits of fraction.
    pub(crate) fn ntp(&self, at: Instant) -> u64 {
        let wall = self.moved(self.wall, at);
        ((wall.as_secs() + NTP_EPOCH) << 32)
            | ((u64::from(wall.subsec_nanos()) << 32) / 1_000_000_000)
    }

    fn moved(&self, base: Duration, at: Instant) -> Duration {
        match at.checked_duration_since(self.instant) {
            Some(later) => base + later,
            None => base.saturating_sub(self.instant - at),
        }
    }
}

/// The moment that a recorder's tick begins.
#[expect(
    clippy::disallowed_methods,
    reason = "media compares with arrival times"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The kernel's boot id, which monotonic times belong to; none where the kernel does not tell.
pub(crate) fn boot_id() -> Option<&'static str> {
    static BOOT: OnceLock<Option<String>> = OnceLock::new();
    let read = || std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    BOOT.get_or_init(|| read().map(|id| id.trim().to_owned()))
        .as_deref()
}
