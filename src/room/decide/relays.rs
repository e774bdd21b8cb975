//! Owns which feeds may leave the house, towards where and for how long.

use super::{Case, none_of};
use crate::room::actor::Actor;
use crate::room::event::Event;
use crate::room::ids::{FeedId, RelayId};
use crate::room::refusal::Refusal;
use crate::room::relay::{LONGEST_RELAY, Relay, RelayEnd};
use crate::room::session::Phase;
use crate::room::time::Utc;
use std::collections::BTreeSet;

/// A later start replaces what the same place was sent before.
pub(super) fn start(
    case: &Case<'_>,
    relay: &RelayId,
    feeds: &BTreeSet<FeedId>,
    until: Utc,
) -> Result<Vec<Event>, Refusal> {
    let mut specs = case.room.layout.relays.iter();
    let spec = specs
        .find(|spec| spec.id == *relay)
        .ok_or_else(|| Refusal::NoSuchRelay {
            relay: relay.clone(),
        })?;
    case.in_phase(Phase::occupies)?;
    if let Some(Relay::Barred) = case.session.relays.get(relay) {
        return Err(Refusal::RelayBarred);
    }
    let others = feeds.difference(&spec.feeds).cloned().collect();
    none_of(others, |feeds| Refusal::FeedsNotRelayed { feeds })?;
    let now = case.now.stamp.at;
    if feeds.is_empty() || until <= now || until > now + LONGEST_RELAY {
        return Err(Refusal::RelayWithoutEnd);
    }
    Ok(vec![Event::RelayStarted {
        relay: relay.clone(),
        feeds: feeds.clone(),
        until,
    }])
}

pub(super) fn end(case: &Case<'_>, relay: &RelayId) -> Result<Vec<Event>, Refusal> {
    let Some(Relay::On { .. }) = case.session.relays.get(relay) else {
        return Err(Refusal::NoRelay);
    };
    let by = match case.actor {
        Actor::Daemon { .. } => RelayEnd::City,
        Actor::Technician { .. }
        | Actor::Supervisor { .. }
        | Actor::Administrator { .. }
        | Actor::Member { .. }
        | Actor::Workstation { .. }
        | Actor::Bidder { .. } => RelayEnd::House,
    };
    Ok(vec![Event::RelayEnded {
        relay: relay.clone(),
        by,
    }])
}
