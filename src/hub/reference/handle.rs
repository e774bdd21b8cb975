//! Owns the hub's end for pages and programs: the board as it changes, and what an operator asks.

use super::board::BoardView;
use super::evaluation::{Evaluation, EvaluationFault};
use super::keeper::Wish;
use crate::config::RoomId;
use crate::hub::contract::{HubOrder, Key};
use crate::room::{CommandId, Seq, SessionId};
use rusqlite::{Connection, params};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// It cannot be planned so.
    #[error(transparent)]
    Evaluation(#[from] EvaluationFault),
    /// There is no such room, box or evaluation.
    #[error("没有这一项 / there is no such thing")]
    NotFound,
    /// The database's.
    #[error("数据库 / the database: {0}")]
    Database(#[from] rusqlite::Error),
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
    pub(super) file: PathBuf,
}

impl HubHandle {
    /// The board as it changes.
    pub fn watch(&self) -> watch::Receiver<Arc<BoardView>> {
        self.board_rx.clone()
    }

    /// Plans an evaluation: each venue is sent its part.
    ///
    /// # Errors
    /// It cannot be planned so; nothing was sent then.
    pub async fn plan(&self, evaluation: Evaluation) -> Result<(), HubError> {
        self.ask(|answer_tx| Wish::Plan(Box::new(evaluation), answer_tx))
            .await
    }

    /// Asks all venues of an evaluation to do something about it.
    ///
    /// # Errors
    /// There is no such evaluation.
    pub async fn order(
        &self,
        evaluation: SessionId,
        order: HubOrder,
    ) -> Result<Vec<CommandId>, HubError> {
        self.ask(|answer_tx| Wish::Order(evaluation, Box::new(order), answer_tx))
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
    /// As SQLite says.
    pub async fn events(
        &self,
        room: RoomId,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, HubError> {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || {
            let db = crate::keys::open_reader(&file)?;
            events(&db, &room, before, limit)
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
    db: &Connection,
    room: &RoomId,
    before: Option<Seq>,
    limit: u32,
) -> Result<Vec<StoredEvent>, HubError> {
    let mut read = db.prepare(
        "SELECT epoch, seq, line FROM events WHERE room = ?1
         AND epoch = (SELECT max(epoch) FROM boxes WHERE room = ?1) AND seq < ?2
         ORDER BY seq DESC LIMIT ?3",
    )?;
    let before = before.map_or(i64::MAX, |seq| i64::try_from(seq.0).unwrap_or(i64::MAX));
    let rows = read.query_map(params![room.as_str(), before, limit], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))
    })?;
    let mut events = Vec::new();
    for row in rows {
        let (epoch, seq, line) = row?;
        events.push(StoredEvent {
            epoch,
            seq: Seq(seq),
            line: serde_json::from_slice(&line)?,
        });
    }
    Ok(events)
}
