//! Owns the reading of the box's monotonic clock for arrivals and stalls.

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// This moment.
#[expect(
    clippy::disallowed_methods,
    reason = "arrivals are stamped where they arrive"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Time since boot, by the clock that [`Instant`] and the pipelines count by.
pub(super) fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    // the kernel's monotonic clock begins at 0, and a nanosecond part is below 10^9
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}
