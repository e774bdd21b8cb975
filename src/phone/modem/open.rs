//! Owns a modem whose ports are open: SIM card and network while nobody calls, and one call after the other.

use super::commands::{Answer, Commands};
use super::line::{ModemLine, Order};
use super::model::{Notice, our_call};
use crate::phone::frame::SAMPLES;
use crate::phone::leg::LegEvent;
use crate::room::{CallEnd, LineFault, LineState};
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
