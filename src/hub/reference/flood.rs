//! Owns how many refusals of one sort are written down: the first hundred of a minute, and then that there are more. Whoever floods the
//! hub with what is no message must not fill its disk.

use crate::config::RoomId;
use crate::room::Utc;
use std::collections::BTreeMap;

/// The span in which they are counted, ms.
const MINUTE: i64 = 60_000;
/// Of one sort in that time.
const MOST: u32 = 100;

/// What was refused lately. A value: rooms, kinds and reasons are few.
#[derive(Debug, Default)]
pub(super) struct Flood(BTreeMap<(Option<RoomId>, &'static str, &'static str), (Utc, u32)>);

/// Whether a refusal is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// As it is.
    Yes,
    /// That there are more like it.
    More,
    /// Not at all.
    No,
}

impl Flood {
    /// Counts a refusal. `room` is one of the city's, or none.
    pub(super) fn count(
        &mut self,
        room: Option<&RoomId>,
        what: &'static str,
        reason: &'static str,
        at: Utc,
    ) -> Told {
        let (since, many) = self
            .0
            .entry((room.cloned(), what, reason))
            .or_insert((at, 0));
        let passed = at.0.saturating_sub(since.0);
        if !(0..MINUTE).contains(&passed) {
            (*since, *many) = (at, 0);
        }
        *many = many.saturating_add(1);
        match (*many).cmp(&(MOST + 1)) {
            std::cmp::Ordering::Less => Told::Yes,
            std::cmp::Ordering::Equal => Told::More,
            std::cmp::Ordering::Greater => Told::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_once_a_minute_and_hides_nothing_else() {
        let mut flood = Flood::default();
        let room: RoomId = "baoshan-1".parse().unwrap();
        let mut count =
            |room: Option<&RoomId>, at: i64| flood.count(room, "events", "not-json", Utc(at));
        let told: Vec<Told> = (0..500).map(|n| count(Some(&room), n)).collect();
        assert_eq!(told.iter().filter(|told| **told == Told::Yes).count(), 100);
        assert_eq!(told[100], Told::More);
        assert!(told[101..].iter().all(|told| *told == Told::No));
        assert_eq!(count(None, 500), Told::Yes);
        assert_eq!(count(Some(&room), 60_000), Told::Yes);
        // a clock that was set back begins anew
        assert_eq!(count(Some(&room), 1), Told::Yes);
    }
}
