//! Owns what the house sees of its relays: where feeds may go, which go now, and how that stands.

use super::parts::{Sending, Surroundings};
use crate::room::{FeedId, Relay, RelayId, RelaySpec, Room, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// A place that feeds may be sent to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RelayView {
    /// What people call it.
    pub id: RelayId,
    /// The server's name.
    pub host: String,
    /// What may go there.
    pub permitted: BTreeSet<FeedId>,
    /// Whether sound goes too.
    pub sound: bool,
    /// Until when feeds go there; none where none do.
    pub until: Option<Utc>,
    /// Which.
    pub feeds: Vec<RelayedFeed>,
    /// Whether the house has ended it for this session.
    pub barred: bool,
}

/// A feed that leaves the house.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RelayedFeed {
    /// Which.
    pub feed: FeedId,
    /// How that stands.
    pub sending: Sending,
}

pub(super) fn relay_views(room: &Room, around: &Surroundings) -> Vec<RelayView> {
    let occupant = room.occupant().map(|(_, session)| session);
    let view = |spec: &RelaySpec| {
        let relay = occupant.and_then(|session| session.relays.get(&spec.id));
        let (until, feeds) = match relay {
            Some(Relay::On { feeds, until, .. }) => (Some(*until), Some(feeds)),
            Some(Relay::Barred) | None => (None, None),
        };
        let each = feeds.into_iter().flatten().map(|feed| {
            let known = around.relayed.get(&(spec.id.clone(), feed.clone()));
            RelayedFeed {
                feed: feed.clone(),
                sending: known.cloned().unwrap_or(Sending::Waiting),
            }
        });
        RelayView {
            id: spec.id.clone(),
            host: spec.host.clone(),
            permitted: spec.feeds.clone(),
            sound: spec.sound,
            until,
            feeds: each.collect(),
            barred: matches!(relay, Some(Relay::Barred)),
        }
    };
    room.layout.relays.iter().map(view).collect()
}
