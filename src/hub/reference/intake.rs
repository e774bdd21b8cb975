//! Owns how the hub takes what rooms say: each message is stored, counted as known, or refused with a reason that is written down.

use super::database::DatabaseError;
use super::draws::{self, AskedDraw};
use super::flood::{Flood, Told};
use super::store::Batch;
use crate::archive::checkpoints::SignedCheckpoint;
use crate::config::RoomId;
use crate::hub::contract::{
    AttendanceStatement, Envelope, JournalLine, Key, Kind, Links, Payload, Presence, PublicState,
    Rejection, Reply, ReplyOutcome, Unreadable,
};
use crate::room::{CommandId, SessionId, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// A message as it came.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    pub(super) room: RoomId,
    pub(super) kind: Kind,
    pub(super) payload: bytes::Bytes,
    /// When the hub heard it.
    pub(super) at: Utc,
    /// The broker had kept it: it is as old as it says of itself.
    pub(super) kept: bool,
    /// Which command it answers, as MQTT 5 says it.
    pub(super) correlation: Option<CommandId>,
}

/// What a batch of messages came to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Entries that are new.
    pub(super) stored: u64,
    /// Entries that were known.
    pub(super) known: u64,
    /// Messages that were refused.
    pub(super) refused: u64,
    /// Rooms that are to hear how far they are stored.
    pub(super) receipts: BTreeSet<RoomId>,
    /// What the board shows.
    pub(super) news: Vec<News>,
    /// Draws whose commitments are to be signed: of these rooms' sessions.
    pub(super) draws: Vec<AskedDraw>,
    /// Whether the board is to read the database anew.
    pub(super) looks: bool,
}

/// What the board learns at once.
#[derive(Debug, Clone)]
pub(super) enum News {
    Presence(RoomId, Presence),
    State(RoomId, Box<PublicState>, Utc),
}

/// Takes messages into a batch.
pub(super) struct Intake<'a, 'b> {
    pub(super) batch: &'a mut Batch<'b>,
    pub(super) rooms: &'a BTreeSet<RoomId>,
    pub(super) flood: &'a mut Flood,
    pub(super) taken: Taken,
}

/// Why a message is not taken.
type Refused = &'static str;

impl Intake<'_, '_> {
    /// Takes one.
    ///
    /// # Errors
    /// The database's; nothing of the batch holds then.
    pub(super) fn take(&mut self, arrived: &Arrived) -> Result<(), DatabaseError> {
        let refused = match self.judge(arrived)? {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        self.taken.refused += 1;
        let (room, what) = (&arrived.room, arrived.kind.word());
        let known = self.rooms.get(room);
        let reason = match self.flood.count(known, what, refused, arrived.at) {
            Told::Yes => refused,
            Told::More => "more-like-it",
            Told::No => return Ok(()),
        };
        tracing::warn!(%room, kind = what, reason, "a message was refused");
        self.batch.refuse(arrived.at, Some(room), what, reason)
    }

    fn judge(&mut self, arrived: &Arrived) -> Result<Result<(), Refused>, DatabaseError> {
        if !self.rooms.contains(&arrived.room) {
            return Ok(Err("unknown-room"));
        }
        match arrived.kind {
            Kind::Events => self.event(arrived),
            Kind::Presence => self.presence(arrived),
            Kind::State => Ok(self.state(arrived)),
            Kind::Checkpoints => self.checkpoint(arrived),
            Kind::Replies => self.reply(arrived),
            Kind::Statements => self.statement(arrived),
            Kind::Receipt | Kind::Commands => Ok(Err("not-a-rooms-topic")),
        }
    }

    /// An entry: the next one is stored, a known one is known, and one that is ahead comes again later.
    fn event(&mut self, arrived: &Arrived) -> Result<Result<(), Refused>, DatabaseError> {
        let (room, at) = (&arrived.room, arrived.at);
        let envelope = match read::<JournalLine>(&arrived.payload) {
            Ok(envelope) => envelope,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(by) = envelope.by else {
            return Ok(Err("no-box"));
        };
        if let Err(refused) = self.in_place(room, by, at)? {
            return Ok(refused.map_or(Ok(()), Err));
        }
        let line = envelope.data.0.bytes();
        let Ok(links) = serde_json::from_slice::<Links>(line) else {
            return Ok(Err("no-journal-line"));
        };
        let sha256 = hex::encode(Sha256::digest(line));
        if envelope.sha256.as_ref() != Some(&sha256) {
            return Ok(Err("hash-differs"));
        }
        let holder = self.batch.holder(room).expect("it is in place");
        let (epoch, upto, head) = (holder.epoch, holder.upto, &holder.head);
        // whatever it is, the room hears how far it is stored
        self.taken.receipts.insert(room.clone());
        if links.seq > upto.next() {
            // one before it was lost on the way: the room goes back for it
            return Ok(Ok(()));
        }
        if links.seq <= upto {
            let stored = self.batch.line(room, epoch, links.seq)?;
            if stored.as_deref() != Some(line) {
                return Ok(Err("another-history"));
            }
            self.taken.known += 1;
            return Ok(Ok(()));
        }
        if links.prev != *head {
            return Ok(Err("chain-broken"));
        }
        let session = links.session.as_ref().map(SessionId::as_str);
        self.batch
            .add(room, links.seq, links.stamp.at, session, line, sha256)?;
        if let Some(policies) = configured(line) {
            self.batch.policies(room, policies.get())?;
        }
        self.taken.stored += 1;
        self.taken.draws.extend(draws::asked(room, line));
        Ok(Ok(()))
    }

    /// Whether a box has the room's place. The first that comes gets it; for any other an operator decides.
    fn in_place(
        &mut self,
        room: &RoomId,
        by: Key,
        at: Utc,
    ) -> Result<Result<(), Option<Refused>>, DatabaseError> {
        match self.batch.holder(room) {
            Some(holder) if holder.by == by => return Ok(Ok(())),
            None => {
                self.batch.admit(room, by, at)?;
                self.taken.receipts.insert(room.clone());
                return Ok(Ok(()));
            }
            Some(_) => {}
        }
        // it learns from the receipt whose place it is
        self.taken.receipts.insert(room.clone());
        if self.batch.was_replaced(room, by)? {
            return Ok(Err(Some("fenced")));
        }
        // told once
        let new = self.batch.wait(room, by, at)?;
        Ok(Err(new.then_some("not-admitted")))
    }

    fn presence(&mut self, arrived: &Arrived) -> Result<Result<(), Refused>, DatabaseError> {
        let (room, at) = (&arrived.room, arrived.at);
        let envelope = match read::<Presence>(&arrived.payload) {
            Ok(envelope) => envelope,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(by) = envelope.by else {
            return Ok(Err("no-box"));
        };
        // who has gone asks for no place, and has none to lose to another's death
        let holds = self.is_of_holder(room, Some(by));
        if !holds && !envelope.data.online {
            return Ok(Ok(()));
        }
        if let Err(refused) = self.in_place(room, by, at)? {
            return Ok(refused.map_or(Ok(()), Err));
        }
        if let Some(signed) = &envelope.data.certificate {
            let stated = signed.open(&[by]).ok();
            let Some(stated) = stated.filter(|stated| stated.room == *room) else {
                return Ok(Err("bad-signature"));
            };
            let new = self.batch.certificate(room, by, &stated.certificate)?;
            self.taken.looks |= new;
        }
        if envelope.data.online {
            self.taken.receipts.insert(room.clone());
        }
        self.taken
            .news
            .push(News::Presence(room.clone(), envelope.data));
        Ok(Ok(()))
    }

    fn state(&mut self, arrived: &Arrived) -> Result<(), Refused> {
        let envelope = read::<PublicState>(&arrived.payload)?;
        if !self.is_of_holder(&arrived.room, envelope.by) {
            // the presence that it comes with is what is refused
            return Ok(());
        }
        let (room, state) = (arrived.room.clone(), Box::new(envelope.data));
        let heard = match arrived.kept {
            true => state.at.min(arrived.at),
            false => arrived.at,
        };
        self.taken.news.push(News::State(room, state, heard));
        Ok(())
    }

    fn checkpoint(&mut self, arrived: &Arrived) -> Result<Result<(), Refused>, DatabaseError> {
        let envelope = match read::<SignedCheckpoint>(&arrived.payload) {
            Ok(envelope) => envelope,
            Err(refused) => return Ok(Err(refused)),
        };
        let room = &arrived.room;
        let signed = envelope.data;
        let by: Option<Key> = signed.key.parse().ok();
        let (Some(by), Some(holder)) = (by, self.batch.holder(room)) else {
            return Ok(Err("no-box"));
        };
        if holder.by != by || signed.checkpoint.room != room.as_str() {
            return Ok(Err("not-this-box"));
        }
        if !signed.is_genuine() {
            return Ok(Err("bad-signature"));
        }
        let Ok(line) = serde_json::to_vec(&signed) else {
            return Ok(Err("wrong-schema"));
        };
        let checkpoint = &signed.checkpoint;
        if i64::try_from(checkpoint.seq.0).is_err() {
            return Ok(Err("wrong-schema"));
        }
        let session = checkpoint.session.as_str();
        self.batch
            .checkpoint(room, by, session, checkpoint.seq, arrived.at, &line)?;
        Ok(Ok(()))
    }

    /// An attendance statement: kept as it is, for the pool's owner alone opens it.
    fn statement(&mut self, arrived: &Arrived) -> Result<Result<(), Refused>, DatabaseError> {
        let envelope = match read::<AttendanceStatement>(&arrived.payload) {
            Ok(envelope) => envelope,
            Err(refused) => return Ok(Err(refused)),
        };
        let room = &arrived.room;
        if !self.is_of_holder(room, envelope.by) {
            return Ok(Err("not-this-box"));
        }
        let statement = envelope.data;
        let Some(container) = statement.opaque() else {
            return Ok(Err("hash-differs"));
        };
        self.batch
            .statement(room, &statement, &container, arrived.at)?;
        self.taken.receipts.insert(room.clone());
        self.taken.looks = true;
        Ok(Ok(()))
    }

    fn is_of_holder(&self, room: &RoomId, by: Option<Key>) -> bool {
        let holder = self.batch.holder(room);
        holder.is_some_and(|holder| Some(holder.by) == by)
    }

    fn reply(&mut self, arrived: &Arrived) -> Result<Result<(), Refused>, DatabaseError> {
        let envelope = match read::<Reply>(&arrived.payload) {
            Ok(envelope) => envelope,
            Err(refused) => return Ok(Err(refused)),
        };
        // a box that waits for the place, or has lost it, does not speak for the room
        if !self.is_of_holder(&arrived.room, envelope.by) {
            return Ok(Err("not-this-box"));
        }
        let Reply { command, outcome } = envelope.data;
        let Some(id) = command.or_else(|| arrived.correlation.clone()) else {
            // the room could not read what somebody sent in the hub's name; it has written that down itself
            return Ok(Err("reply-to-nothing"));
        };
        // whoever is busy is asked again, under the same id
        let busy = matches!(
            outcome,
            ReplyOutcome::Rejected {
                reason: Rejection::Busy
            }
        );
        let Ok(text) = serde_json::to_string(&outcome) else {
            return Ok(Err("wrong-schema"));
        };
        let text = (!busy).then_some(text.as_str());
        let known = self
            .batch
            .reply(&arrived.room, id.as_str(), text, arrived.at)?;
        self.taken.looks |= known;
        Ok(if known {
            Ok(())
        } else {
            Err("unknown-command")
        })
    }
}

/// The policies of a room, in the entry by which it says them. All other entries are passed over unread.
fn configured(line: &[u8]) -> Option<Box<RawValue>> {
    const WORD: &[u8] = b"\"type\":\"room_configured\"";
    #[derive(Deserialize)]
    struct Line {
        event: Configured,
    }
    #[derive(Deserialize)]
    struct Configured {
        policies: Box<RawValue>,
    }
    line.windows(WORD.len()).find(|part| *part == WORD)?;
    let line: Line = serde_json::from_slice(line).ok()?;
    Some(line.event.policies)
}

fn read<T: Payload>(payload: &[u8]) -> Result<Envelope<T>, Refused> {
    Envelope::<T>::read(payload).map_err(|unreadable: Unreadable| unreadable.word())
}
