//! Owns what goes over a line beside the journal: the hub's commands, one after the other, and attendance statements until a receipt
//! names them.

use super::inbox::Judged;
use super::line::Line;
use super::standing::Trespass;
use bytes::Bytes;
use tokio::task::block_in_place;

/// Commands that may wait while one is carried out; more are asked again by the hub.
const COMMANDS: usize = 32;
/// A statement that no receipt names is sent again after so long, ms; each time twice as long, for the hub may not know statements.
const STATEMENT: (u64, u64) = (5_000, 600_000);

impl Line<'_> {
    /// Takes a command in. A box that has not got the room's place, or has it no more, leaves it to the one that has.
    pub(super) fn hear_command(&mut self, message: Bytes, correlation: Option<Bytes>) {
        let standing = self.link.standing_tx.borrow().clone();
        if standing.fenced || standing.not_admitted {
            return;
        }
        if self.commands.len() >= COMMANDS {
            tracing::warn!("too many commands of the hub at once; it asks again");
            return;
        }
        self.commands.push_back((message, correlation));
        self.next_command();
    }

    fn next_command(&mut self) {
        if !self.command.is_empty() {
            return;
        }
        let Some((message, correlation)) = self.commands.pop_front() else {
            return;
        };
        self.correlation = correlation;
        let (inbox, at) = (self.inbox.clone(), self.link.wall());
        self.command
            .spawn(async move { Ok(inbox.take(&message, at).await?) });
    }

    pub(super) fn answer(&mut self, judged: Judged) -> anyhow::Result<()> {
        match judged.trespass {
            // lawful as often as not: written down, and no alarm
            Some(repeated @ Trespass::Repeated(_)) => {
                drop(self.link.parts.trespasses_tx.try_send(repeated));
            }
            Some(trespass) => self.distrust(trespass),
            None => {}
        }
        let correlation = self.correlation.take();
        let message = self
            .speech
            .reply(judged.reply, correlation, self.link.wall())?;
        self.connection.publisher.publish(message);
        self.next_command();
        Ok(())
    }

    /// Sends an attendance statement that no receipt names yet.
    pub(super) fn send_statement(&mut self, now: u64) -> anyhow::Result<()> {
        let waits = now.saturating_sub(self.statement_at) < self.statement_wait;
        if waits || !self.may_send(now) || !self.outbox.has_hub() {
            return Ok(());
        }
        let statement = block_in_place(|| self.link.parts.kept.undelivered_statement())?;
        let (first, most) = STATEMENT;
        let again = statement.as_ref().map(|one| &one.sha256) == self.statement_sent.as_ref();
        self.statement_at = now;
        self.statement_wait = match again && statement.is_some() {
            true => (self.statement_wait * 2).min(most),
            false => first,
        };
        self.statement_sent = statement.as_ref().map(|one| one.sha256.clone());
        if let Some(statement) = statement {
            self.connection
                .publisher
                .publish(self.speech.statement(statement)?);
        }
        Ok(())
    }
}
