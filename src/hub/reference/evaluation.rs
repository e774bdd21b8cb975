//! Owns an evaluation as the city plans it: over several venues, with seats that are free.

use super::board::BoardView;
use crate::config::RoomId;
use crate::room::{CommitteeSize, Plan, Policies, RuleSet, SessionId, SessionKind, Span, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An evaluation over one or several venues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evaluation {
    /// Its number; a venue's session is called by it too.
    pub id: SessionId,
    /// Real, or a rehearsal.
    pub kind: SessionKind,
    /// The planned start.
    pub start: Utc,
    /// How long it is expected to take.
    pub expected: Span,
    /// Where; the first is the main venue.
    pub venues: Vec<Venue>,
    /// The rules that it falls under; each room's where none are named.
    #[serde(default)]
    pub rules: Option<RuleSet>,
    /// Policies of its own; none for each room's.
    #[serde(default)]
    pub policies: Option<Policies>,
}

/// A room's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Venue {
    /// Which room.
    pub room: RoomId,
    /// How many experts sit there.
    pub experts: u8,
    /// How many tenderer representatives.
    pub tenderer_representatives: u8,
}

/// Why an evaluation cannot be planned so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum EvaluationFault {
    /// No venue, or one twice.
    #[error("至少一个评标室，每个只出现一次 / at least one venue, and each once")]
    Venues,
    /// The hub does not know that room.
    #[error("{room}：本市没有这个评标室 / the city has no such room")]
    NoSuchRoom {
        /// Which.
        room: RoomId,
    },
    /// More people than seats.
    #[error("{room}：只有 {seats} 个席位 / only {seats} seats")]
    TooFewSeats {
        /// Where.
        room: RoomId,
        /// How many there are.
        seats: u32,
    },
    /// Another session holds the room at that time.
    #[error("{room}：该时段已有 {session} / {session} holds it at that time")]
    Occupied {
        /// Where.
        room: RoomId,
        /// By which.
        session: SessionId,
    },
    /// That number was used before.
    #[error("编号 {id} 已使用 / the number {id} was used before")]
    Exists {
        /// Which.
        id: SessionId,
    },
}

impl Evaluation {
    /// Checks it against what the rooms say of themselves. A room that was not heard of yet is asked all the same.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, board: &BoardView) -> Result<(), EvaluationFault> {
        let rooms: BTreeSet<&RoomId> = self.venues.iter().map(|venue| &venue.room).collect();
        if rooms.is_empty() || rooms.len() != self.venues.len() {
            return Err(EvaluationFault::Venues);
        }
        self.venues
            .iter()
            .try_for_each(|venue| self.check_venue(venue, board))
    }

    fn check_venue(&self, venue: &Venue, board: &BoardView) -> Result<(), EvaluationFault> {
        let room = venue.room.clone();
        let Some(known) = board.rooms.iter().find(|known| known.id == room) else {
            return Err(EvaluationFault::NoSuchRoom { room });
        };
        let Some(state) = &known.state else {
            return Ok(());
        };
        if venue.people() > state.seats {
            let seats = state.seats;
            return Err(EvaluationFault::TooFewSeats { room, seats });
        }
        let ends = self.start + self.expected;
        let mut others = state.sessions.iter().filter(|other| other.id != self.id);
        let other =
            others.find(|other| other.start < ends && self.start < other.start + other.expected);
        match other {
            Some(other) => Err(EvaluationFault::Occupied {
                room,
                session: other.id.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Each venue's part of it.
    pub fn plans(&self) -> Vec<(RoomId, Plan)> {
        let sum = |people: fn(&Venue) -> u8| {
            let venues = self.venues.iter().map(people);
            venues.fold(0, u8::saturating_add)
        };
        let whole = CommitteeSize {
            experts: sum(|venue| venue.experts),
            tenderer_representatives: sum(|venue| venue.tenderer_representatives),
        };
        let part = |venue: &Venue| {
            let plan = Plan {
                id: self.id.clone(),
                kind: self.kind,
                start: self.start,
                expected: self.expected,
                experts: venue.experts,
                tenderer_representatives: venue.tenderer_representatives,
                committee: (self.venues.len() > 1).then_some(whole),
                rules: self.rules,
                policies: self.policies.clone(),
            };
            (venue.room.clone(), plan)
        };
        self.venues.iter().map(part).collect()
    }
}

impl Venue {
    fn people(&self) -> u32 {
        u32::from(self.experts) + u32::from(self.tenderer_representatives)
    }
}
