//! Owns the seam between a call and the line that carries it.

use super::frame::Frame;
use super::number::Number;
use crate::room::{CallEnd, Key, LineFault, LineState, TextEnd};
use async_trait::async_trait;
use std::fmt::Debug;
use tokio::sync::{mpsc, watch};

/// What happens on a line during a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegEvent {
    /// The phone rings.
    Ringing,
    /// The network speaks, and nobody answered.
    EarlyMedia,
    /// Somebody answered.
    Answered,
    /// A key came beside the sound.
    Key(Key),
    /// It is over. After an answer [`CallEnd::HungUp`] stands for whatever the callee had said by then.
    Ended(CallEnd),
}

/// One call on a line.
#[async_trait]
pub trait Leg: Debug + Send {
    /// The next event. Cancel-safe; never again after the end.
    async fn next(&mut self) -> LegEvent;

    /// Each 20 ms: gives the callee a frame, and takes one of his, where there is one.
    fn exchange(&mut self, said: &Frame) -> Option<Frame>;

    /// Ends the call. Before an answer it is waited, 5 s at most, for what the line makes of it:
    /// [`CallEnd::AnsweredLate`] where the answer crossed it. After an answer it returns at once.
    async fn hang_up(&mut self) -> Option<CallEnd>;
}

/// A call that somebody makes to a line. Dropped before it is answered, it is refused as busy.
#[async_trait]
pub trait Ring: Debug + Send + Sync {
    /// The caller's number as the line tells it; none where it is hidden.
    fn caller(&self) -> Option<&Number>;

    /// Answers it; the leg's first event is [`LegEvent::Answered`].
    ///
    /// # Errors
    /// How it ended instead.
    async fn answer(self: Box<Self>) -> Result<Box<dyn Leg>, CallEnd>;
}

/// A line that can call: one call at a time.
#[async_trait]
pub trait Line: Debug + Send + Sync {
    /// Begins a call.
    ///
    /// # Errors
    /// Why the line cannot; nothing was dialled.
    async fn dial(&self, number: &Number) -> Result<Box<dyn Leg>, CallEnd>;

    /// Sends a text message.
    async fn text(&self, _number: &Number, _words: &str) -> TextEnd {
        TextEnd::Failed {
            fault: LineFault::NoSuchLine,
        }
    }

    /// The calls that come in, for whoever asks first; none where the line takes none. Until somebody asks, callers find
    /// it busy.
    fn rings(&self) -> Option<mpsc::Receiver<Box<dyn Ring>>> {
        None
    }

    /// How the line stands, as it changes.
    fn state(&self) -> watch::Receiver<LineState>;
}
