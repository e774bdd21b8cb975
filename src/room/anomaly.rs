//! Owns what can be wrong with a feed's picture or sound while it lives and is recorded.

use super::ids::FeedId;
use super::time::Utc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is wrong.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Anomaly {
    /// The same picture again and again.
    Frozen,
    /// A black picture: a covered lens, a camera without light.
    Black,
    /// No sound: a muted or dead microphone.
    Silent,
    /// Sound that is too loud to be understood: clipping, howling.
    TooLoud,
}

impl Anomaly {
    /// All of them.
    pub const ALL: [Anomaly; 4] = [
        Anomaly::Frozen,
        Anomaly::Black,
        Anomaly::Silent,
        Anomaly::TooLoud,
    ];
}

/// What is wrong at this moment, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Anomalies(BTreeMap<FeedId, BTreeMap<Anomaly, Utc>>);

impl Anomalies {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&FeedId, Anomaly, Utc)> {
        let of_feed = |(feed, anomalies): (_, &'_ BTreeMap<Anomaly, Utc>)| {
            let each = anomalies.clone().into_iter();
            each.map(move |(anomaly, since)| (feed, anomaly, since))
        };
        self.0.iter().flat_map(of_feed)
    }

    /// Those of a feed.
    pub fn of(&self, feed: &FeedId) -> impl Iterator<Item = Anomaly> {
        self.0
            .get(feed)
            .into_iter()
            .flat_map(|of| of.keys().copied())
    }

    /// Whether a feed has one.
    pub fn has(&self, feed: &FeedId, anomaly: Anomaly) -> bool {
        self.of(feed).any(|known| known == anomaly)
    }

    pub(super) fn begin(&mut self, feed: &FeedId, anomaly: Anomaly, since: Utc) {
        self.0
            .entry(feed.clone())
            .or_default()
            .insert(anomaly, since);
    }

    pub(super) fn end(&mut self, feed: &FeedId, anomaly: Anomaly) {
        if let Some(of_feed) = self.0.get_mut(feed) {
            of_feed.remove(&anomaly);
            if of_feed.is_empty() {
                self.0.remove(feed);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
