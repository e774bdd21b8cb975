//! Owns the patience: what is observed must last before it counts, and be gone for a while before it ends.

use std::time::{Duration, Instant};

/// One thing that is observed again and again.
///
/// ```text
/// fine ──seen──► seen since ──for `after`──► lasts ──gone──► gone since ──for `gone_after`──► fine
///   ▲             │                            ▲                │
///   └────gone─────┘                            └─────seen───────┘
/// ```
#[derive(Debug)]
pub(super) struct Lasting {
    after: Duration,
    gone_after: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Fine,
    Seen { since: Instant },
    Lasts { since: Instant },
    Gone { since: Instant, at: Instant },
}

impl Lasting {
    pub(super) fn new(after: Duration, gone_after: Duration) -> Self {
        Self {
            after,
            gone_after,
            state: State::Fine,
        }
    }

    /// It was seen, from a moment on and up to another.
    pub(super) fn seen(&mut self, from: Instant, to: Instant) {
        self.state = match self.state {
            State::Fine => State::Seen { since: from },
            State::Gone { since, .. } => State::Lasts { since },
            as_before @ (State::Seen { .. } | State::Lasts { .. }) => as_before,
        };
        if let State::Seen { since } = self.state
            && to.saturating_duration_since(since) >= self.after
        {
            self.state = State::Lasts { since };
        }
    }

    /// It was not seen at that moment.
    pub(super) fn gone(&mut self, at: Instant) {
        self.state = match self.state {
            State::Fine | State::Seen { .. } => State::Fine,
            State::Lasts { since } => State::Gone { since, at },
            as_before @ State::Gone { .. } => as_before,
        };
        if let State::Gone { at: began, .. } = self.state
            && at.saturating_duration_since(began) >= self.gone_after
        {
            self.state = State::Fine;
        }
    }

    /// Since when it is seen, though it may not last yet.
    pub(super) fn since(&self) -> Option<Instant> {
        match self.state {
            State::Fine => None,
            State::Seen { since } | State::Lasts { since } | State::Gone { since, .. } => {
                Some(since)
            }
        }
    }

    /// Since when it lasts; none while it does not.
    pub(super) fn lasts(&self) -> Option<Instant> {
        match self.state {
            State::Fine | State::Seen { .. } => None,
            State::Lasts { since } | State::Gone { since, .. } => Some(since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock;

    #[test]
    fn what_flickers_does_not_count_and_what_lasts_ends_once() {
        let start = clock::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let mut silent = Lasting::new(Duration::from_secs(6), Duration::from_secs(2));
        silent.seen(at(0), at(0));
        silent.seen(at(4), at(4));
        silent.gone(at(5));
        silent.seen(at(6), at(6));
        silent.seen(at(11), at(11));
        assert_eq!((silent.since(), silent.lasts()), (Some(at(6)), None));
        silent.seen(at(12), at(12));
        assert_eq!(silent.lasts(), Some(at(6)));
        silent.gone(at(13));
        silent.seen(at(14), at(14));
        silent.gone(at(15));
        assert_eq!(silent.lasts(), Some(at(6)), "a cough is not the end of it");
        silent.gone(at(17));
        assert_eq!(silent.lasts(), None);
    }
}
