//! Owns one modem: its ports, its SIM card and network, and the call it has. Whatever fails, the ports are opened anew.

use super::cause::end_of;
use super::commands::{Answer, Commands};
use super::leg::{ModemEnd, ends};
use super::model::{CallState, Model, Notice, our_call};
use crate::phone::clock;
use crate::phone::frame::{Frame, SAMPLES};
use crate::phone::leg::{Leg, LegEvent, Line};
use crate::phone::number::Number;
use crate::room::{CallEnd, LineFault, LineState};
use async_trait::async_trait;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_serial::{SerialPortBuilderExt, SerialStream};
use zeroize::Zeroizing;

/// After a fault it is waited so long.
const PAUSE: Duration = Duration::from_secs(2);
/// How often SIM card and network are looked at while there is no call.
const LOOKED_AT: Duration = Duration::from_secs(10);
/// How often a call that is not answered is looked at.
const POLLED: Duration = Duration::from_millis(400);
/// Sound that does not come for so long in an answered call has stalled.
const STALLED: Duration = Duration::from_secs(3);
/// What the modem still says of a call that is over comes within this time.
const STALE: Duration = Duration::from_millis(400);
/// A frame as the modem sends it: 16 bits, little end first.
const BYTES: usize = 2 * SAMPLES;

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

/// A call that somebody asks for.
#[derive(Debug)]
struct Order {
    number: Number,
    end: ModemEnd,
}

/// A modem. Cheap to clone; it calls while [`ModemLine::run`] does.
#[derive(Debug, Clone)]
pub struct ModemLine {
    settings: Arc<ModemSettings>,
    state_tx: Arc<watch::Sender<LineState>>,
    orders_tx: mpsc::Sender<Order>,
    orders_rx: Arc<Mutex<mpsc::Receiver<Order>>>,
    pin_tried: Arc<AtomicBool>,
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
                let ended = LegEvent::Ended(CallEnd::LineFault(fault));
                drop(order.end.events_tx.try_send(ended));
            }
            sleep(PAUSE).await;
        }
    }

    fn become_state(&self, state: LineState) {
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
        for command in ["AT", "ATE0", "AT+CMEE=1", "AT+CHUP"] {
            commands.ask(command).await?;
        }
        for command in self.settings.model.prepare() {
            commands.ask(command).await?;
        }
        Ok(Open {
            line: self,
            commands,
            sound,
        })
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
        let order = Order {
            number: number.clone(),
            end,
        };
        self.orders_tx
            .try_send(order)
            .map_err(|_| CallEnd::LineFault(LineFault::InUse))?;
        Ok(Box::new(leg))
    }

    fn state(&self) -> watch::Receiver<LineState> {
        self.state_tx.subscribe()
    }
}

/// A modem whose ports are open.
struct Open<'a> {
    line: &'a ModemLine,
    commands: Commands,
    sound: SerialStream,
}

/// What happens in an answered call.
enum Input {
    Told(Result<String, LineFault>),
    Sound(std::io::Result<usize>),
    Say(Option<Frame>),
    Tick,
}

impl Open<'_> {
    /// Until a fault.
    async fn run(mut self, orders_rx: &mut mpsc::Receiver<Order>) -> LineFault {
        loop {
            let state = match self.look().await {
                Ok(state) => state,
                Err(fault) => return fault,
            };
            self.line.become_state(state);
            let mut idle = [0; 4 * BYTES];
            let done = tokio::select! {
                order = orders_rx.recv() => match order {
                    Some(order) if state == LineState::Ready => self.call(order).await,
                    Some(order) => {
                        let LineState::Fault(fault) = state else { continue };
                        let ended = LegEvent::Ended(CallEnd::LineFault(fault));
                        drop(order.end.events_tx.try_send(ended));
                        Ok(())
                    }
                    None => Err(LineFault::Software),
                },
                told = self.commands.unasked() => match told {
                    // nobody takes calls here
                    Ok(line) if self.line.settings.model.notice(&line) == Some(Notice::Ring) => {
                        self.commands.ask("AT+CHUP").await.map(|_| ())
                    }
                    Ok(_) => continue,
                    Err(fault) => Err(fault),
                },
                // sound of no call is noise; that the port is gone is not
                read = self.sound.read(&mut idle) => match read {
                    Ok(0) | Err(_) => Err(LineFault::ModemGone),
                    Ok(_) => continue,
                },
                () = sleep(LOOKED_AT) => Ok(()),
            };
            if let Err(fault) = done {
                return fault;
            }
        }
    }

    /// SIM card and network.
    async fn look(&mut self) -> Result<LineState, LineFault> {
        let fault = |fault| Ok(LineState::Fault(fault));
        match self.commands.ask("AT+CPIN?").await? {
            Answer::Ok(lines) if lines.iter().any(|l| l.contains("READY")) => {}
            Answer::Ok(lines)
                if lines.iter().any(|l| l.contains("SIM PIN"))
                    && !lines.iter().any(|l| l.contains("PIN2")) =>
            {
                return match &self.line.settings.pin {
                    Some(pin) if !self.line.pin_tried.swap(true, Ordering::SeqCst) => {
                        let command = Zeroizing::new(format!("AT+CPIN=\"{}\"", pin.as_str()));
                        match self.commands.ask(&command).await? {
                            Answer::Ok(_) => Ok(LineState::Registering),
                            Answer::Error(_) | Answer::Call(_) => fault(LineFault::PinNeeded),
                        }
                    }
                    Some(_) | None => fault(LineFault::PinNeeded),
                };
            }
            Answer::Ok(_) => return fault(LineFault::PinNeeded),
            // 10: no SIM; 13 to 15: it fails, is busy, or is wrong
            Answer::Error(_) | Answer::Call(_) => return fault(LineFault::NoSim),
        }
        // voice in the old networks, or over LTE
        for command in ["AT+CREG?", "AT+CEREG?"] {
            if let Answer::Ok(lines) = self.commands.ask(command).await?
                && lines.iter().any(|line| is_registered(line))
            {
                return Ok(LineState::Ready);
            }
        }
        fault(LineFault::NoNetwork)
    }

    /// One call, to its end.
    async fn call(&mut self, order: Order) -> Result<(), LineFault> {
        let Order { number, mut end } = order;
        let events_tx = end.events_tx.clone();
        let ended = self.dialled(&number, &mut end).await;
        let (told, fault) = match ended {
            Ok(told) => (told, None),
            Err(fault) => (CallEnd::LineFault(fault), Some(fault)),
        };
        // hung up before it is told: whoever is told may call again
        let hung_up = match fault {
            None | Some(LineFault::SoundStalled) => self.hang_up().await,
            Some(_) => Ok(()),
        };
        drop(events_tx.try_send(LegEvent::Ended(told)));
        match fault {
            Some(fault) => Err(fault),
            None => hung_up,
        }
    }

    async fn hang_up(&mut self) -> Result<(), LineFault> {
        self.commands.ask("AT+CHUP").await?;
        self.commands
            .ask(self.line.settings.model.sound_off())
            .await?;
        // the last call's NO CARRIER must not be taken for the next one's
        self.commands.drain(STALE).await?;
        for _ in 0..10 {
            match self.commands.ask("AT+CLCC").await? {
                Answer::Ok(rows) if our_call(&rows).is_some() => sleep(STALE).await,
                Answer::Ok(_) | Answer::Error(_) | Answer::Call(_) => return Ok(()),
            }
        }
        Err(LineFault::ModemSilent)
    }

    async fn dialled(&mut self, number: &Number, end: &mut ModemEnd) -> Result<CallEnd, LineFault> {
        let command = Zeroizing::new(format!("ATD{};", number.digits()));
        match self.commands.ask(&command).await? {
            Answer::Ok(_) => {}
            Answer::Call(result) => return self.refused(&result, false).await,
            Answer::Error(_) => return Ok(CallEnd::LineFault(LineFault::OddReply)),
        }
        let mut rang = false;
        let mut polls = interval(POLLED);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let answered = loop {
            let notice = tokio::select! {
                told = self.commands.unasked() => self.line.settings.model.notice(&told?),
                said = end.said_rx.recv() => match said {
                    // nothing is said before the answer
                    Some(_) => None,
                    // hung up
                    None => return Ok(CallEnd::Cancelled),
                },
                _ = polls.tick() => match self.commands.ask("AT+CLCC").await? {
                    Answer::Ok(rows) => match our_call(&rows) {
                        Some(CallState::Active) => Some(Notice::Connected),
                        Some(CallState::Alerting) => Some(Notice::Alerting),
                        Some(CallState::Dialling) => None,
                        None => Some(Notice::Released),
                    },
                    Answer::Error(_) | Answer::Call(_) => None,
                },
            };
            match notice {
                Some(Notice::Alerting) => {
                    if !std::mem::replace(&mut rang, true) {
                        drop(end.events_tx.try_send(LegEvent::Ringing));
                    }
                }
                Some(Notice::Connected) => break true,
                Some(Notice::Busy) => return Ok(CallEnd::Busy),
                Some(Notice::NoAnswer) => return Ok(CallEnd::NoAnswer),
                Some(Notice::NoCarrier | Notice::Released) => break false,
                Some(Notice::Key(_) | Notice::Ring) | None => {}
            }
        };
        if !answered {
            return self.refused("", rang).await;
        }
        match self
            .commands
            .ask(self.line.settings.model.sound_on())
            .await?
        {
            Answer::Ok(_) => {}
            Answer::Error(_) | Answer::Call(_) => {
                return Ok(CallEnd::LineFault(LineFault::NoMedia));
            }
        }
        drop(end.events_tx.try_send(LegEvent::Answered));
        self.talk(end).await
    }

    /// Why a call did not come about.
    async fn refused(&mut self, result: &str, rang: bool) -> Result<CallEnd, LineFault> {
        match result {
            "BUSY" => return Ok(CallEnd::Busy),
            "NO ANSWER" => return Ok(CallEnd::NoAnswer),
            "NO DIALTONE" => return Ok(CallEnd::LineFault(LineFault::NoNetwork)),
            _ => {}
        }
        // the result code may come after the call's row is gone
        if let Ok(told) = timeout(STALE, self.commands.unasked()).await {
            match self.line.settings.model.notice(&told?) {
                Some(Notice::Busy) => return Ok(CallEnd::Busy),
                Some(Notice::NoAnswer) => return Ok(CallEnd::NoAnswer),
                _ => {}
            }
        }
        let report = match self.commands.ask("AT+CEER").await? {
            Answer::Ok(lines) => lines.join(" "),
            Answer::Error(_) | Answer::Call(_) => String::new(),
        };
        Ok(end_of(&report, rang))
    }

    /// An answered call: sound both ways, until one of the two hangs up.
    async fn talk(&mut self, end: &mut ModemEnd) -> Result<CallEnd, LineFault> {
        let mut buffer = Vec::with_capacity(8 * BYTES);
        let mut heard_at: Instant = clock::now();
        let mut ticks = interval(Duration::from_millis(500));
        loop {
            let mut chunk = [0; 4 * BYTES];
            let input = tokio::select! {
                told = self.commands.unasked() => Input::Told(told),
                read = self.sound.read(&mut chunk) => Input::Sound(read),
                said = end.said_rx.recv() => Input::Say(said),
                _ = ticks.tick() => Input::Tick,
            };
            match input {
                Input::Told(told) => match self.line.settings.model.notice(&told?) {
                    Some(Notice::Key(key)) => drop(end.events_tx.try_send(LegEvent::Key(key))),
                    Some(
                        Notice::Released | Notice::NoCarrier | Notice::Busy | Notice::NoAnswer,
                    ) => {
                        return Ok(CallEnd::HungUp);
                    }
                    Some(Notice::Alerting | Notice::Connected | Notice::Ring) | None => {}
                },
                Input::Sound(Ok(0) | Err(_)) => return Err(LineFault::ModemGone),
                Input::Sound(Ok(length)) => {
                    heard_at = clock::now();
                    buffer.extend_from_slice(&chunk[..length]);
                    while buffer.len() >= BYTES {
                        // a call that does not listen loses sound, not the modem's time
                        let _ = end.heard_tx.try_send(frame_of(&buffer[..BYTES]));
                        buffer.drain(..BYTES);
                    }
                }
                Input::Say(Some(frame)) => {
                    // whole frames: a part of one blocks a SIM7600
                    let bytes: Vec<u8> = frame.0.iter().flat_map(|s| s.to_le_bytes()).collect();
                    match timeout(STALLED, self.sound.write_all(&bytes)).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => return Err(LineFault::ModemGone),
                        Err(_) => return Err(LineFault::SoundStalled),
                    }
                }
                Input::Say(None) => return Ok(CallEnd::Cancelled),
                Input::Tick => {
                    if clock::now().saturating_duration_since(heard_at) > STALLED {
                        return Err(LineFault::SoundStalled);
                    }
                }
            }
        }
    }
}

fn frame_of(bytes: &[u8]) -> Frame {
    let mut frame = Frame::SILENCE;
    for (sample, pair) in frame.0.iter_mut().zip(bytes.chunks_exact(2)) {
        *sample = i16::from_le_bytes([pair[0], pair[1]]);
    }
    frame
}

/// `+CREG: n,stat`: 1 is home, 5 is roaming; 6 and 7 are for SMS only.
fn is_registered(line: &str) -> bool {
    let fields: Vec<&str> = line
        .split(':')
        .nth(1)
        .unwrap_or("")
        .split(',')
        .map(str::trim)
        .collect();
    matches!(fields.get(1), Some(&"1" | &"5"))
}
