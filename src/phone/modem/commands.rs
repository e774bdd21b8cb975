//! Owns the dialogue with a modem's command port: a command and its answer, and what the modem says by itself in between.

use crate::room::LineFault;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_serial::SerialStream;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How long the network may take to take a message (3GPP TS 27.005 names no limit; Quectel: 120 s).
const HANDED_ANSWER: Duration = Duration::from_secs(120);
/// Ends data (Ctrl-Z).
const HANDED: &[u8] = &[0x1a];
/// Gives up data (Esc).
const ABANDON: &[u8] = &[0x1b];
/// Lines of an answer, and lines that nobody asked for, at most.
const MOST: usize = 64;
/// The longest line; what is longer is no line of a modem.
const LONGEST: usize = 512;

/// How a command was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// `OK`, and the lines before it.
    Ok(Vec<String>),
    /// `ERROR`, or `+CME ERROR` and `+CMS ERROR` with their number.
    Error(Option<u16>),
    /// The call did not come about: `NO CARRIER`, `BUSY` …
    Call(String),
}

/// A modem's command port.
#[derive(Debug)]
pub(super) struct Commands {
    port: SerialStream,
    buffer: Vec<u8>,
    /// Lines that nobody asked for.
    unasked: VecDeque<String>,
}

impl Commands {
    pub(super) fn new(port: SerialStream) -> Self {
        Self {
            port,
            buffer: Vec::new(),
            unasked: VecDeque::new(),
        }
    }

    /// Gives a command, and waits for its answer. `command` holds no line end.
    ///
    /// # Errors
    /// The modem is gone, or says nothing.
    pub(super) async fn ask(&mut self, command: &str) -> Result<Answer, LineFault> {
        let line = zeroize::Zeroizing::new(format!("{command}\r"));
        self.write(line.as_bytes()).await?;
        let answered = timeout(ANSWER, self.answer(command));
        answered.await.unwrap_or(Err(LineFault::ModemSilent))
    }

    /// Gives a command that asks for data by a prompt, then the data, and waits for the answer.
    ///
    /// # Errors
    /// The modem is gone, or says nothing.
    pub(super) async fn hand(&mut self, command: &str, data: &str) -> Result<Answer, LineFault> {
        self.write(&[command.as_bytes(), b"\r"].concat()).await?;
        let prompted = timeout(ANSWER, self.prompt(command)).await;
        match prompted {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(refused))) => return Ok(refused),
            Ok(Err(fault)) => return Err(fault),
            Err(_) => {
                // what it may still wait for is given up
                self.write(ABANDON).await?;
                return Err(LineFault::ModemSilent);
            }
        }
        self.write(&zeroize::Zeroizing::new([data.as_bytes(), HANDED].concat()))
            .await?;
        let answered = timeout(HANDED_ANSWER, self.answer(command));
        answered.await.unwrap_or(Err(LineFault::ModemSilent))
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), LineFault> {
        let written = self.port.write_all(bytes).await;
        written.map_err(|_| LineFault::ModemGone)
    }

    /// Waits for `>`; an answer instead of it is a refusal.
    async fn prompt(&mut self, command: &str) -> Result<Option<Answer>, LineFault> {
        loop {
            let begin = self.buffer.iter().position(|b| !b.is_ascii_whitespace());
            if let Some(begin) = begin.filter(|at| self.buffer[*at] == b'>') {
                self.buffer.drain(..=begin);
                return Ok(None);
            }
            match self.line() {
                Some(line) if line == "ERROR" || error_of(&line).is_some() => {
                    return Ok(Some(Answer::Error(error_of(&line).flatten())));
                }
                Some(line) if line == command => {}
                Some(line) => self.keep(line),
                None => self.fill().await?,
            }
        }
    }

    async fn answer(&mut self, command: &str) -> Result<Answer, LineFault> {
        let mut lines = Vec::new();
        loop {
            let line = self.read().await?;
            match line.as_str() {
                "OK" => return Ok(Answer::Ok(lines)),
                "ERROR" => return Ok(Answer::Error(None)),
                "BUSY" | "NO ANSWER" | "NO CARRIER" | "NO DIALTONE"
                    if command.starts_with("ATD") || command == "ATA" =>
                {
                    return Ok(Answer::Call(line));
                }
                // the echo, until it is switched off
                _ if line == command => {}
                _ => match error_of(&line) {
                    Some(number) => return Ok(Answer::Error(number)),
                    None if is_answer(&line, command) && lines.len() < MOST => lines.push(line),
                    None => self.keep(line),
                },
            }
        }
    }

    /// Keeps a line that nobody asked for; of too many the oldest goes.
    fn keep(&mut self, line: String) {
        if self.unasked.len() >= MOST {
            self.unasked.pop_front();
        }
        self.unasked.push_back(line);
    }

    /// The next line that nobody asked for. Cancel-safe.
    pub(super) async fn unasked(&mut self) -> Result<String, LineFault> {
        match self.unasked.pop_front() {
            Some(line) => Ok(line),
            None => self.read().await,
        }
    }

    /// Throws away what comes within a time: what is left of the last call.
    pub(super) async fn drain(&mut self, time: Duration) -> Result<(), LineFault> {
        let drained = timeout(time, async {
            loop {
                self.read().await?;
            }
        });
        match drained.await {
            Ok(fault) => fault,
            Err(_) => {
                self.unasked.clear();
                Ok(())
            }
        }
    }

    /// The next line that is not empty. Cancel-safe: what was read of one stays.
    async fn read(&mut self) -> Result<String, LineFault> {
        loop {
            match self.line() {
                Some(line) => return Ok(line),
                None => self.fill().await?,
            }
        }
    }

    /// The next line that is not empty of what was read.
    fn line(&mut self) -> Option<String> {
        while let Some(end) = self.buffer.iter().position(|b| matches!(b, b'\r' | b'\n')) {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if !line.is_empty() {
                return Some(line);
            }
        }
        if self.buffer.len() > LONGEST {
            self.buffer.clear();
        }
        None
    }

    /// Reads on. Cancel-safe.
    async fn fill(&mut self) -> Result<(), LineFault> {
        let mut chunk = [0; 256];
        match self.port.read(&mut chunk).await {
            // an unplugged port reads nothing for ever
            Ok(0) | Err(_) => Err(LineFault::ModemGone),
            Ok(length) => {
                self.buffer.extend_from_slice(&chunk[..length]);
                Ok(())
            }
        }
    }
}

/// The number of `+CME ERROR` and `+CMS ERROR`, where a line is one.
fn error_of(line: &str) -> Option<Option<u16>> {
    let number = line
        .strip_prefix("+CME ERROR:")
        .or_else(|| line.strip_prefix("+CMS ERROR:"))?;
    Some(number.trim().parse().ok())
}

/// Whether a line belongs to the answer of a command: `AT+CLCC` is answered by `+CLCC: …`, and nothing else is.
fn is_answer(line: &str, command: &str) -> bool {
    let name = command.trim_start_matches("AT").trim_end_matches('?');
    let name = name.split('=').next().unwrap_or(name);
    name.starts_with('+') && line.starts_with(&format!("{name}:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_notices() {
        assert!(is_answer("+CLCC: 1,0,2,0,0", "AT+CLCC"));
        assert!(is_answer("+CPIN: READY", "AT+CPIN?"));
        assert!(is_answer("+CREG: 0,1", "AT+CREG?"));
        assert!(!is_answer("+QIND: \"ccinfo\",1,0,2,0", "AT+CLCC"));
        assert!(!is_answer("NO CARRIER", "AT+CHUP"));
        assert!(!is_answer("RING", "AT"));
    }
}
