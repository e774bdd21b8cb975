//! Owns which feeds are judged for what, given the room and the profile.

use crate::config::Detectors;
use crate::room::{Anomaly, FeedId, FeedKind, Room, Session, recorded_feeds};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be looked for now, feed by feed.
pub type Wanted = BTreeMap<FeedId, BTreeSet<Anomaly>>;

/// What is to be looked for: on the feeds that are being recorded, in the phases that matter.
pub(super) fn wanted(detectors: &Detectors, room: &Room) -> Wanted {
    let Some((_, session)) = room.occupant() else {
        return Wanted::new();
    };
    if !detectors.phases.contains(&session.phase.kind()) {
        return Wanted::new();
    }
    let recorded = recorded_feeds(room, session);
    let specs = room.layout.feeds.iter();
    specs
        .filter(|spec| recorded.contains(&spec.id))
        .map(|spec| (spec.id.clone(), of_kind(detectors, spec.kind, session)))
        .filter(|(_, wanted)| !wanted.is_empty())
        .collect()
}

fn of_kind(detectors: &Detectors, kind: FeedKind, session: &Session) -> BTreeSet<Anomaly> {
    // during a rest nobody need speak
    let rests = kind == FeedKind::Face && session.breaks.current.is_some();
    let wanted = detectors.kinds.iter().filter(|(anomaly, kinds)| {
        kinds.contains(&kind) && !(rests && **anomaly == Anomaly::Silent)
    });
    wanted.map(|(anomaly, _)| *anomaly).collect()
}
