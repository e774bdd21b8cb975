//! Owns the topics: which there are, and what a topic's name says.

use crate::config::{CityId, RoomId};

/// What is said under a room's topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Room, retained, last will: whether it is there.
    Presence,
    /// Room, retained: what anybody in the city may know of it, at most 2 s old.
    State,
    /// Room, QoS 1: the journal's entries in their order, at least once.
    Events,
    /// Room, QoS 1: where journal and recordings stood, for a witness to keep.
    Checkpoints,
    /// Room, QoS 1: who was there, encrypted to the pool's owner.
    Statements,
    /// Hub, retained: how far it has stored the room's entries, signed.
    Receipt,
    /// Hub, QoS 1: what the room is asked to do, signed.
    Commands,
    /// Room, QoS 1: what became of it.
    Replies,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 8] = [
        Kind::Presence,
        Kind::State,
        Kind::Events,
        Kind::Checkpoints,
        Kind::Statements,
        Kind::Receipt,
        Kind::Commands,
        Kind::Replies,
    ];

    /// What rooms publish; the hub subscribes to it.
    pub const OF_ROOMS: [Kind; 6] = [
        Kind::Presence,
        Kind::State,
        Kind::Events,
        Kind::Checkpoints,
        Kind::Statements,
        Kind::Replies,
    ];

    /// What the hub publishes; each room subscribes to its own.
    pub const OF_HUB: [Kind; 2] = [Kind::Receipt, Kind::Commands];

    /// The topic's last word.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Presence => "presence",
            Kind::State => "state",
            Kind::Events => "events",
            Kind::Checkpoints => "checkpoints",
            Kind::Statements => "statements",
            Kind::Receipt => "receipt",
            Kind::Commands => "commands",
            Kind::Replies => "replies",
        }
    }
}

/// The topics of a city, `bidroom/v1/<city>/<room>/<kind>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    prefix: String,
}

/// Where the hub says that it is there. No room may be called so.
const HUB: &str = "hub";

impl Topics {
    /// Those of this city.
    pub fn of(city: &CityId) -> Self {
        let prefix = format!("bidroom/v1/{city}/");
        Self { prefix }
    }

    /// A room's topic.
    pub fn topic(&self, room: &RoomId, kind: Kind) -> String {
        format!("{}{room}/{}", self.prefix, kind.word())
    }

    /// The same topic of all rooms, as a filter to subscribe to.
    pub fn of_all_rooms(&self, kind: Kind) -> String {
        format!("{}+/{}", self.prefix, kind.word())
    }

    /// The hub's own presence (retained, last will).
    pub fn hub_presence(&self) -> String {
        format!("{}{HUB}/{}", self.prefix, Kind::Presence.word())
    }

    /// Whose topic it is, and which; none for any other.
    pub fn read(&self, topic: &str) -> Option<(RoomId, Kind)> {
        let (room, word) = topic.strip_prefix(&self.prefix)?.split_once('/')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word)?;
        let room: RoomId = room.parse().ok()?;
        (room.as_str() != HUB).then_some((room, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_read_back_and_nothing_else_is_one() {
        let topics = Topics::of(&"baoshan".parse().unwrap());
        let room: RoomId = "baoshan-1".parse().unwrap();
        for kind in Kind::ALL {
            assert_eq!(
                topics.read(&topics.topic(&room, kind)),
                Some((room.clone(), kind))
            );
        }
        for other in [
            "",
            "bidroom/v1/baoshan/hub/presence",
            "bidroom/v1/baoshan/baoshan-1",
            "bidroom/v1/baoshan/baoshan-1/events/more",
            "bidroom/v1/baoshan/BAOSHAN/events",
            "bidroom/v2/baoshan/baoshan-1/events",
            "bidroom/v1/longling/baoshan-1/events",
        ] {
            assert_eq!(topics.read(other), None, "{other}");
        }
    }
}
