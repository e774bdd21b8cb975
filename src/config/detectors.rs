//! Owns the section `[detectors]`: which faults of picture and sound are looked for, where and when.

use super::document::Section;
use super::units::{Decibels, Percent};
use crate::room::{Anomaly, FeedKind, PhaseKind, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is looked for in pictures and sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detectors {
    /// The kinds of feeds on which each fault is looked for; none switches it off.
    pub kinds: BTreeMap<Anomaly, BTreeSet<FeedKind>>,
    /// In which phases; only what is recorded is judged.
    pub phases: BTreeSet<PhaseKind>,
    /// How long each fault lasts before there is an alarm.
    pub after: BTreeMap<Anomaly, Span>,
    /// A picture with no more light than this is black.
    pub black_below: Percent,
    /// Sound that stays below is silence.
    pub silent_below: Decibels,
    /// Sound that stays above is too loud.
    pub too_loud_above: Decibels,
}

impl Detectors {
    /// How long a fault lasts before there is an alarm.
    pub fn lasting(&self, anomaly: Anomaly) -> Duration {
        self.after
            .get(&anomaly)
            .copied()
            .unwrap_or(Span::ZERO)
            .into()
    }
}

pub(super) fn detectors(mut s: Section<'_>) -> Option<Detectors> {
    use FeedKind::{Camera, Face, Microphone};
    use PhaseKind::{CheckIn, Closing, InSession, Ready, Suspended};
    let pictures = [Camera, Face];
    let sounds = [Camera, Face, Microphone];
    let kinds = [
        (Anomaly::Frozen, set(&mut s, "frozen", &pictures)),
        (Anomaly::Black, set(&mut s, "black", &pictures)),
        (Anomaly::Silent, set(&mut s, "silent", &sounds)),
        (Anomaly::TooLoud, set(&mut s, "too_loud", &sounds)),
    ];
    // at night the lights are off
    let day = [CheckIn, Ready, InSession, Suspended, Closing];
    let phases = set(&mut s, "phases", &day);
    let frozen = after(&mut s, "frozen_after", 3);
    let black = after(&mut s, "black_after", 3);
    let silent = after(&mut s, "silent_after", 6);
    let too_loud = after(&mut s, "too_loud_after", 4);
    let black_below = s.within("black_below", Percent(5), Percent(1), Percent(20));
    let silent_below = s.within("silent_below", Decibels(-70), Decibels(-95), Decibels(-40));
    let too_loud_above = s.within("too_loud_above", Decibels(-10), Decibels(-30), Decibels(-1));
    s.close();
    Some(Detectors {
        kinds: kinds.into(),
        phases,
        after: [
            (Anomaly::Frozen, frozen?),
            (Anomaly::Black, black?),
            (Anomaly::Silent, silent?),
            (Anomaly::TooLoud, too_loud?),
        ]
        .into(),
        black_below: black_below?,
        silent_below: silent_below?,
        too_loud_above: too_loud_above?,
    })
}

/// A list that may be empty; the usual one where it is left out.
fn set<T: super::document::Value + Ord + Copy>(
    s: &mut Section<'_>,
    key: &'static str,
    usual: &[T],
) -> BTreeSet<T> {
    match s.list::<T>(key) {
        Some(listed) => listed.into_iter().map(|at| at.value).collect(),
        None => usual.iter().copied().collect(),
    }
}

fn after(s: &mut Section<'_>, key: &'static str, seconds: u64) -> Option<Span> {
    s.within(
        key,
        Span::seconds(seconds),
        Span::seconds(1),
        Span::minutes(60),
    )
}
