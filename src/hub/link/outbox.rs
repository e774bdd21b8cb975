//! Owns which entries are under way: a window of them goes out in order, a signed receipt lets go of what it names, and after a
//! silence all that is not receipted goes out again (go-back-N). A value: time and what was sent are told to it.
//!
//! The broker's acknowledgement counts for nothing here: it says nothing of the hub. After a silence one entry alone asks, less and
//! less often, so that a hub that is away does not have the same entries sent to nobody again and again.

use crate::room::Seq;

/// Entries that may be under way without a receipt.
const WINDOW: u64 = 80;
/// A silence of so many ms means that what is under way is lost.
const SILENCE: u64 = 2_000;
/// The longest time between two questions, ms.
const SELDOM: u64 = 30_000;

/// The entries under way. Times are monotonic ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outbox {
    /// The last entry that the hub has stored.
    receipted: Seq,
    /// The last entry that was sent over this connection.
    sent: Seq,
    /// The journal's last entry.
    head: Seq,
    window: u64,
    silence: u64,
    /// When something last went well, or was tried again.
    since: u64,
    /// The hub says that it is there.
    hub: bool,
}

impl Outbox {
    /// At the beginning of a connection: nothing is under way.
    pub(super) fn new(receipted: Seq, head: Seq, now: u64) -> Self {
        Self {
            receipted,
            sent: receipted,
            head,
            window: WINDOW,
            silence: SILENCE,
            since: now,
            hub: false,
        }
    }

    /// The last entry that the hub has stored.
    pub(super) fn receipted(&self) -> Seq {
        self.receipted
    }

    /// Entries without a receipt.
    pub(super) fn unreceipted(&self) -> u64 {
        self.head.0.saturating_sub(self.receipted.0)
    }

    /// The journal has grown.
    pub(super) fn grown(&mut self, head: Seq, now: u64) {
        if self.sent == self.receipted {
            // what begins now has not been waited for
            self.since = now;
        }
        self.head = self.head.max(head);
    }

    /// What is to be sent: so many entries after a number. None where the hub is away, the window is full, or all is sent.
    pub(super) fn due(&self) -> Option<(Seq, u64)> {
        let under_way = self.sent.0 - self.receipted.0;
        let room = self.window.saturating_sub(under_way);
        let left = self.head.0.saturating_sub(self.sent.0);
        let many = room.min(left);
        (self.hub && many > 0).then_some((self.sent, many))
    }

    /// Entries up to this one were handed to the client.
    pub(super) fn sent(&mut self, upto: Seq, now: u64) {
        if self.sent == self.receipted {
            self.since = now;
        }
        self.sent = self.sent.max(upto);
    }

    /// The hub has stored everything up to an entry. Less than before: it has lost some, and gets it again.
    pub(super) fn receipt(&mut self, upto: Seq, now: u64) {
        let progress = upto > self.receipted;
        let lost = upto < self.receipted;
        self.receipted = upto;
        if lost || self.sent < upto {
            self.sent = upto;
        }
        if progress || lost {
            self.window = WINDOW;
            self.silence = SILENCE;
            self.since = now;
        }
    }

    /// Whether the hub says that it is there.
    pub(super) fn has_hub(&self) -> bool {
        self.hub
    }

    /// The hub came or went. What was under way to a hub that went is lost.
    pub(super) fn hub(&mut self, there: bool, now: u64) {
        if there && !self.hub {
            self.sent = self.receipted;
            self.window = WINDOW;
            self.silence = SILENCE;
            self.since = now;
        }
        self.hub = there;
    }

    /// Goes back after a silence; says whether it did.
    pub(super) fn tick(&mut self, now: u64) -> bool {
        let silent = self.sent > self.receipted && now.saturating_sub(self.since) >= self.silence;
        if silent {
            self.sent = self.receipted;
            self.window = 1;
            self.silence = (self.silence * 2).min(SELDOM);
            self.since = now;
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> Outbox {
        let mut outbox = Outbox::new(Seq(10), Seq(500), 0);
        outbox.hub(true, 0);
        outbox
    }

    #[test]
    fn a_window_goes_out_and_a_receipt_opens_it() {
        let mut outbox = outbox();
        assert_eq!(outbox.due(), Some((Seq(10), 80)));
        outbox.sent(Seq(90), 5);
        assert_eq!(outbox.due(), None);
        outbox.receipt(Seq(40), 9);
        assert_eq!(outbox.due(), Some((Seq(90), 30)));
        assert_eq!(outbox.unreceipted(), 460);
    }

    #[test]
    fn after_a_silence_one_entry_asks_less_and_less_often() {
        let mut outbox = outbox();
        outbox.sent(Seq(90), 0);
        assert!(!outbox.tick(1_999));
        assert!(outbox.tick(2_000));
        assert_eq!(outbox.due(), Some((Seq(10), 1)));
        outbox.sent(Seq(11), 2_000);
        assert!(!outbox.tick(5_999));
        assert!(outbox.tick(6_000));
        outbox.sent(Seq(11), 6_000);
        outbox.receipt(Seq(11), 6_100);
        assert_eq!(outbox.due(), Some((Seq(11), 80)));
    }

    #[test]
    fn a_hub_that_is_away_gets_nothing_and_one_that_returns_gets_all() {
        let mut outbox = outbox();
        outbox.sent(Seq(90), 0);
        outbox.hub(false, 10);
        assert_eq!(outbox.due(), None);
        outbox.hub(true, 60_000);
        assert_eq!(outbox.due(), Some((Seq(10), 80)));
    }

    #[test]
    fn a_hub_that_lost_some_gets_it_again_and_a_receipt_ahead_skips() {
        let mut outbox = outbox();
        outbox.sent(Seq(90), 0);
        outbox.receipt(Seq(5), 1);
        assert_eq!(outbox.due(), Some((Seq(5), 80)));
        outbox.receipt(Seq(200), 2);
        assert_eq!(outbox.due(), Some((Seq(200), 80)));
    }

    #[test]
    fn waiting_counts_from_when_something_is_under_way() {
        let mut outbox = Outbox::new(Seq(10), Seq(10), 0);
        outbox.hub(true, 0);
        outbox.grown(Seq(11), 100_000);
        outbox.sent(Seq(11), 100_000);
        assert!(!outbox.tick(101_000));
    }
}
