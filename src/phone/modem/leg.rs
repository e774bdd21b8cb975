//! Owns a call's end of a modem: the modem's task has the ports, the call has this.

use crate::phone::frame::Frame;
use crate::phone::leg::{Leg, LegEvent};
use crate::room::{CallEnd, LineFault};
use async_trait::async_trait;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Frames that may wait in each direction: 400 ms; what is more is let go.
pub(super) const FRAMES: usize = 20;
/// Events that may wait.
pub(super) const EVENTS: usize = 32;
/// How long hanging up may take.
const HUNG_UP: Duration = Duration::from_secs(5);

/// The modem's end of a call.
#[derive(Debug)]
pub(super) struct ModemEnd {
    pub(super) events_tx: mpsc::Sender<LegEvent>,
    pub(super) heard_tx: mpsc::Sender<Frame>,
    pub(super) said_rx: mpsc::Receiver<Frame>,
}

/// The call's end.
#[derive(Debug)]
pub(super) struct ModemLeg {
    events_rx: mpsc::Receiver<LegEvent>,
    heard_rx: mpsc::Receiver<Frame>,
    /// Closed, it hangs up.
    said_tx: Option<mpsc::Sender<Frame>>,
    answered: bool,
    over: bool,
}

/// Both ends of a call.
pub(super) fn ends() -> (ModemEnd, ModemLeg) {
    let (events_tx, events_rx) = mpsc::channel(EVENTS);
    let (heard_tx, heard_rx) = mpsc::channel(FRAMES);
    let (said_tx, said_rx) = mpsc::channel(FRAMES);
    let end = ModemEnd {
        events_tx,
        heard_tx,
        said_rx,
    };
    let leg = ModemLeg {
        events_rx,
        heard_rx,
        said_tx: Some(said_tx),
        answered: false,
        over: false,
    };
    (end, leg)
}

#[async_trait]
impl Leg for ModemLeg {
    async fn next(&mut self) -> LegEvent {
        if self.over {
            std::future::pending::<()>().await;
        }
        // the modem's task is gone without a word: so is the modem
        let gone = LegEvent::Ended(CallEnd::LineFault(LineFault::ModemGone));
        let event = self.events_rx.recv().await.unwrap_or(gone);
        self.answered |= event == LegEvent::Answered;
        self.over |= matches!(event, LegEvent::Ended(_));
        event
    }

    fn exchange(&mut self, said: &Frame) -> Option<Frame> {
        if let Some(said_tx) = &self.said_tx {
            // a modem that takes no sound is noticed by its own task
            let _ = said_tx.try_send(*said);
        }
        // the modem's clock is a little faster than ours: the oldest goes
        while self.heard_rx.len() > FRAMES / 2 {
            let _ = self.heard_rx.try_recv();
        }
        self.heard_rx.try_recv().ok()
    }

    async fn hang_up(&mut self) -> Option<CallEnd> {
        self.said_tx = None;
        if self.over {
            return None;
        }
        let answered = self.answered;
        let over = timeout(HUNG_UP, async {
            loop {
                match self.next().await {
                    LegEvent::Answered => return true,
                    LegEvent::Ended(_) => return false,
                    LegEvent::Ringing | LegEvent::EarlyMedia | LegEvent::Key(_) => {}
                }
            }
        });
        // the line is free only once the modem has hung up
        let crossed = over.await.unwrap_or(false);
        (crossed && !answered).then_some(CallEnd::AnsweredLate)
    }
}
