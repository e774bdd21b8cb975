//! Owns the dialogue with a modem's command port: a command and its answer, and what the modem says by itself in between.

use crate::room::LineFault;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_serial::SerialStream;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// The longest line; what is longer is no line of a modem.
const LONGEST: usize = 512;

/// How a command was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// `OK`, and the lines before it.
    Ok(Vec<String>),
    /// `ERROR`, or `+CME ERROR` with its number.
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
        self.port
            .write_all(line.as_bytes())
            .await
            .map_err(|_| LineFault::ModemGone)?;
        let answered = timeout(ANSWER, async {
            let mut lines = Vec::new();
            loop {
                let line = self.read().await?;
                match line.as_str() {
                    "OK" => return Ok(Answer::Ok(lines)),
                    "ERROR" => return Ok(Answer::Error(None)),
                    "BUSY" | "NO ANSWER" | "NO CARRIER" | "NO DIALTONE"
                        if command.starts_with("ATD") =>
                    {
                        return Ok(Answer::Call(line));
                    }
                    // the echo, until it is switched off
                    _ if line == command => {}
                    _ => match line.strip_prefix("+CME ERROR:") {
                        Some(number) => return Ok(Answer::Error(number.trim().parse().ok())),
                        None if is_answer(&line, command) => lines.push(line),
                        None => self.unasked.push_back(line),
                    },
                }
            }
        });
        answered.await.unwrap_or(Err(LineFault::ModemSilent))
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
            while let Some(end) = self.buffer.iter().position(|b| matches!(b, b'\r' | b'\n')) {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line).trim().to_owned();
                if !line.is_empty() {
                    return Ok(line);
                }
            }
            if self.buffer.len() > LONGEST {
                self.buffer.clear();
            }
            let mut chunk = [0; 256];
            match self.port.read(&mut chunk).await {
                // an unplugged port reads nothing for ever
                Ok(0) | Err(_) => return Err(LineFault::ModemGone),
                Ok(length) => self.buffer.extend_from_slice(&chunk[..length]),
            }
        }
    }
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
