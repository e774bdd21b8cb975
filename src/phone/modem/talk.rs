//! Owns one call of a modem: dialled, waited for, talked in.

use super::cause::end_of;
use super::commands::Answer;
use super::leg::ModemEnd;
use super::model::{CallState, Notice, our_call};
use super::open::{BYTES, Open, STALE};
use crate::phone::clock;
use crate::phone::frame::Frame;
use crate::phone::leg::LegEvent;
use crate::phone::number::Number;
use crate::room::{CallEnd, LineFault};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{MissedTickBehavior, interval, timeout};
use zeroize::Zeroizing;

/// How often a call that is not answered is looked at.
const POLLED: Duration = Duration::from_millis(400);
/// Sound that does not come for so long in an answered call has stalled.
const STALLED: Duration = Duration::from_secs(3);

/// What happens in an answered call.
enum Input {
    Told(Result<String, LineFault>),
    Sound(std::io::Result<usize>),
    Say(Option<Box<Frame>>),
    Tick,
}

impl Open<'_> {
    /// Dials, and sees the call to its end; it is not hung up yet then.
    pub(super) async fn dialled(
        &mut self,
        number: &Number,
        end: &mut ModemEnd,
    ) -> Result<CallEnd, LineFault> {
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
        self.talk_aloud(end).await
    }

    /// An answered call, with its sound switched on first.
    pub(super) async fn talk_aloud(&mut self, end: &mut ModemEnd) -> Result<CallEnd, LineFault> {
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
                said = end.said_rx.recv() => Input::Say(said.map(Box::new)),
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
