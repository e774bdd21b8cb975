//! Owns the daemon's one look at the clocks: everybody else gets time as a value.

use crate::clerk::Clock;
use crate::room::{BootId, Now, Stamp, Utc};
use anyhow::Context;
use jiff::tz::TimeZone;
use rustix::time::{ClockId, clock_gettime};

/// The box's clocks, and the profile's time zone.
#[derive(Debug, Clone)]
pub(super) struct SystemClock {
    boot: BootId,
    zone: TimeZone,
}

impl SystemClock {
    /// For policies in this time zone.
    pub(super) fn new(zone: TimeZone) -> anyhow::Result<Self> {
        let file = "/proc/sys/kernel/random/boot_id";
        let boot = std::fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
        Ok(Self {
            boot: boot.trim().parse().context("the kernel's boot id")?,
            zone,
        })
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let wall = jiff::Timestamp::now();
        // counts on while the machine sleeps
        let boottime = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(boottime.tv_sec).unwrap_or(0);
        let millis = u64::try_from(boottime.tv_nsec / 1_000_000).unwrap_or(0);
        Now {
            stamp: Stamp {
                at: Utc(wall.as_millisecond()),
                mono: seconds * 1000 + millis,
                boot: self.boot.clone(),
            },
            utc_offset: self.zone.to_offset(wall).seconds(),
            seed: rand::random(),
        }
    }
}
