//! Owns the sending of one text message by a modem, part after part.

use super::commands::Answer;
use super::open::Open;
use crate::phone::sms::Pdu;
use crate::room::{LineFault, TextEnd};

impl Open<'_> {
    /// Sends all parts; what the network says of them. After a part that is refused none follows.
    pub(super) async fn send(&mut self, parts: &[Pdu]) -> Result<TextEnd, LineFault> {
        let refused = |cause| Ok(TextEnd::Refused { cause });
        match self.commands.ask("AT+CMGF=0").await? {
            Answer::Ok(_) => {}
            Answer::Error(cause) => return refused(cause),
            Answer::Call(_) => return refused(None),
        }
        for part in parts {
            let command = format!("AT+CMGS={}", part.octets());
            match self.commands.hand(&command, part.hex()).await? {
                Answer::Ok(_) => {}
                Answer::Error(cause) => return refused(cause),
                Answer::Call(_) => return refused(None),
            }
        }
        Ok(TextEnd::Sent)
    }
}
