//! Owns the reading of the monotonic clock in calls: sound is paced, and silence is timed, in the moment.

use std::time::Instant;

/// This moment.
#[expect(
    clippy::disallowed_methods,
    reason = "sound is paced and silence timed where it passes"
)]
pub(in crate::phone) fn now() -> Instant {
    Instant::now()
}
