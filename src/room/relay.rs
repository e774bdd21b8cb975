//! Owns live relays: feeds that leave the house towards a city's media cluster, because the city asked and the profile permits it.

use super::ids::{FeedId, RelayId, SessionId};
use super::state::Room;
use super::time::{Span, Stamp, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The longest time ahead until which a relay can be asked for; the city may ask again.
pub const LONGEST_RELAY: Span = Span::hours(24);

/// Where feeds may be sent, and which: what the profile does not name never leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelaySpec {
    /// What people call the place.
    pub id: RelayId,
    /// The server's name, for whoever wants to know where to.
    pub host: String,
    /// The feeds that may go there.
    pub feeds: BTreeSet<FeedId>,
    /// Whether their sound goes too.
    pub sound: bool,
}

/// A session's relay to one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Relay {
    /// Feeds go out.
    On {
        /// Which.
        feeds: BTreeSet<FeedId>,
        /// Since when.
        since: Stamp,
        /// Until when.
        until: Utc,
    },
    /// Somebody in the house ended it: for this session the city cannot have it again.
    Barred,
}

/// Why a relay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RelayEnd {
    /// The city wants it no longer.
    City,
    /// Somebody in the house ended it.
    House,
    /// Its time was over.
    Time,
}

/// A feed that is to be sent somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WantedRelay {
    /// Where.
    pub relay: RelayId,
    /// What.
    pub feed: FeedId,
    /// For which session.
    pub session: SessionId,
}

/// What is to leave the house: what the session that holds the room relays, as far as the profile permits it still.
pub(super) fn wanted_relays(room: &Room) -> BTreeSet<WantedRelay> {
    let mut wanted = BTreeSet::new();
    let Some((session, occupant)) = room.occupant() else {
        return wanted;
    };
    for spec in &room.layout.relays {
        if let Some(Relay::On { feeds, .. }) = occupant.relays.get(&spec.id) {
            wanted.extend(feeds.intersection(&spec.feeds).map(|feed| WantedRelay {
                relay: spec.id.clone(),
                feed: feed.clone(),
                session: session.clone(),
            }));
        }
    }
    wanted
}
