//! Owns what is done over one connection: entries out as the outbox says, presence and state at their pace, receipts and commands in.

use super::inbox::{Inbox, Judged};
use super::outbox::Outbox;
use super::run::{BROKER_SILENCE, Link};
use super::speech::Speech;
use super::standing::Trespass;
use crate::archive::checkpoints::SignedCheckpoint;
use crate::clerk::RoomAt;
use crate::hub::contract::{Envelope, HubPresence, Kind, Receipt};
use crate::hub::mqtt::{Connection, Heard};
use crate::room::Seq;
use anyhow::Context;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often clocks are looked at: silences, a broker that is gone, the state's age.
const TICK: Duration = Duration::from_millis(250);
/// The oldest that the public state becomes while nothing changes, ms.
const STATE_AGE: u64 = 1_500;
/// The soonest that it is said again when something changes, ms.
const STATE_PACE: u64 = 250;
/// How often the presence is said again: a late death of an older connection may have taken its place, ms.
const PRESENCE: u64 = 30_000;
/// How often the newest receipt is kept on the disk, ms.
const KEEP: u64 = 1_000;
/// After a connection is made or the hub comes back, its fresh receipt is waited for, ms: what was stored meanwhile is not sent again.
const SETTLE: u64 = 300;

/// What a line wakes up for.
pub(super) enum Input {
    /// Something came from the broker.
    Heard(Heard),
    /// The room changed.
    Room(Seq),
    /// A checkpoint was stated.
    Checkpoint(Arc<SignedCheckpoint>),
    /// A command was dealt with.
    Judged(Box<Judged>),
    /// Time has passed.
    Tick,
}

/// One connection, with what is under way over it.
pub(super) struct Line<'a> {
    pub(super) link: &'a Link,
    pub(super) connection: Connection,
    pub(super) outbox: Outbox,
    pub(super) inbox: Inbox,
    pub(super) speech: Speech,
    rooms_rx: watch::Receiver<RoomAt>,
    checkpoints_rx: broadcast::Receiver<Arc<SignedCheckpoint>>,
    /// The command that is being carried out: one after the other, so that none overtakes what it builds on.
    pub(super) command: JoinSet<anyhow::Result<Judged>>,
    /// What its asker knows it by.
    pub(super) correlation: Option<Bytes>,
    /// Those that wait, as they were heard.
    pub(super) commands: VecDeque<(Bytes, Option<Bytes>)>,
    /// The attendance statement that is under way.
    pub(super) statement_sent: Option<String>,
    /// When it was last looked at whether there is one, and how long that may be ago before it is done again.
    pub(super) statement_at: u64,
    pub(super) statement_wait: u64,
    tick: Interval,
    broker: String,
    connected: bool,
    /// From when on entries are sent.
    settled: u64,
    /// When the broker was last heard. All times are monotonic ms.
    heard: u64,
    state_said: Option<u64>,
    /// The room changed since.
    state_stale: bool,
    presence_said: u64,
    /// The newest receipt for this box.
    pub(super) receipt: Option<Receipt>,
    /// Its message, until it is kept on the disk.
    pub(super) unkept: Option<Vec<u8>>,
    /// When one was last kept.
    kept: u64,
    /// Entries that the broker is to acknowledge, where it is believed.
    believed: VecDeque<Seq>,
}

impl<'a> Line<'a> {
    /// A connection at its beginning.
    pub(super) fn open(
        link: &'a Link,
        connection: Connection,
        speech: Speech,
        broker: String,
    ) -> anyhow::Result<Self> {
        let parts = &link.parts;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let last = block_in_place(|| parts.kept.receipt())?;
        let last = last.and_then(|signed| signed.open(&link.trusted).ok());
        let last = last.filter(|receipt| receipt.by == link.own);
        let receipted = match parts.believes_broker {
            true => Seq(parts.kept.believed()?),
            false => last.as_ref().map_or(Seq(0), |receipt| receipt.upto),
        };
        Ok(Self {
            link,
            outbox: Outbox::new(
                receipted,
                block_in_place(|| parts.history.head())?.seq,
                link.now(),
            ),
            connection,
            inbox: Inbox {
                room: parts.room.clone(),
                trusted: link.trusted.clone(),
                kept: parts.kept.clone(),
                clerk: parts.clerk.clone(),
                replicas: parts.replicas.clone(),
                orders: parts.orders.clone(),
            },
            speech,
            rooms_rx: parts.clerk.watch(),
            checkpoints_rx: parts.witnesses.subscribe(),
            command: JoinSet::new(),
            correlation: None,
            commands: VecDeque::new(),
            statement_sent: None,
            statement_at: 0,
            statement_wait: 0,
            tick,
            broker,
            connected: false,
            settled: u64::MAX,
            heard: link.now(),
            state_said: None,
            state_stale: true,
            presence_said: 0,
            receipt: last,
            unkept: None,
            kept: link.now(),
            believed: VecDeque::new(),
        })
    }

    /// What comes next. Safe to cancel.
    pub(super) async fn next(&mut self) -> anyhow::Result<Input> {
        loop {
            let input = tokio::select! {
                heard = self.connection.next() => Input::Heard(heard?),
                Some(judged) = self.command.join_next() => Input::Judged(Box::new(judged??)),
                changed = self.rooms_rx.changed() => {
                    changed.context("the daemon is stopping")?;
                    Input::Room(self.rooms_rx.borrow_and_update().seq)
                }
                checkpoint = self.checkpoints_rx.recv() => match checkpoint {
                    Ok(checkpoint) => Input::Checkpoint(checkpoint),
                    // each later one covers what the lost ones said
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    Err(broadcast::error::RecvError::Closed) => anyhow::bail!("the daemon is stopping"),
                },
                _ = self.tick.tick() => Input::Tick,
            };
            return Ok(input);
        }
    }

    pub(super) fn handle(&mut self, input: Input) -> anyhow::Result<()> {
        let now = self.link.now();
        match input {
            Input::Heard(heard) => {
                self.heard = now;
                self.hear(heard, now)?;
                // one look at the journal for all that came at once
                for _ in 0..256 {
                    let Some(heard) = self.connection.next_now() else {
                        break;
                    };
                    self.hear(heard, now)?;
                }
            }
            Input::Room(seq) => {
                self.outbox.grown(seq, now);
                self.state_stale = true;
            }
            Input::Checkpoint(checkpoint) => {
                if self.connected && !self.is_fenced() {
                    let message = self.speech.checkpoint((*checkpoint).clone())?;
                    self.connection.publisher.publish(message);
                }
            }
            Input::Judged(judged) => self.answer(*judged)?,
            Input::Tick => self.tick(now)?,
        }
        self.speak(now)
    }

    fn hear(&mut self, heard: Heard, now: u64) -> anyhow::Result<()> {
        match heard {
            Heard::Connected { .. } => {
                self.connected = true;
                self.settled = now.saturating_add(SETTLE);
                tracing::info!(broker = self.broker, "linked to the hub's broker");
                self.say_presence(now)?;
                let broker = self.broker.clone();
                self.link.standing_tx.send_modify(|standing| {
                    standing.broker = Some(broker);
                    standing.fault = None;
                });
            }
            Heard::Message {
                topic,
                payload,
                correlation,
                ..
            } => self.hear_message(&topic, payload, correlation, now)?,
            Heard::Acknowledged => self.broker_acknowledged(now)?,
            Heard::Alive => {}
        }
        Ok(())
    }

    fn hear_message(
        &mut self,
        topic: &str,
        payload: Bytes,
        correlation: Option<Bytes>,
        now: u64,
    ) -> anyhow::Result<()> {
        if topic == self.speech.topics.hub_presence() {
            // anybody may say so: it only paces what is sent
            if let Ok(hub) = Envelope::<HubPresence>::read(&payload) {
                let there = hub.data.online;
                if there && !self.outbox.has_hub() {
                    self.settled = self.settled.max(now + SETTLE);
                    // a hub that has lost its store must learn who is here
                    self.presence_said = 0;
                }
                self.outbox
                    .hub(there || self.link.parts.believes_broker, now);
                self.link
                    .standing_tx
                    .send_modify(|standing| standing.hub = there);
            }
            return Ok(());
        }
        match self.speech.topics.read(topic) {
            Some((room, Kind::Receipt)) if room == self.speech.room => {
                self.hear_receipt(&payload, now)
            }
            Some((room, Kind::Commands)) if room == self.speech.room => {
                self.hear_command(payload, correlation);
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn distrust(&self, trespass: Trespass) {
        tracing::warn!(?trespass, "somebody is not who he should be");
        let at = self.link.wall();
        self.link
            .standing_tx
            .send_modify(|standing| standing.distrusted = Some(at));
        // a flood of them is told by the first
        drop(self.link.parts.trespasses_tx.try_send(trespass));
    }

    /// For the control only: what the broker has taken is believed to be at the hub.
    fn broker_acknowledged(&mut self, now: u64) -> anyhow::Result<()> {
        if !self.link.parts.believes_broker {
            return Ok(());
        }
        if let Some(seq) = self.believed.pop_front() {
            self.outbox.receipt(seq, now);
            block_in_place(|| self.link.parts.kept.keep_believed(seq.0))?;
        }
        Ok(())
    }

    fn tick(&mut self, now: u64) -> anyhow::Result<()> {
        anyhow::ensure!(
            now.saturating_sub(self.heard) < BROKER_SILENCE,
            "服务器没有回应 / the broker does not answer"
        );
        if now.saturating_sub(self.kept) >= KEEP
            && let Some(message) = self.unkept.take()
        {
            block_in_place(|| self.link.parts.kept.keep_receipt(&message))?;
            self.kept = now;
        }
        if !self.connected {
            return Ok(());
        }
        if self.outbox.tick(now) {
            tracing::debug!(
                receipted = self.outbox.receipted().0,
                "no receipt: what is under way goes out again"
            );
        }
        if now.saturating_sub(self.presence_said) >= PRESENCE && !self.is_fenced() {
            self.say_presence(now)?;
        }
        let (receipted, unreceipted) = (self.outbox.receipted(), self.outbox.unreceipted());
        self.link.standing_tx.send_if_modified(|standing| {
            let changed = (standing.receipted, standing.unreceipted) != (receipted, unreceipted);
            (standing.receipted, standing.unreceipted) = (receipted, unreceipted);
            changed
        });
        Ok(())
    }

    /// Sends what is due.
    fn speak(&mut self, now: u64) -> anyhow::Result<()> {
        if !self.connected || self.is_fenced() {
            return Ok(());
        }
        let since = self.state_said.map(|said| now.saturating_sub(said));
        let due = since
            .is_none_or(|since| since >= STATE_AGE || (self.state_stale && since >= STATE_PACE));
        if due {
            let mut state = (self.link.parts.fold)();
            state.unreceipted = self.outbox.unreceipted();
            let message = self.speech.state(state)?;
            if self.connection.publisher.publish(message) {
                self.state_said = Some(now);
                self.state_stale = false;
            }
        }
        self.send_statement(now)?;
        self.send_events(now)
    }

    /// Whether what is not to be lost may go out now.
    pub(super) fn may_send(&self, now: u64) -> bool {
        now >= self.settled && !self.link.standing_tx.borrow().not_admitted
    }

    fn send_events(&mut self, now: u64) -> anyhow::Result<()> {
        let Some((after, many)) = self.outbox.due() else {
            return Ok(());
        };
        if !self.may_send(now) {
            return Ok(());
        }
        tracing::trace!(after = after.0, many, "entries go out");
        let limit = usize::try_from(many).unwrap_or(1);
        let history = &self.link.parts.history;
        for (seq, line) in block_in_place(|| history.lines(after, limit))? {
            let message = self.speech.event(seq, &line)?;
            if !self.connection.publisher.publish(message) {
                break;
            }
            self.outbox.sent(seq, now);
            if self.link.parts.believes_broker {
                self.believed.push_back(seq);
            }
        }
        Ok(())
    }

    fn say_presence(&mut self, now: u64) -> anyhow::Result<()> {
        let message = self.speech.presence(true, self.link.wall())?;
        self.connection.publisher.publish(message);
        self.presence_said = now;
        Ok(())
    }

    fn is_fenced(&self) -> bool {
        self.link.standing_tx.borrow().fenced
    }
}
