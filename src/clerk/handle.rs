//! Owns the clerk's two ends for everybody else: commands in, the room out.

use super::answer::{Outcome, SubmitError};
use crate::room::{Actor, Command, CommandId, Room, Seq, SessionId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Commands that may wait for the clerk.
pub(super) const WAITING: usize = 256;

/// How long a command waits for a place among them until it is 'busy'.
const PATIENCE: Duration = Duration::from_secs(2);

/// The room after an entry.
#[derive(Debug, Clone)]
pub struct RoomAt {
    /// The entry.
    pub seq: Seq,
    /// The room.
    pub room: Arc<Room>,
}

/// One command, and where its answer goes.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) actor: Actor,
    pub(super) session: Option<SessionId>,
    pub(super) id: Option<CommandId>,
    pub(super) command: Command,
    pub(super) answer_tx: oneshot::Sender<Result<Outcome, SubmitError>>,
}

/// What comes in.
#[derive(Debug)]
pub(super) enum Wish {
    Carry(Box<Order>),
    /// Take nothing more in, finish what waits, and end.
    Drain,
}

/// Gives commands to the clerk and shows the room. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ClerkHandle {
    pub(super) wishes_tx: mpsc::Sender<Wish>,
    pub(super) room_rx: watch::Receiver<RoomAt>,
}

impl ClerkHandle {
    /// Gives a command and waits until it is carried out and on the disk. Under an `id` it is carried out
    /// once, however often it is sent, restarts included.
    ///
    /// Dropping the future takes a command back only while it waits for its place.
    ///
    /// # Errors
    /// Nothing was done then, but for [`SubmitError::NotWritten`], which says what to do.
    pub async fn submit(
        &self,
        actor: Actor,
        session: Option<SessionId>,
        id: Option<CommandId>,
        command: Command,
    ) -> Result<Outcome, SubmitError> {
        let (answer_tx, answer_rx) = oneshot::channel();
        let order = Order {
            actor,
            session,
            id,
            command,
            answer_tx,
        };
        match self
            .wishes_tx
            .send_timeout(Wish::Carry(Box::new(order)), PATIENCE)
            .await
        {
            Ok(()) => answer_rx.await.unwrap_or(Err(SubmitError::Stopped)),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(SubmitError::Busy),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(SubmitError::Stopped),
        }
    }

    /// The room as it is now.
    pub fn room(&self) -> Arc<Room> {
        Arc::clone(&self.room_rx.borrow().room)
    }

    /// The room as it changes.
    pub fn watch(&self) -> watch::Receiver<RoomAt> {
        self.room_rx.clone()
    }

    /// Ends the clerk once it has finished what waits; later commands are answered with `Stopped`.
    pub async fn drain(&self) {
        // where the clerk has ended already, all is done
        drop(self.wishes_tx.send(Wish::Drain).await);
    }
}
