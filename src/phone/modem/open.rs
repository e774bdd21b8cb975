//! Owns a modem whose ports are open: SIM card and network while nobody calls, and one call after the other.

use super::commands::{Answer, Commands};
use super::leg::ModemEnd;
use super::line::{ModemLine, Order};
use super::model::{Notice, our_call};
use crate::phone::frame::SAMPLES;
use crate::phone::number::Number;
use crate::room::{LineFault, LineState, TextEnd};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_serial::SerialStream;
use zeroize::Zeroizing;

/// How often SIM card and network are looked at while there is no call.
const LOOKED_AT: Duration = Duration::from_secs(10);
/// What the modem still says of a call that is over comes within this time.
pub(super) const STALE: Duration = Duration::from_millis(400);
/// Tries of the PIN that a card has while none was wrong.
const PIN_TRIES: u8 = 3;
/// A frame as the modem sends it: 16 bits, little end first.
pub(super) const BYTES: usize = 2 * SAMPLES;

/// A modem whose ports are open.
pub(super) struct Open<'a> {
    pub(super) line: &'a ModemLine,
    pub(super) commands: Commands,
    pub(super) sound: SerialStream,
}

impl<'a> Open<'a> {
    pub(super) fn new(line: &'a ModemLine, commands: Commands, sound: SerialStream) -> Self {
        Self {
            line,
            commands,
            sound,
        }
    }

    /// Until a fault.
    pub(super) async fn run(mut self, orders_rx: &mut mpsc::Receiver<Order>) -> LineFault {
        loop {
            let state = match self.look().await {
                Ok(state) => state,
                Err(fault) => return fault,
            };
            self.line.become_state(state);
            if let Err(fault) = self.wait(state, orders_rx).await {
                return fault;
            }
        }
    }

    /// Until card and network are to be looked at again: after whatever was asked for, or after a time.
    async fn wait(
        &mut self,
        state: LineState,
        orders_rx: &mut mpsc::Receiver<Order>,
    ) -> Result<(), LineFault> {
        let look_again = sleep(LOOKED_AT);
        tokio::pin!(look_again);
        loop {
            let mut idle = [0; 4 * BYTES];
            tokio::select! {
                order = orders_rx.recv() => {
                    let order = order.ok_or(LineFault::Software)?;
                    return self.take(order, state).await;
                }
                told = self.commands.unasked() => {
                    if self.line.settings.model.notice(&told?) == Some(Notice::Ring) {
                        return self.ringing().await;
                    }
                }
                // sound of no call is noise; that the port is gone is not
                read = self.sound.read(&mut idle) => if matches!(read, Ok(0) | Err(_)) {
                    return Err(LineFault::ModemGone);
                },
                () = &mut look_again => return Ok(()),
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
                    Some(pin)
                        if self.may_try_pin().await?
                            && !self.line.pin_tried.swap(true, Ordering::SeqCst) =>
                    {
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

    /// Whether nobody has tried a wrong PIN yet: an earlier life of this program may have, and the third one locks the card. What
    /// the modem does not tell is taken to be well.
    async fn may_try_pin(&mut self) -> Result<bool, LineFault> {
        let model = self.line.settings.model;
        let left = match self.commands.ask(model.pin_tries()).await? {
            Answer::Ok(lines) => lines.iter().find_map(|line| model.tries_left(line)),
            Answer::Error(_) | Answer::Call(_) => None,
        };
        Ok(left.is_none_or(|left| left >= PIN_TRIES))
    }

    /// What somebody asks for, to its end.
    async fn take(&mut self, order: Order, state: LineState) -> Result<(), LineFault> {
        match (order, state) {
            (Order::Call { number, end }, LineState::Ready) => self.call(number, end).await,
            (Order::Text { parts, done_tx }, LineState::Ready) => {
                let sent = self.send(&parts).await;
                let end = sent.unwrap_or_else(|fault| TextEnd::Failed { fault });
                // whoever asked may have ended
                let _ = done_tx.send(end);
                sent.map(|_| ())
            }
            (order, LineState::Fault(fault)) => {
                order.fails(fault);
                Ok(())
            }
            // it is not in the network yet
            (
                order,
                LineState::Unknown
                | LineState::Registering
                | LineState::AuthFault
                | LineState::Disabled,
            ) => {
                order.fails(LineFault::NoNetwork);
                Ok(())
            }
        }
    }

    /// One call, to its end.
    async fn call(&mut self, number: Number, mut end: ModemEnd) -> Result<(), LineFault> {
        let events_tx = end.events_tx.clone();
        let ended = self.dialled(&number, &mut end).await;
        self.over(ended, &events_tx).await
    }

    pub(super) async fn hang_up(&mut self) -> Result<(), LineFault> {
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
