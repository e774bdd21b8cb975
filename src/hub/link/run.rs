//! Owns the link's life: one connection after the other, over the brokers in turn, with back-off; and what is done over each.

use super::inbox::{Inbox, Judged};
use super::kept::Kept;
use super::outbox::Outbox;
use super::speech::Speech;
use super::standing::{Standing, Trespass};
use crate::archive::checkpoints::{SignedCheckpoint, Witnesses};
use crate::clerk::{ClerkHandle, Clock, RoomAt};
use crate::config::{Broker, HubLink, RoomId};
use crate::hub::contract::{Envelope, HubPresence, Key, Kind, PublicState, Receipt, Signed};
use crate::hub::mqtt::{Connection, Heard, Terms, Tls, connect, may_speak_otherwise};
use crate::journal::{LineHash, Reader};
use crate::keys::Keys;
use crate::room::{Seq, Utc};
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

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
/// A broker that says nothing for so long is gone, ms: it is asked every five seconds.
const BROKER_SILENCE: u64 = 12_000;
/// Back-off between attempts, ms: the shortest and the longest.
const BACK_OFF: (u64, u64) = (200, 15_000);
/// After a connection is made or the hub comes back, its fresh receipt is waited for, ms: what was stored meanwhile is not sent again.
const SETTLE: u64 = 300;
/// Commands that may be under way at the clerk.
const COMMANDS: usize = 16;

/// What the link is made of.
pub struct Parts {
    /// The profile's section.
    pub settings: HubLink,
    /// The room's id.
    pub room: RoomId,
    /// The box's keys.
    pub keys: Keys,
    /// Where commands go.
    pub clerk: ClerkHandle,
    /// The journal, over a connection of its own.
    pub history: Reader,
    /// Checkpoints as they are stated.
    pub witnesses: Witnesses,
    /// What the link keeps.
    pub kept: Kept,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Folds the public state.
    pub fold: Arc<dyn Fn() -> PublicState + Send + Sync>,
    /// What others tried that they may not.
    pub trespasses_tx: mpsc::Sender<Trespass>,
    /// UNSAFE: believes the broker's acknowledgement. Only to prove that the tests can see a loss.
    pub believes_broker: bool,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("room", &self.room)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The room's link to its hub.
#[derive(Debug)]
pub struct Link {
    parts: Parts,
    tls: Tls,
    own: Key,
    trusted: Vec<Key>,
    standing_tx: watch::Sender<Standing>,
}

impl Link {
    /// Reads the certificates. Connects to nothing yet.
    ///
    /// # Errors
    /// A certificate that cannot be read; it is named.
    pub fn new(parts: Parts) -> anyhow::Result<(Self, watch::Receiver<Standing>)> {
        let tls = Tls::load(&parts.settings.brokers).context("[hub] certificate, ca")?;
        let own = Key(parts.keys.public_key());
        let trusted = parts.settings.keys.iter().copied().map(Key).collect();
        let (standing_tx, standing_rx) = watch::channel(Standing::default());
        let link = Self {
            parts,
            tls,
            own,
            trusted,
            standing_tx,
        };
        Ok((link, standing_rx))
    }

    /// Keeps the link up, for ever.
    pub async fn run(self) {
        let brokers = &self.parts.settings.brokers.brokers;
        let mut old = vec![false; brokers.len()];
        let mut failures = 0_u32;
        for turn in (0..brokers.len()).cycle() {
            let broker = &brokers[turn];
            let began = self.now();
            let Err(fault) = self.run_once(broker, old[turn]).await;
            let stood = self.standing_tx.borrow().broker.is_some();
            if !stood && may_speak_otherwise(&fault) {
                old[turn] = !old[turn];
                tracing::info!(%broker, old = old[turn], "this broker is spoken to in the other version of MQTT");
            }
            failures = match stood && self.now().saturating_sub(began) > BROKER_SILENCE {
                true => 0,
                false => failures.saturating_add(1),
            };
            let told = format!("{fault:#}");
            tracing::warn!(%broker, fault = told, failures, "no link to the hub");
            self.standing_tx.send_modify(|standing| {
                standing.broker = None;
                standing.hub = false;
                standing.fault = Some(told);
            });
            sleep(self.back_off(failures)).await;
        }
    }

    /// Twice as long after each failure, and never the same for two rooms: they do not all come back at once.
    fn back_off(&self, failures: u32) -> Duration {
        let (least, most) = BACK_OFF;
        let longest = least.saturating_mul(1 << failures.min(10)).min(most);
        Duration::from_millis(longest / 2 + rand::random::<u64>() % (longest / 2 + 1))
    }

    fn now(&self) -> u64 {
        self.parts.clock.now().stamp.mono
    }

    fn wall(&self) -> Utc {
        self.parts.clock.now().stamp.at
    }

    /// One connection, until it ends.
    async fn run_once(
        &self,
        broker: &Broker,
        old: bool,
    ) -> Result<std::convert::Infallible, anyhow::Error> {
        let parts = &self.parts;
        let boot = parts.clock.now().stamp.boot;
        let mut speech = Speech::new(&parts.settings.city, &parts.room, self.own, boot);
        let topics = &speech.topics;
        let of_hub = Kind::OF_HUB.map(|kind| topics.topic(&parts.room, kind));
        let mut subscriptions = vec![topics.hub_presence()];
        subscriptions.extend(of_hub);
        let terms = Terms {
            // two boxes in one room's place must not throw each other out
            client_id: format!("{}-{}", parts.room, &self.own.to_string()[..8]),
            will: speech.presence(false, self.wall())?,
            subscriptions,
            old,
        };
        let connection = connect(broker, &self.tls, terms)?;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let last = parts.kept.receipt()?;
        let last = last.and_then(|signed| signed.open(&self.trusted).ok());
        let last = last.filter(|receipt| receipt.by == self.own);
        let receipted = match parts.believes_broker {
            true => Seq(parts.kept.believed()?),
            false => last.as_ref().map_or(Seq(0), |receipt| receipt.upto),
        };
        let mut line = Line {
            link: self,
            outbox: Outbox::new(receipted, parts.history.head()?.seq, self.now()),
            connection,
            inbox: Inbox {
                room: parts.room.clone(),
                trusted: self.trusted.clone(),
                kept: parts.kept.clone(),
                clerk: parts.clerk.clone(),
            },
            speech,
            rooms_rx: parts.clerk.watch(),
            checkpoints_rx: parts.witnesses.subscribe(),
            commands: JoinSet::new(),
            tick,
            broker: broker.to_string(),
            connected: false,
            settled: u64::MAX,
            heard: self.now(),
            state_said: None,
            state_stale: true,
            presence_said: 0,
            receipt: last,
            unkept: None,
            kept: self.now(),
            believed: Vec::new().into(),
        };
        loop {
            let input = line.next().await?;
            line.handle(input)?;
        }
    }
}

/// What a line wakes up for.
enum Input {
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
struct Line<'a> {
    link: &'a Link,
    connection: Connection,
    outbox: Outbox,
    inbox: Inbox,
    speech: Speech,
    rooms_rx: watch::Receiver<RoomAt>,
    checkpoints_rx: broadcast::Receiver<Arc<SignedCheckpoint>>,
    commands: JoinSet<anyhow::Result<Judged>>,
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
    receipt: Option<Receipt>,
    /// Its message, until it is kept on the disk.
    unkept: Option<Vec<u8>>,
    /// When one was last kept.
    kept: u64,
    /// Entries that the broker is to acknowledge, where it is believed.
    believed: std::collections::VecDeque<Seq>,
}

impl Line<'_> {
    async fn next(&mut self) -> anyhow::Result<Input> {
        loop {
            let input = tokio::select! {
                heard = self.connection.next() => Input::Heard(heard?),
                Some(judged) = self.commands.join_next() => Input::Judged(Box::new(judged??)),
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

    fn handle(&mut self, input: Input) -> anyhow::Result<()> {
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
            Heard::Connected => {
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
            Heard::Message { topic, payload, .. } => self.hear_message(&topic, &payload, now)?,
            Heard::Acknowledged => self.broker_acknowledged(now)?,
            Heard::Alive => {}
        }
        Ok(())
    }

    fn hear_message(&mut self, topic: &str, payload: &[u8], now: u64) -> anyhow::Result<()> {
        if topic == self.speech.topics.hub_presence() {
            // anybody may say so: it only paces what is sent
            if let Ok(hub) = Envelope::<HubPresence>::read(payload) {
                let there = hub.data.online;
                if there && !self.outbox.has_hub() {
                    self.settled = self.settled.max(now + SETTLE);
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
                self.hear_receipt(payload, now)
            }
            Some((room, Kind::Commands)) if room == self.speech.room => {
                if self.commands.len() < COMMANDS {
                    let (inbox, message) = (self.inbox.clone(), payload.to_vec());
                    let at = self.link.wall();
                    self.commands
                        .spawn(async move { Ok(inbox.take(&message, at).await?) });
                } else {
                    tracing::warn!("too many commands of the hub at once; it asks again");
                }
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }

    fn hear_receipt(&mut self, payload: &[u8], now: u64) -> anyhow::Result<()> {
        let parts = &self.link.parts;
        if parts.believes_broker {
            return Ok(());
        }
        let opened = match Envelope::<Signed<Receipt>>::read(payload) {
            Ok(envelope) => envelope.data.open(&self.link.trusted),
            Err(unreadable) => {
                tracing::warn!(%unreadable, "a receipt that cannot be read");
                Err(crate::hub::contract::Distrust::Unreadable)
            }
        };
        let receipt = match opened {
            Ok(receipt) if receipt.room == self.speech.room => receipt,
            Ok(_) => {
                return self.distrust(Trespass::Receipt(
                    crate::hub::contract::Distrust::Unreadable,
                ));
            }
            Err(distrust) => return self.distrust(Trespass::Receipt(distrust)),
        };
        if receipt.by != self.link.own {
            let fenced = self
                .receipt
                .as_ref()
                .is_some_and(|own| receipt.epoch > own.epoch);
            let waits = self.receipt.is_none();
            if fenced {
                tracing::error!(epoch = receipt.epoch, "another box has this room's place");
            }
            self.link.standing_tx.send_modify(|standing| {
                standing.fenced |= fenced;
                standing.not_admitted = waits;
            });
            if fenced {
                self.outbox.hub(false, now);
            }
            return Ok(());
        }
        // what the broker kept, or somebody says again, may be older than what is known. A hub whose clock was set back may
        // go on all the same; only one that has lost entries must say so later than it said that it had them
        if let Some(known) = &self.receipt
            && (receipt.epoch < known.epoch
                || (receipt.upto < known.upto && receipt.at <= known.at))
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
        // kept once a second: what is older only costs some entries that are known already
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
        let lines = self.link.parts.history.lines(Seq(before), 1)?;
        Ok(lines.first().is_some_and(|(seq, line)| {
            *seq == receipt.upto && LineHash::of(line).to_string() == receipt.head_sha256
        }))
    }

    fn distrust(&self, trespass: Trespass) -> anyhow::Result<()> {
        tracing::warn!(?trespass, "somebody is not who he should be");
        let at = self.link.wall();
        self.link
            .standing_tx
            .send_modify(|standing| standing.distrusted = Some(at));
        // a flood of them is told by the first
        drop(self.link.parts.trespasses_tx.try_send(trespass));
        Ok(())
    }

    fn answer(&mut self, judged: Judged) -> anyhow::Result<()> {
        if let Some(trespass) = judged.trespass {
            self.distrust(trespass)?;
        }
        let message = self.speech.reply(judged.reply, self.link.wall())?;
        self.connection.publisher.publish(message);
        Ok(())
    }

    /// For the control only: what the broker has taken is believed to be at the hub.
    fn broker_acknowledged(&mut self, now: u64) -> anyhow::Result<()> {
        if !self.link.parts.believes_broker {
            return Ok(());
        }
        if let Some(seq) = self.believed.pop_front() {
            self.outbox.receipt(seq, now);
            self.link.parts.kept.keep_believed(seq.0)?;
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
            self.link.parts.kept.keep_receipt(&message)?;
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
        self.send_events(now)
    }

    fn send_events(&mut self, now: u64) -> anyhow::Result<()> {
        let Some((after, many)) = self.outbox.due() else {
            return Ok(());
        };
        if now < self.settled || self.link.standing_tx.borrow().not_admitted {
            return Ok(());
        }
        tracing::trace!(after = after.0, many, "entries go out");
        let limit = usize::try_from(many).unwrap_or(1);
        for (seq, line) in self.link.parts.history.lines(after, limit)? {
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
