//! Owns what the city board shows: every room with how old it is, what is planned, and what waits for an operator.

use super::evaluation::Evaluation;
use super::intake::News;
use super::store::{Holder, TrailLine};
use crate::config::RoomId;
use crate::hub::contract::{Key, PublicState, ReplyOutcome};
use crate::room::{CommandId, Hex32, Policies, Seq, SessionId, Span, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// A state that is older than this is shown as old: rooms say it twice as often.
const STALE: Span = Span::seconds(5);

/// The city.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BoardView {
    /// When it was folded.
    pub at: Utc,
    /// What people call it.
    pub city: String,
    /// The broker over which rooms are heard; none where there is none.
    pub broker: Option<String>,
    /// Its rooms.
    pub rooms: Vec<BoardRoom>,
    /// What is planned, newest first.
    pub evaluations: Vec<EvaluationView>,
    /// Archives that rooms were asked for, newest first.
    pub archives: Vec<ArchiveRequest>,
    /// Live relays that rooms were asked for, or to end, newest first.
    pub relays: Vec<RelayRequest>,
    /// Orders that pools' owners have drawn, as they were sent to rooms, newest first.
    pub orders: Vec<OrderView>,
    /// Attendance statements that rooms have handed in, newest first.
    pub statements: Vec<StatementView>,
    /// The policies that an evaluation's own begin with.
    pub usual: Policies,
    /// Boxes that ask for a room's place.
    pub waiting: Vec<WaitingBox>,
    /// What was refused last, newest first.
    pub trail: Vec<TrailLine>,
}

/// A room on the board.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BoardRoom {
    /// Which.
    pub id: RoomId,
    /// Whether the broker holds it for connected.
    pub online: bool,
    /// When its state was heard last.
    pub heard: Option<Utc>,
    /// Whether that is too long ago to be taken for the present.
    pub stale: bool,
    /// What it said of itself.
    pub state: Option<PublicState>,
    /// How many boxes it has had; 0 where none was heard yet.
    pub epoch: u64,
    /// The last entry that is stored.
    pub upto: Seq,
    /// SHA-256 of the certificate that orders for its box are encrypted to, hex; none where it has not said one.
    pub certificate: Option<String>,
}

/// An evaluation, and what became of it at each venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EvaluationView {
    /// What was planned.
    pub evaluation: Evaluation,
    /// When.
    pub made: Utc,
    /// What became of it.
    pub venues: Vec<VenueView>,
}

/// What became of an evaluation at a venue: the last command about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VenueView {
    /// Where.
    pub room: RoomId,
    /// Which command.
    pub command: CommandId,
    /// What it asks, in a fixed word: `plan_session`, `change_plan`, `set_policies`, `cancel_session`.
    pub what: String,
    /// How it stands.
    pub state: CommandState,
}

/// An archive that a room was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ArchiveRequest {
    /// Which room.
    pub room: RoomId,
    /// Of which session.
    pub session: SessionId,
    /// When.
    pub asked: Utc,
    /// What the room says: where it has one, which archive it is.
    pub state: CommandState,
}

/// A live relay that a room was asked for, or to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RelayRequest {
    /// Which room.
    pub room: RoomId,
    /// Of which session.
    pub session: SessionId,
    /// When.
    pub asked: Utc,
    /// What the room says.
    pub state: CommandState,
    /// `start_relay` or `end_relay`.
    pub what: String,
}

/// An order that a pool's owner has drawn, as it was sent to a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OrderView {
    /// To which room.
    pub room: RoomId,
    /// For which session.
    pub session: SessionId,
    /// When.
    pub sent: Utc,
    /// SHA-256 of the envelope; the room's page shows the same.
    pub sha256: Hex32,
    /// Its bytes.
    pub bytes: u64,
    /// In how many parts it goes.
    pub parts: u32,
    /// How many of them the room has answered.
    pub answered: u32,
    /// What the room says: taken, or why not.
    pub state: CommandState,
}

/// An attendance statement that a room has handed in. Who was there stands in it, and only its recipient can read that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatementView {
    /// Of which room.
    pub room: RoomId,
    /// Which: SHA-256 of the container, hex.
    pub id: String,
    /// Of which session.
    pub session: SessionId,
    /// Whether that was a rehearsal: nobody is paid for it.
    pub rehearsal: bool,
    /// When the room made it.
    pub made: Utc,
    /// SHA-256 of the certificate that it is encrypted to, hex.
    pub recipient: String,
}

/// How a command stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum CommandState {
    /// The room has not answered yet.
    Waiting,
    /// Its time was over before the room answered.
    Expired,
    /// The room has answered.
    Answered {
        /// What.
        outcome: Box<ReplyOutcome>,
    },
}

/// A box that asks for the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaitingBox {
    /// In which room.
    pub room: RoomId,
    /// Its public key.
    #[serde(rename = "box")]
    pub by: Key,
    /// Since when.
    pub since: Utc,
}

/// What the board is folded from.
#[derive(Debug, Default)]
pub(super) struct Board {
    pub(super) city: String,
    pub(super) rooms: BTreeMap<RoomId, Heard>,
    pub(super) evaluations: Vec<EvaluationView>,
    pub(super) archives: Vec<ArchiveRequest>,
    pub(super) relays: Vec<RelayRequest>,
    pub(super) orders: Vec<OrderView>,
    pub(super) certificates: BTreeMap<RoomId, String>,
    pub(super) statements: Vec<StatementView>,
    pub(super) waiting: Vec<WaitingBox>,
    pub(super) trail: Vec<TrailLine>,
}

/// What was heard of a room.
#[derive(Debug, Default)]
pub(super) struct Heard {
    online: bool,
    run: Option<String>,
    state: Option<(PublicState, Utc)>,
}

impl Board {
    /// Takes something in.
    pub(super) fn take(&mut self, news: News) {
        match news {
            News::Presence(room, presence) => {
                let heard = self.rooms.entry(room).or_default();
                // a late death of a connection that was replaced
                let old = heard.run.as_ref().is_some_and(|run| *run != presence.run);
                if presence.online {
                    heard.run = Some(presence.run);
                    heard.online = true;
                } else if !old {
                    heard.online = false;
                }
            }
            News::State(room, state, at) => {
                let heard = self.rooms.entry(room).or_default();
                heard.state = Some((*state, at));
            }
        }
    }

    /// Whether a room is there, as far as is known.
    pub(super) fn is_online(&self, room: &RoomId) -> bool {
        self.rooms.get(room).is_some_and(|heard| heard.online)
    }

    /// The board at a moment.
    pub(super) fn fold(
        &self,
        at: Utc,
        broker: Option<String>,
        holders: &BTreeMap<RoomId, Holder>,
    ) -> BoardView {
        let room = |(id, heard): (&RoomId, &Heard)| {
            let holder = holders.get(id);
            let age = heard.state.as_ref().map(|(_, heard)| *heard);
            BoardRoom {
                id: id.clone(),
                online: heard.online,
                heard: age,
                stale: age.is_none_or(|heard| heard + STALE < at),
                state: heard.state.as_ref().map(|(state, _)| state.clone()),
                epoch: holder.map_or(0, |holder| holder.epoch),
                upto: holder.map_or(Seq(0), |holder| holder.upto),
                certificate: self.certificates.get(id).cloned(),
            }
        };
        BoardView {
            at,
            city: self.city.clone(),
            broker,
            rooms: self.rooms.iter().map(room).collect(),
            evaluations: self.evaluations.clone(),
            archives: self.archives.clone(),
            relays: self.relays.clone(),
            orders: self.orders.clone(),
            statements: self.statements.clone(),
            usual: Policies::default(),
            waiting: self.waiting.clone(),
            trail: self.trail.clone(),
        }
    }
}
