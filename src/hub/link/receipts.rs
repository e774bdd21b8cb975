//! Owns what a receipt is worth: whose it is, for which box, and whether the hub has stored the history that the journal holds.

use super::line::Line;
use super::standing::{Restored, Trespass};
use crate::hub::contract::{Distrust, Envelope, Receipt, Signed};
use crate::journal::LineHash;
use crate::room::Seq;
use tokio::task::block_in_place;

impl Line<'_> {
    pub(super) fn hear_receipt(&mut self, payload: &[u8], now: u64) -> anyhow::Result<()> {
        let parts = &self.link.parts;
        if parts.believes_broker {
            return Ok(());
        }
        let opened = match Envelope::<Signed<Receipt>>::read(payload) {
            Ok(envelope) => envelope.data.open(&self.link.trusted),
            Err(unreadable) => {
                tracing::warn!(%unreadable, "a receipt that cannot be read");
                Err(Distrust::Unreadable)
            }
        };
        let receipt = match opened.and_then(|receipt| match receipt.room == self.speech.room {
            true => Ok(receipt),
            false => Err(Distrust::Unreadable),
        }) {
            Ok(receipt) => receipt,
            Err(distrust) => {
                self.distrust(Trespass::Receipt(distrust));
                return Ok(());
            }
        };
        // the hub says an earlier place than it said before: its store was put back
        let later = self
            .receipt
            .as_ref()
            .is_none_or(|known| receipt.at > known.at);
        if let Some(known) = &self.receipt
            && receipt.epoch < known.epoch
        {
            if !later {
                return Ok(());
            }
            let restored = Restored {
                before: known.epoch,
                now: receipt.epoch,
                at: self.link.wall(),
            };
            tracing::error!(?restored, "the hub's store went back to an earlier state");
            self.link
                .standing_tx
                .send_modify(|standing| standing.restored = Some(restored));
        }
        if receipt.by != self.link.own {
            let fenced = receipt.before.contains(&self.link.own)
                || self
                    .receipt
                    .as_ref()
                    .is_some_and(|own| receipt.epoch > own.epoch);
            let waits = !fenced && later;
            if fenced {
                tracing::error!(epoch = receipt.epoch, "another box has this room's place");
            }
            self.link.standing_tx.send_modify(|standing| {
                standing.fenced |= fenced;
                standing.not_admitted |= waits;
            });
            if fenced {
                self.outbox.hub(false, now);
            }
            return Ok(());
        }
        // what the broker kept, or somebody says again, may be older than what is known. A hub whose clock was set back may
        // go on all the same; only one that has lost entries must say so later than it said that it had them
        if let Some(known) = &self.receipt
            && receipt.upto < known.upto
            && !later
        {
            return Ok(());
        }
        let differs = !self.is_ours(&receipt)?;
        self.link.standing_tx.send_modify(|standing| {
            standing.differs = differs.then_some(receipt.upto);
            standing.not_admitted = false;
            standing.fenced = false;
        });
        if differs {
            tracing::error!(
                upto = receipt.upto.0,
                "the hub has stored another history than the journal's"
            );
            return Ok(());
        }
        if let Some(sent) = &self.statement_sent
            && receipt.statements.contains(sent)
        {
            let at = self.link.wall();
            block_in_place(|| self.link.parts.kept.statement_delivered(sent, at))?;
            self.statement_sent = None;
            (self.statement_at, self.statement_wait) = (now, 0);
        }
        // kept once a second: what is older only costs some entries that are known already. The first of an epoch at once: by it
        // the box knows later that the place was its own
        let begins = self
            .receipt
            .as_ref()
            .is_none_or(|known| known.epoch != receipt.epoch);
        if begins {
            block_in_place(|| self.link.parts.kept.keep_receipt(payload))?;
        }
        self.unkept = Some(payload.to_vec());
        self.outbox.receipt(receipt.upto, now);
        self.receipt = Some(receipt);
        Ok(())
    }

    /// Whether the hub has stored what the journal holds: a witness against a history that was rewritten, or cut off.
    fn is_ours(&self, receipt: &Receipt) -> anyhow::Result<bool> {
        let Some(before) = receipt.upto.0.checked_sub(1) else {
            return Ok(receipt.head_sha256 == LineHash::START.to_string());
        };
        let history = &self.link.parts.history;
        let lines = block_in_place(|| history.lines(Seq(before), 1))?;
        Ok(lines.first().is_some_and(|(seq, line)| {
            *seq == receipt.upto && LineHash::of(line).to_string() == receipt.head_sha256
        }))
    }
}
