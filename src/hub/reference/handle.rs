//! Owns the hub's end for pages and programs: the board as it changes, and what an operator asks.

use super::board::BoardView;
use super::database::{Database, DatabaseError};
use super::evaluation::{Evaluation, EvaluationFault};
use super::keeper::Wish;
use super::orders::{self, UnsentOrder};
use super::store::Place;
use crate::config::RoomId;
use crate::hub::contract::{HubOrder, Key};
use crate::room::{Note, Policies, Seq, SessionId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// Connections for reading that stay open; more are opened while many read at once.
const IDLE: usize = 4;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// It cannot be planned so.
    #[error(transparent)]
    Evaluation(#[from] EvaluationFault),
    /// An order cannot be sent so.
    #[error(transparent)]
    Order(#[from] UnsentOrder),
    /// There is no such room, box or evaluation.
    #[error("没有这一项 / there is no such thing")]
    NotFound,
    /// The database's.
    #[error("数据库 / the database: {0}")]
    Database(#[from] DatabaseError),
    /// It cannot be reached now.
    #[error("数据库 / the database: {0:#}")]
    Unreached(anyhow::Error),
    /// It could not be worded.
    #[error("{0}")]
    Words(#[from] serde_json::Error),
    /// The hub is stopping.
    #[error("正在停止 / the hub is stopping")]
    Stopped,
}

/// A stored entry, as the room's journal has it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoredEvent {
    /// Of which of the room's boxes.
    pub epoch: u64,
    /// Its number.
    pub seq: Seq,
    /// The line.
    #[schemars(with = "serde_json::Value")]
    pub line: Box<RawValue>,
}

/// Asks the hub. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HubHandle {
    pub(super) wishes_tx: mpsc::Sender<Wish>,
    pub(super) board_rx: watch::Receiver<Arc<BoardView>>,
    pub(super) round_rx: watch::Receiver<u64>,
    pub(super) place: Place,
    /// Connections that nobody reads over now.
    pub(super) idle: Arc<Mutex<Vec<Database>>>,
}

impl HubHandle {
    /// The board as it changes.
    pub fn watch(&self) -> watch::Receiver<Arc<BoardView>> {
        self.board_rx.clone()
    }

    /// When the hub's writer last went round, by the monotonic clock, ms; also where it waits for a database elsewhere.
    pub fn last_round(&self) -> u64 {
        *self.round_rx.borrow()
    }

    /// Plans an evaluation: each venue is sent its part.
    ///
    /// # Errors
    /// It cannot be planned so; nothing was sent then.
    pub async fn plan(&self, evaluation: Evaluation) -> Result<(), HubError> {
        self.ask(|answer_tx| Wish::Plan(Box::new(evaluation), answer_tx))
            .await
    }

    /// Replaces an evaluation that has not begun: venues are asked to plan it, to change it, or to end their part of it.
    ///
    /// # Errors
    /// There is no such evaluation, or it cannot be planned so; nothing was sent then.
    pub async fn change(&self, evaluation: Evaluation) -> Result<(), HubError> {
        self.ask(|answer_tx| Wish::Change(Box::new(evaluation), answer_tx))
            .await
    }

    /// Gives an evaluation policies of its own; none for each room's.
    ///
    /// # Errors
    /// There is no such evaluation.
    pub async fn set_policies(
        &self,
        evaluation: SessionId,
        policies: Option<Policies>,
    ) -> Result<(), HubError> {
        self.ask(|answer_tx| Wish::SetPolicies(evaluation, Box::new(policies), answer_tx))
            .await
    }

    /// Asks all venues of an evaluation to end it before it has begun.
    ///
    /// # Errors
    /// There is no such evaluation.
    pub async fn cancel(&self, evaluation: SessionId, reason: Note) -> Result<(), HubError> {
        self.ask(|answer_tx| Wish::Cancel(evaluation, reason, answer_tx))
            .await
    }

    /// Asks a room for something beside plans: an archive, a live relay, its end.
    ///
    /// # Errors
    /// The city has no such room.
    pub async fn ask_room(&self, room: RoomId, order: HubOrder) -> Result<(), HubError> {
        self.ask(|answer_tx| Wish::Ask(room, Box::new(order), answer_tx))
            .await
    }

    /// Sends a room an order that the pool's owner has drawn: the envelope that he has encrypted to the room's certificate.
    ///
    /// # Errors
    /// The city has no such room, or that is no such envelope; nothing was sent then.
    pub async fn give_order(
        &self,
        room: RoomId,
        session: SessionId,
        container: Vec<u8>,
    ) -> Result<(), HubError> {
        self.ask(|answer_tx| Wish::GiveOrder(room, session, container, answer_tx))
            .await
    }

    /// The certificate to which orders for a room are encrypted, as its box has signed it, PEM.
    ///
    /// # Errors
    /// The box in its place has said none, or the database's.
    pub async fn certificate(&self, room: RoomId) -> Result<String, HubError> {
        self.look(move |db| orders::certificate(db, &room)).await
    }

    /// By which policies a room runs, as it said last.
    ///
    /// # Errors
    /// It has not said so yet, or the database's.
    pub async fn policies(&self, room: RoomId) -> Result<Policies, HubError> {
        self.look(move |db| {
            let row = db.row(
                "SELECT policies FROM policies WHERE room = $1",
                &[room.as_str().into()],
            )?;
            let row = row.ok_or(HubError::NotFound)?;
            Ok(serde_json::from_str(row.text(0)?)?)
        })
        .await
    }

    /// An attendance statement as the box encrypted it: CMS in DER.
    ///
    /// # Errors
    /// There is no such statement, or the database's.
    pub async fn statement(&self, room: RoomId, id: String) -> Result<Vec<u8>, HubError> {
        self.look(move |db| {
            let row = db.row(
                "SELECT container FROM statements WHERE room = $1 AND id = $2",
                &[room.as_str().into(), id.as_str().into()],
            )?;
            let row = row.ok_or(HubError::NotFound)?;
            Ok(row.bytes(0)?.to_owned())
        })
        .await
    }

    /// Puts a box that waits in its room's place. The one before it is fenced.
    ///
    /// # Errors
    /// No such box waits there.
    pub async fn admit(&self, room: RoomId, by: Key) -> Result<(), HubError> {
        self.ask(|answer_tx| Wish::Admit(room, by, answer_tx)).await
    }

    /// A room's entries, newest first, before a number of the newest epoch; `limit` at most.
    ///
    /// # Errors
    /// As the database says.
    pub async fn events(
        &self,
        room: RoomId,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, HubError> {
        self.look(move |db| events(db, &room, before, limit)).await
    }

    /// Reads over a connection that nobody else reads over; some stay open.
    async fn look<T: Send + 'static>(
        &self,
        read: impl Fn(&mut Database) -> Result<T, HubError> + Send + 'static,
    ) -> Result<T, HubError> {
        let (place, idle) = (self.place.clone(), self.idle.clone());
        let read = tokio::task::spawn_blocking(move || {
            let kept = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let last = kept().pop();
            // one that was idle may have lost its server meanwhile: a new one says whether it is there
            if let Some(mut db) = last
                && let Ok(answer) = read(&mut db)
            {
                kept().push(db);
                return Ok(answer);
            }
            let mut db = place.reader().map_err(HubError::Unreached)?;
            let answer = read(&mut db)?;
            let mut kept = kept();
            if kept.len() < IDLE {
                kept.push(db);
            }
            Ok(answer)
        });
        read.await.map_err(|_| HubError::Stopped)?
    }

    async fn ask<T>(
        &self,
        wish: impl FnOnce(oneshot::Sender<Result<T, HubError>>) -> Wish,
    ) -> Result<T, HubError> {
        let (answer_tx, answer_rx) = oneshot::channel();
        let sent = self.wishes_tx.send(wish(answer_tx)).await;
        sent.map_err(|_| HubError::Stopped)?;
        answer_rx.await.map_err(|_| HubError::Stopped)?
    }
}

fn events(
    db: &mut Database,
    room: &RoomId,
    before: Option<Seq>,
    limit: u32,
) -> Result<Vec<StoredEvent>, HubError> {
    let rows = db.rows(
        "SELECT epoch, seq, line FROM events WHERE room = $1
         AND epoch = (SELECT max(epoch) FROM boxes WHERE room = $1) AND seq < $2
         ORDER BY seq DESC LIMIT $3",
        &[
            room.as_str().into(),
            before.map_or(i64::MAX as u64, |seq| seq.0).into(),
            u64::from(limit).into(),
        ],
    )?;
    let each = rows.iter().map(|row| {
        Ok(StoredEvent {
            epoch: row.count(0)?,
            seq: Seq(row.count(1)?),
            line: serde_json::from_slice(row.bytes(2)?)?,
        })
    });
    each.collect()
}
