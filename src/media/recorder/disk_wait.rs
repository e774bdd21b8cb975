//! Owns how long the disk makes one recorder wait: what tells a slow or hanging disk from a busy program.

use super::clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The waits of one recorder. Clones are the same; they tell of a wait while it lasts.
#[derive(Debug, Clone, Default)]
pub struct DiskWait(Arc<Mutex<Waits>>);

#[derive(Debug, Default)]
struct Waits {
    /// Since when the recorder is in a call that it has not come back from.
    since: Option<Instant>,
    ended: Duration,
}

impl DiskWait {
    /// Does what may have to wait for the disk.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = clock::now();
        self.waits().since = Some(began);
        let done = work();
        let mut waits = self.waits();
        waits.since = None;
        waits.ended += clock::now().saturating_duration_since(began);
        done
    }

    /// All waits up to `now`, the one that lasts included.
    pub fn total(&self, now: Instant) -> Duration {
        let waits = self.waits();
        let lasting = waits
            .since
            .map(|since| now.saturating_duration_since(since));
        waits.ended + lasting.unwrap_or_default()
    }

    /// How long the wait lasts that has not ended; none while the recorder does not wait.
    pub fn lasts(&self, now: Instant) -> Option<Duration> {
        let since = self.waits().since?;
        Some(now.saturating_duration_since(since))
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_while_it_lasts_and_after() {
        let wait = DiskWait::default();
        assert_eq!(wait.lasts(clock::now()), None);
        let later = clock::now() + Duration::from_secs(60);
        wait.during(|| {
            assert!(
                wait.lasts(later)
                    .is_some_and(|lasts| lasts > Duration::from_secs(50))
            );
            assert!(wait.total(later) > Duration::from_secs(50));
        });
        assert_eq!(wait.lasts(later), None);
        assert!(wait.total(later) < Duration::from_secs(50));
    }
}
