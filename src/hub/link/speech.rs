//! Owns how the room words its messages: each with its topic, as bytes.

use crate::archive::checkpoints::SignedCheckpoint;
use crate::config::{CityId, RoomId};
use crate::hub::contract::{
    AttendanceStatement, BoxCertificate, JournalLine, Key, Kind, Links, Payload, Presence,
    PublicState, Raw, Reply, Sender, Signed, Topics,
};
use crate::hub::mqtt::{Beside, Message, Quality};
use crate::room::{BootId, Seq, Utc};
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// A reply that was not delivered for so long, s, is asked for again.
const REPLY_HOLDS: u32 = 3_600;

/// The room as it speaks over one connection.
#[derive(Debug)]
pub(super) struct Speech {
    pub(super) topics: Topics,
    pub(super) room: RoomId,
    run: String,
    boot: BootId,
    sender: Sender,
    /// What orders are encrypted to.
    certificate: Signed<BoxCertificate>,
    /// Counts what has no number of its own.
    spoken: u64,
}

impl Speech {
    pub(super) fn new(
        city: &CityId,
        room: &RoomId,
        by: Key,
        boot: BootId,
        certificate: Signed<BoxCertificate>,
    ) -> Self {
        let sender = Sender {
            source: format!("/bidroom/{city}/{room}"),
            by: Some(by),
        };
        Self {
            topics: Topics::of(city),
            room: room.clone(),
            run: format!("{:016x}", rand::random::<u64>()),
            boot,
            sender,
            certificate,
            spoken: 0,
        }
    }

    /// Whether the room is there; `false` is what the broker says for a room that is gone.
    pub(super) fn presence(&mut self, online: bool, at: Utc) -> serde_json::Result<Message> {
        let presence = Presence {
            online,
            run: self.run.clone(),
            boot_id: self.boot.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            certificate: online.then(|| self.certificate.clone()),
        };
        self.say(Kind::Presence, Quality::Acknowledged, true, at, presence)
    }

    /// The public state.
    pub(super) fn state(&mut self, state: PublicState) -> serde_json::Result<Message> {
        let at = state.at;
        self.say(Kind::State, Quality::Fleeting, true, at, state)
    }

    /// A checkpoint.
    pub(super) fn checkpoint(&mut self, signed: SignedCheckpoint) -> serde_json::Result<Message> {
        let at = signed.checkpoint.at;
        self.say(Kind::Checkpoints, Quality::Acknowledged, false, at, signed)
    }

    /// Who was there; the same id for each redelivery.
    pub(super) fn statement(&self, statement: AttendanceStatement) -> serde_json::Result<Message> {
        let id = format!("statement/{}", statement.sha256);
        let payload = self.sender.write(id, statement.made, None, statement)?;
        Ok(Message {
            topic: self.topics.topic(&self.room, Kind::Statements),
            payload: payload.into(),
            quality: Quality::Acknowledged,
            retained: false,
            beside: Beside::default(),
        })
    }

    /// What became of a command, with what its asker knows it by.
    pub(super) fn reply(
        &mut self,
        reply: Reply,
        correlation: Option<Bytes>,
        at: Utc,
    ) -> serde_json::Result<Message> {
        let mut message = self.say(Kind::Replies, Quality::Acknowledged, false, at, reply)?;
        message.beside = Beside {
            answer_to: None,
            correlation,
            expires: Some(REPLY_HOLDS),
        };
        Ok(message)
    }

    /// An entry, as the line that the journal keeps.
    pub(super) fn event(&self, seq: Seq, line: &[u8]) -> serde_json::Result<Message> {
        let by = self.sender.by.expect("a room has its box");
        let sha256 = hex::encode(Sha256::digest(line));
        let data = JournalLine(Raw::of_bytes(line)?);
        // the same for each redelivery, as is the time
        let at = serde_json::from_slice::<Links>(line)?.stamp.at;
        let id = format!("{by}/{seq}");
        let payload = self.sender.write(id, at, Some(sha256), data)?;
        Ok(Message {
            topic: self.topics.topic(&self.room, Kind::Events),
            payload: payload.into(),
            quality: Quality::Acknowledged,
            retained: false,
            beside: Beside::default(),
        })
    }

    fn say<T: Payload>(
        &mut self,
        kind: Kind,
        quality: Quality,
        retained: bool,
        at: Utc,
        data: T,
    ) -> serde_json::Result<Message> {
        self.spoken += 1;
        let id = format!("{}/{}/{}", self.run, kind.word(), self.spoken);
        let payload = self.sender.write(id, at, None, data)?;
        Ok(Message {
            topic: self.topics.topic(&self.room, kind),
            payload: payload.into(),
            quality,
            retained,
            beside: Beside::default(),
        })
    }
}
