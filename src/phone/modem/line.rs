//! Owns one modem as a line: who asks for calls, how it stands, and that its ports are opened anew whatever fails.

use super::commands::Commands;
use super::leg::{ModemEnd, ends};
use super::model::Model;
use super::open::{Open, STALE};
use crate::phone::leg::{Leg, LegEvent, Line, Ring};
use crate::phone::number::Number;
use crate::phone::sms::{Pdu, parts};
use crate::room::{CallEnd, LineFault, LineState, TextEnd};
use async_trait::async_trait;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::sleep;
use tokio_serial::SerialPortBuilderExt;
use zeroize::Zeroizing;

/// After a fault it is waited so long.
const PAUSE: Duration = Duration::from_secs(2);

/// What a modem is.
#[derive(Clone)]
pub struct ModemSettings {
    /// The serial port that takes commands.
    pub device: PathBuf,
    /// The serial port that carries sound.
    pub sound: PathBuf,
    /// Which modem it is.
    pub model: Model,
    /// Bits a second.
    pub baud: u32,
    /// The SIM card's PIN, where it has one. Tried once only: three wrong ones lock the card.
    pub pin: Option<Zeroizing<String>>,
}

impl fmt::Debug for ModemSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModemSettings")
            .field("device", &self.device)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// What somebody asks of the modem.
#[derive(Debug)]
pub(super) enum Order {
    /// A call.
    Call { number: Number, end: ModemEnd },
    /// A text message, in its parts.
    Text {
        parts: Vec<Pdu>,
        done_tx: oneshot::Sender<TextEnd>,
    },
}

impl Order {
    /// Tells whoever asked that the modem cannot.
    pub(super) fn fails(self, fault: LineFault) {
        match self {
            Self::Call { end, .. } => {
                let ended = LegEvent::Ended(CallEnd::LineFault(fault));
                drop(end.events_tx.try_send(ended));
            }
            Self::Text { done_tx, .. } => {
                // whoever asked may have ended
                let _ = done_tx.send(TextEnd::Failed { fault });
            }
        }
    }
}

/// A modem. Cheap to clone; it calls while [`ModemLine::run`] does.
#[derive(Debug, Clone)]
pub struct ModemLine {
    pub(super) settings: Arc<ModemSettings>,
    state_tx: Arc<watch::Sender<LineState>>,
    orders_tx: mpsc::Sender<Order>,
    orders_rx: Arc<Mutex<mpsc::Receiver<Order>>>,
    /// Where calls that come in go; nowhere before somebody asks for them.
    pub(super) rings_tx: Arc<OnceLock<mpsc::Sender<Box<dyn Ring>>>>,
    /// Whether the PIN was tried in this process's life.
    pub(super) pin_tried: Arc<AtomicBool>,
}

impl ModemLine {
    /// A modem; its ports are not touched before it runs.
    pub fn new(settings: ModemSettings) -> Self {
        // one call at a time
        let (orders_tx, orders_rx) = mpsc::channel(1);
        Self {
            settings: Arc::new(settings),
            state_tx: Arc::new(watch::Sender::new(LineState::Unknown)),
            orders_tx,
            orders_rx: Arc::new(Mutex::new(orders_rx)),
            rings_tx: Arc::default(),
            pin_tried: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Keeps the modem for ever.
    pub async fn run(self) {
        let orders_rx = self.orders_rx.clone();
        let mut orders_rx = orders_rx.lock().await;
        loop {
            let fault = match self.open().await {
                Ok(open) => open.run(&mut orders_rx).await,
                Err(fault) => fault,
            };
            self.become_state(LineState::Fault(fault));
            // whoever waits for the modem is told
            while let Ok(order) = orders_rx.try_recv() {
                order.fails(fault);
            }
            sleep(PAUSE).await;
        }
    }

    pub(super) fn become_state(&self, state: LineState) {
        self.state_tx.send_if_modified(|known| {
            let changed = *known != state;
            *known = state;
            changed
        });
    }

    async fn open(&self) -> Result<Open<'_>, LineFault> {
        let port = |path: &PathBuf| {
            tokio_serial::new(path.to_string_lossy(), self.settings.baud)
                .open_native_async()
                .map_err(|_| LineFault::ModemGone)
        };
        let mut commands = Commands::new(port(&self.settings.device)?);
        let sound = port(&self.settings.sound)?;
        // what an earlier life left half said
        drop(commands.ask("AT").await);
        commands.drain(STALE).await?;
        for command in ["AT", "ATE0", "AT+CMEE=1"] {
            commands.ask(command).await?;
        }
        let mut open = Open::new(self, commands, sound);
        // a call that an earlier life left; what is still said of it must not be taken for an answer
        open.hang_up().await?;
        for command in self.settings.model.prepare() {
            open.commands.ask(command).await?;
        }
        Ok(open)
    }
}

#[async_trait]
impl Line for ModemLine {
    async fn dial(&self, number: &Number) -> Result<Box<dyn Leg>, CallEnd> {
        let state = *self.state_tx.borrow();
        if let LineState::Fault(fault) = state {
            return Err(CallEnd::LineFault(fault));
        }
        let (end, leg) = ends();
        let order = Order::Call {
            number: number.clone(),
            end,
        };
        self.orders_tx
            .try_send(order)
            .map_err(|_| CallEnd::LineFault(LineFault::InUse))?;
        Ok(Box::new(leg))
    }

    async fn text(&self, number: &Number, words: &str) -> TextEnd {
        let failed = |fault| TextEnd::Failed { fault };
        let parts = parts(number, words, rand::random());
        if parts.is_empty() {
            return failed(LineFault::Software);
        }
        let (done_tx, done_rx) = oneshot::channel();
        let order = Order::Text { parts, done_tx };
        if self.orders_tx.try_send(order).is_err() {
            return failed(LineFault::InUse);
        }
        // the modem's task is gone without a word: so is the modem
        done_rx.await.unwrap_or(failed(LineFault::ModemGone))
    }

    fn rings(&self) -> Option<mpsc::Receiver<Box<dyn Ring>>> {
        // one call at a time
        let (rings_tx, rings_rx) = mpsc::channel(1);
        self.rings_tx.set(rings_tx).ok().map(|()| rings_rx)
    }

    fn state(&self) -> watch::Receiver<LineState> {
        self.state_tx.subscribe()
    }
}
