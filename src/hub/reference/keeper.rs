//! Owns the hub's one writer: messages and wishes in, in batches; what is stored is on the disk before anybody hears of it.

use super::board::{Board, BoardView};
use super::evaluation::Evaluation;
use super::handle::HubError;
use super::intake::{Arrived, Intake, Taken};
use super::look::{evaluations, trail, waiting};
use super::store::Store;
use super::words::Words;
use crate::clerk::Clock;
use crate::config::{CityId, RoomId};
use crate::hub::contract::{HubOrder, Key, Kind, Sender, Signed, Topics};
use crate::hub::mqtt::{Message, Quality};
use crate::keys::Keys;
use crate::room::{CommandId, SessionId, Utc};
use rusqlite::params;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Wishes that go into one write.
const BATCH: usize = 512;
/// How often a command that was not answered is sent again, ms.
const AGAIN: u64 = 5_000;

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
    Order(SessionId, Box<HubOrder>, Answer<Vec<CommandId>>),
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
    pub(super) broker_rx: watch::Receiver<Option<String>>,
    pub(super) sent_again: u64,
}

impl Keeper {
    /// Works until nobody asks any more.
    ///
    /// # Errors
    /// The database cannot be written. Nothing that was not written was receipted.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let mut tick = interval(Duration::from_millis(500));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self = blocking(self, Keeper::look).await??.0;
        loop {
            let Some(wishes) = self.next(&mut tick).await else {
                return Ok(());
            };
            self = blocking(self, move |keeper| keeper.carry_out(wishes))
                .await??
                .0;
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
                | Wish::Order(..)
                | Wish::Admit(..)) => asked.push(other),
            }
        }
        if !messages.is_empty() {
            self.take(&messages)?;
        }
        let looks = !asked.is_empty();
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

    /// Stores messages; then the rooms hear how far they are stored.
    fn take(&mut self, messages: &[Arrived]) -> anyhow::Result<()> {
        let mut batch = self.store.batch()?;
        let mut intake = Intake {
            batch: &mut batch,
            rooms: &self.rooms,
            taken: Taken::default(),
        };
        for message in messages {
            intake.take(message)?;
        }
        let taken = intake.taken;
        batch.commit()?;
        if taken.stored + taken.known + taken.refused > 0 {
            let (stored, known, refused) = (taken.stored, taken.known, taken.refused);
            tracing::debug!(stored, known, refused, "taken");
        }
        for room in &taken.receipts {
            self.say_receipt(room)?;
        }
        for news in taken.news {
            self.board.take(news);
        }
        Ok(())
    }

    fn wish(&mut self, wish: Wish) -> anyhow::Result<()> {
        let now = self.clock.now().stamp.at;
        match wish {
            Wish::Arrived(arrived) => self.take(&[arrived])?,
            Wish::Stray(at) => {
                let mut batch = self.store.batch()?;
                batch.refuse(at, None, "topic", "unknown-topic")?;
                batch.commit()?;
            }
            Wish::SayReceipts => {
                let rooms: Vec<RoomId> = self.store.places().keys().cloned().collect();
                for room in &rooms {
                    self.say_receipt(room)?;
                }
                self.send_again(now)?;
            }
            Wish::Plan(evaluation, answer_tx) => answer(answer_tx, self.plan(&evaluation, now)),
            Wish::Order(id, order, answer_tx) => {
                answer(answer_tx, self.order_all(&id, &order, now));
            }
            Wish::Admit(room, by, answer_tx) => answer(answer_tx, self.admit(&room, by, now)),
        }
        Ok(())
    }

    fn say_receipt(&mut self, room: &RoomId) -> anyhow::Result<()> {
        let at = self.clock.now().stamp.at;
        let Some(place) = self.store.places().get(room) else {
            return Ok(());
        };
        let receipt = place.receipt(room, at);
        let signed = Signed::new(&receipt, Key(self.keys.public_key()), |b| self.keys.sign(b))?;
        let id = format!("receipt/{room}/{}/{}/{}", receipt.epoch, receipt.upto, at.0);
        let payload = self.sender().write(id, at, None, signed)?;
        self.say(room, Kind::Receipt, payload, true);
        Ok(())
    }

    /// Hands a message to the connection. Where that is full or gone it is lost: all of it is said again.
    fn say(&self, room: &RoomId, kind: Kind, payload: Vec<u8>, retained: bool) {
        let message = Message {
            topic: Topics::of(&self.city).topic(room, kind),
            payload: payload.into(),
            quality: Quality::Acknowledged,
            retained,
        };
        drop(self.outgoing_tx.try_send(message));
    }

    fn sender(&self) -> Sender {
        Sender {
            source: format!("/bidroom/{}", self.city),
            by: None,
        }
    }

    fn plan(&mut self, evaluation: &Evaluation, now: Utc) -> Result<(), HubError> {
        evaluation.check(&self.fold(now))?;
        let batch = self.store.batch()?;
        let text = serde_json::to_string(evaluation)?;
        batch.tx().execute(
            "INSERT INTO evaluations (id, made, evaluation) VALUES (?1, ?2, ?3)",
            params![evaluation.id.as_str(), now.0, text],
        )?;
        let mut messages = Vec::new();
        for (room, order) in evaluation.orders() {
            let words = Words {
                keys: &self.keys,
                city: &self.city,
            };
            let (_, message) = words.keep(batch.tx(), &room, order, &evaluation.id, now)?;
            messages.push((room, message));
        }
        batch.commit()?;
        for (room, message) in messages {
            self.say(&room, Kind::Commands, message, false);
        }
        Ok(())
    }

    fn order_all(
        &mut self,
        id: &SessionId,
        order: &HubOrder,
        now: Utc,
    ) -> Result<Vec<CommandId>, HubError> {
        let mut evaluations = self.board.evaluations.iter();
        let known = evaluations.find(|known| known.evaluation.id == *id);
        let known = known.ok_or(HubError::NotFound)?;
        let rooms: Vec<RoomId> = known
            .evaluation
            .venues
            .iter()
            .map(|venue| venue.room.clone())
            .collect();
        let batch = self.store.batch()?;
        let (mut ids, mut messages) = (Vec::new(), Vec::new());
        for room in rooms {
            let words = Words {
                keys: &self.keys,
                city: &self.city,
            };
            let (command, message) = words.keep(batch.tx(), &room, order.clone(), id, now)?;
            ids.push(command);
            messages.push((room, message));
        }
        batch.commit()?;
        for (room, message) in messages {
            self.say(&room, Kind::Commands, message, false);
        }
        Ok(ids)
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

    /// Sends again what was not answered and still holds.
    fn send_again(&mut self, now: Utc) -> anyhow::Result<()> {
        let batch = self.store.batch()?;
        let open: Vec<(String, Vec<u8>)> = {
            let mut open = batch.tx().prepare_cached(
                "SELECT room, message FROM commands WHERE reply IS NULL AND expires > ?1 ORDER BY issued LIMIT 200",
            )?;
            let rows = open.query_map([now.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<Result<_, _>>()?
        };
        drop(batch);
        for (room, message) in open {
            if let Ok(room) = room.parse() {
                self.say(&room, Kind::Commands, message, false);
            }
        }
        Ok(())
    }

    /// Reads anew what the board shows of the database.
    fn look(&mut self) -> anyhow::Result<()> {
        let now = self.clock.now().stamp.at;
        let batch = self.store.batch()?;
        self.board.evaluations = evaluations(batch.tx(), now)?;
        self.board.waiting = waiting(batch.tx())?;
        self.board.trail = trail(batch.tx())?;
        Ok(())
    }

    fn fold(&self, at: Utc) -> BoardView {
        let broker = self.broker_rx.borrow().clone();
        self.board.fold(at, broker, self.store.places())
    }

    fn show(&self) {
        self.board_tx
            .send_replace(Arc::new(self.fold(self.clock.now().stamp.at)));
    }
}

/// Runs the keeper's work on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(
    mut keeper: Keeper,
    work: impl FnOnce(&mut Keeper) -> anyhow::Result<T> + Send + 'static,
) -> Result<anyhow::Result<(Keeper, T)>, tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || {
        let done = work(&mut keeper)?;
        Ok((keeper, done))
    })
    .await
}

fn answer<T>(answer_tx: Answer<T>, outcome: Result<T, HubError>) {
    // whoever asked may have gone; what was done holds all the same
    drop(answer_tx.send(outcome));
}
