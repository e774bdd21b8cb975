//! Owns the hub's one writer: messages and wishes in, in batches; what is stored is on the disk before anybody hears of it.

use super::board::{Board, BoardView};
use super::database::DatabaseError;
use super::evaluation::Evaluation;
use super::flood::{Flood, Told};
use super::handle::HubError;
use super::intake::{Arrived, Intake, News, Taken};
use super::look::{archives, evaluations, relays, statements, trail, waiting};
use super::orders;
use super::receiver::Reached;
use super::store::Store;
use super::words::{self, Words};
use crate::clerk::Clock;
use crate::config::{CityId, RoomId};
use crate::hub::contract::{HubOrder, Key, Kind, Sender, Signed, Topics};
use crate::hub::mqtt::{Beside, Message, Quality};
use crate::keys::Keys;
use crate::room::{Note, Policies, SessionId, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

/// Wishes that go into one write.
const BATCH: usize = 512;
/// How often a command that was not answered is sent again, ms.
const AGAIN: u64 = 5_000;
/// How soon a database elsewhere is asked for again.
const RECONNECT: Duration = Duration::from_secs(1);

/// An answer's way back.
pub(super) type Answer<T> = oneshot::Sender<Result<T, HubError>>;

/// What the keeper is asked.
#[derive(Debug)]
pub(super) enum Wish {
    /// To take a message.
    Arrived(Arrived),
    /// A message that belongs to no room's topic came.
    Stray(Utc),
    /// To say all receipts: the broker may have forgotten them.
    SayReceipts,
    Plan(Box<Evaluation>, Answer<()>),
    Change(Box<Evaluation>, Answer<()>),
    SetPolicies(SessionId, Box<Option<Policies>>, Answer<()>),
    Cancel(SessionId, Note, Answer<()>),
    /// To have a room asked for something beside plans.
    Ask(RoomId, Box<HubOrder>, Answer<()>),
    /// To send a room an order that the pool's owner has drawn.
    GiveOrder(RoomId, SessionId, Vec<u8>, Answer<()>),
    Admit(RoomId, Key, Answer<()>),
}

/// The writer.
pub(super) struct Keeper {
    pub(super) store: Store,
    pub(super) keys: Keys,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) city: CityId,
    pub(super) rooms: BTreeSet<RoomId>,
    pub(super) board: Board,
    pub(super) wishes_rx: mpsc::Receiver<Wish>,
    pub(super) outgoing_tx: mpsc::Sender<Message>,
    pub(super) board_tx: watch::Sender<Arc<BoardView>>,
    /// When it last went round, by the monotonic clock, ms.
    pub(super) round_tx: watch::Sender<u64>,
    pub(super) broker_rx: watch::Receiver<Option<Reached>>,
    pub(super) sent_again: u64,
    pub(super) flood: Flood,
}

impl Keeper {
    /// Works until nobody asks any more.
    ///
    /// # Errors
    /// The database's file cannot be written. Nothing that was not written was receipted. A database elsewhere is waited for: what
    /// was not committed the rooms send again.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let mut tick = interval(Duration::from_millis(500));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut done;
        (self, done) = blocking(self, Keeper::look).await?;
        loop {
            self.round_tx.send_replace(self.clock.now().stamp.mono);
            if let Err(fault) = done {
                anyhow::ensure!(self.store.is_remote(), fault);
                tracing::error!(
                    fault = format!("{fault:#}"),
                    "the database is asked for again"
                );
                sleep(RECONNECT).await;
                (self, done) = blocking(self, |keeper| {
                    keeper.store.reopen()?;
                    keeper.look()
                })
                .await?;
                continue;
            }
            let Some(wishes) = self.next(&mut tick).await else {
                return Ok(());
            };
            (self, done) = blocking(self, move |keeper| keeper.carry_out(wishes)).await?;
        }
    }

    /// What has come; nothing where only time has passed.
    async fn next(&mut self, tick: &mut Interval) -> Option<Vec<Wish>> {
        let mut wishes = Vec::new();
        tokio::select! {
            many = self.wishes_rx.recv_many(&mut wishes, BATCH) => (many > 0).then_some(wishes),
            _ = tick.tick() => Some(wishes),
        }
    }

    fn carry_out(&mut self, wishes: Vec<Wish>) -> anyhow::Result<()> {
        let mut messages = Vec::new();
        let mut asked = Vec::new();
        for wish in wishes {
            match wish {
                Wish::Arrived(arrived) => messages.push(arrived),
                other @ (Wish::Stray(_)
                | Wish::SayReceipts
                | Wish::Plan(..)
                | Wish::Change(..)
                | Wish::SetPolicies(..)
                | Wish::Cancel(..)
                | Wish::Ask(..)
                | Wish::GiveOrder(..)
                | Wish::Admit(..)) => asked.push(other),
            }
        }
        let mut looks = !asked.is_empty();
        if !messages.is_empty() {
            looks |= self.take(&messages)?;
        }
        for wish in asked {
            self.wish(wish)?;
        }
        let now = self.clock.now().stamp;
        if now.mono.saturating_sub(self.sent_again) >= AGAIN {
            self.sent_again = now.mono;
            self.send_again(now.at)?;
            self.look()?;
        } else if looks {
            self.look()?;
        }
        self.show();
        Ok(())
    }

    /// Stores messages; then the rooms hear how far they are stored. Whether the board is to be read anew.
    fn take(&mut self, messages: &[Arrived]) -> anyhow::Result<bool> {
        let mut batch = self.store.batch()?;
        let mut intake = Intake {
            batch: &mut batch,
            rooms: &self.rooms,
            flood: &mut self.flood,
            taken: Taken::default(),
        };
        for message in messages {
            intake.take(message)?;
        }
        let taken = intake.taken;
        let now = self.clock.now().stamp.at;
        let words = Words {
            keys: &self.keys,
            city: &self.city,
        };
        // with the entry, or not at all: a hub that dies here finds both again
        for asked in &taken.draws {
            words.keep(batch.db(), &asked.room, asked.signed(&self.keys), now)?;
        }
        batch.commit()?;
        if taken.stored + taken.known + taken.refused > 0 {
            let (stored, known, refused) = (taken.stored, taken.known, taken.refused);
            tracing::debug!(stored, known, refused, "taken");
        }
        for room in &taken.receipts {
            self.say_receipt(room)?;
        }
        let mut came = BTreeSet::new();
        for news in taken.news {
            if let News::Presence(room, presence) = &news
                && presence.online
            {
                came.insert(room.clone());
            }
            self.board.take(news);
        }
        let asked = taken.draws.into_iter().map(|asked| asked.room);
        for room in &came.into_iter().chain(asked).collect::<BTreeSet<_>>() {
            self.send_open(room, now)?;
        }
        Ok(taken.looks)
    }

    fn wish(&mut self, wish: Wish) -> anyhow::Result<()> {
        let now = self.clock.now().stamp.at;
        match wish {
            Wish::Arrived(arrived) => {
                self.take(&[arrived])?;
            }
            Wish::Stray(at) => {
                let reason = match self.flood.count(None, "topic", "unknown-topic", at) {
                    Told::Yes => "unknown-topic",
                    Told::More => "more-like-it",
                    Told::No => return Ok(()),
                };
                let mut batch = self.store.batch()?;
                batch.refuse(at, None, "topic", reason)?;
                batch.commit()?;
            }
            Wish::SayReceipts => {
                let rooms: Vec<RoomId> = self.store.holders().keys().cloned().collect();
                for room in &rooms {
                    self.say_receipt(room)?;
                }
                self.send_again(now)?;
            }
            Wish::Plan(evaluation, answer_tx) => answer(answer_tx, self.plan(&evaluation, now)),
            Wish::Change(evaluation, answer_tx) => {
                answer(answer_tx, self.change(&evaluation, now));
            }
            Wish::SetPolicies(id, policies, answer_tx) => {
                answer(answer_tx, self.set_policies(&id, *policies, now));
            }
            Wish::Cancel(id, reason, answer_tx) => {
                answer(answer_tx, self.cancel(&id, &reason, now));
            }
            Wish::Ask(room, order, answer_tx) => {
                answer(answer_tx, self.ask_room(room, *order, now));
            }
            Wish::GiveOrder(room, session, container, answer_tx) => {
                let given = self.give_order(room, session, &container, now);
                answer(answer_tx, given);
            }
            Wish::Admit(room, by, answer_tx) => answer(answer_tx, self.admit(&room, by, now)),
        }
        Ok(())
    }

    fn say_receipt(&mut self, room: &RoomId) -> anyhow::Result<()> {
        let at = self.clock.now().stamp.at;
        let Some(holder) = self.store.holders().get(room) else {
            return Ok(());
        };
        let receipt = holder.receipt(room, at);
        let signed = Signed::new(&receipt, Key(self.keys.public_key()), |b| self.keys.sign(b))?;
        let id = format!("receipt/{room}/{}/{}/{}", receipt.epoch, receipt.upto, at.0);
        let payload = self.sender().write(id, at, None, signed)?;
        self.say(room, Kind::Receipt, payload, Beside::default());
        Ok(())
    }

    /// Hands a message to the connection. Where that is full or gone it is lost: all of it is said again.
    fn say(&self, room: &RoomId, kind: Kind, payload: Vec<u8>, beside: Beside) {
        let message = Message {
            topic: Topics::of(&self.city).topic(room, kind),
            payload: payload.into(),
            quality: Quality::Acknowledged,
            retained: kind == Kind::Receipt,
            beside,
        };
        drop(self.outgoing_tx.try_send(message));
    }

    fn sender(&self) -> Sender {
        Sender {
            source: format!("/bidroom/{}", self.city),
            by: None,
        }
    }

    fn admit(&mut self, room: &RoomId, by: Key, now: Utc) -> Result<(), HubError> {
        if !self
            .board
            .waiting
            .iter()
            .any(|waits| waits.room == *room && waits.by == by)
        {
            return Err(HubError::NotFound);
        }
        let mut batch = self.store.batch()?;
        batch.admit(room, by, now)?;
        batch.commit()?;
        tracing::info!(%room, "another box has the room's place");
        if let Err(error) = self.say_receipt(room) {
            tracing::error!(%error, "the receipt was not said");
        }
        Ok(())
    }

    /// Sends again what was not answered and still holds, to the rooms that are there.
    fn send_again(&mut self, now: Utc) -> anyhow::Result<()> {
        let there = self.rooms.iter().filter(|room| self.board.is_online(room));
        let there: Vec<RoomId> = there.cloned().collect();
        for room in &there {
            self.send_open(room, now)?;
        }
        Ok(())
    }

    /// The same to one room. All of it, in its order: what changes a plan must not overtake what made it.
    pub(super) fn send_open(&mut self, room: &RoomId, now: Utc) -> Result<(), HubError> {
        for open in words::open(self.store.look(), room, now)? {
            let beside = Beside {
                answer_to: Some(Topics::of(&self.city).topic(room, Kind::Replies)),
                correlation: Some(open.id.into()),
                expires: u32::try_from((open.expires.0 - now.0) / 1000).ok(),
            };
            self.say(room, Kind::Commands, open.message, beside);
        }
        Ok(())
    }

    /// Reads anew what the board shows of the database. What an other version wrote there and this one cannot read is not shown, and
    /// stops nothing.
    fn look(&mut self) -> anyhow::Result<()> {
        let now = self.clock.now().stamp.at;
        let db = self.store.look();
        fresh(&mut self.board.evaluations, evaluations(db, now))?;
        fresh(&mut self.board.archives, archives(db, now))?;
        fresh(&mut self.board.relays, relays(db, now))?;
        fresh(&mut self.board.orders, orders::orders(db, now))?;
        fresh(&mut self.board.certificates, orders::certificates(db))?;
        fresh(&mut self.board.statements, statements(db))?;
        fresh(&mut self.board.waiting, waiting(db))?;
        fresh(&mut self.board.trail, trail(db))?;
        Ok(())
    }

    pub(super) fn fold(&self, at: Utc) -> BoardView {
        let reached = self.broker_rx.borrow();
        let broker = reached.as_ref().map(|reached| reached.broker.clone());
        self.board.fold(at, broker, self.store.holders())
    }

    fn show(&self) {
        self.board_tx
            .send_replace(Arc::new(self.fold(self.clock.now().stamp.at)));
    }
}

/// Runs the keeper's work on a thread that may wait for the disk.
async fn blocking(
    mut keeper: Keeper,
    work: impl FnOnce(&mut Keeper) -> anyhow::Result<()> + Send + 'static,
) -> Result<(Keeper, anyhow::Result<()>), tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || {
        let done = work(&mut keeper);
        (keeper, done)
    })
    .await
}

fn fresh<T>(shown: &mut T, read: Result<T, DatabaseError>) -> Result<(), DatabaseError> {
    match read {
        Ok(read) => *shown = read,
        Err(damaged @ DatabaseError::Damaged(_)) => {
            tracing::error!(%damaged, "a list of the board is not read anew");
        }
        Err(error @ (DatabaseError::Sqlite(_) | DatabaseError::Postgres(_))) => return Err(error),
    }
    Ok(())
}

fn answer<T>(answer_tx: Answer<T>, outcome: Result<T, HubError>) {
    // whoever asked may have gone; what was done holds all the same
    drop(answer_tx.send(outcome));
}
