//! Owns the reading of the box's monotonic clock in media: arrivals are stamped where they arrive.

use std::time::Instant;

/// This moment.
#[expect(
    clippy::disallowed_methods,
    reason = "arrivals are stamped where they arrive"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}
