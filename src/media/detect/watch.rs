//! Owns the round: on a thread of its own, twice a second, each feed that is to be judged.

use super::ear::{Decoders, Ear};
use super::eye::Eye;
use super::wanted::Wanted;
use crate::config::Detectors;
use crate::media::clock;
use crate::media::feed::{Feed, Feeds, Layer, Liveness, TrackKind, Unit};
use crate::room::{Anomaly, FeedId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{broadcast, watch};

/// How often all feeds are looked at. What came meanwhile waits in the feed, which keeps more.
const ROUND: Duration = Duration::from_millis(500);
/// The large picture is judged when no small one came for so long.
const NO_SMALL: Duration = Duration::from_secs(3);

/// What was found, and since when.
pub type Found = BTreeMap<(FeedId, Anomaly), Instant>;

/// What the thread works with.
#[derive(Debug)]
pub struct Job {
    /// The room's feeds.
    pub feeds: Feeds,
    /// The profile's part.
    pub detectors: Detectors,
    /// What is to be looked for.
    pub wanted: watch::Receiver<Wanted>,
    /// What lasts; told when it changes.
    pub found: watch::Sender<Found>,
    /// Ends the thread when its other end is gone.
    pub stop: Receiver<()>,
}

/// Judges until it is told to stop.
pub fn watch(mut job: Job) {
    let mut decoders = Decoders::default();
    let mut watched: BTreeMap<FeedId, Watched> = BTreeMap::new();
    while let Err(RecvTimeoutError::Timeout) = job.stop.recv_timeout(ROUND) {
        let wanted = job.wanted.borrow_and_update().clone();
        watched.retain(|id, _| wanted.contains_key(id));
        let mut found = Found::new();
        for (id, anomalies) in wanted {
            let Some(feed) = job.feeds.get(&id) else {
                continue;
            };
            let one = watched
                .entry(id.clone())
                .or_insert_with(|| Watched::new(feed.clone(), &job.detectors));
            let lasting = one.look(&anomalies, &job.detectors, &mut decoders);
            found.extend(lasting.map(|(anomaly, since)| ((id.clone(), anomaly), since)));
        }
        job.found.send_if_modified(|known| {
            let changed = *known != found;
            *known = found;
            changed
        });
    }
}

/// One feed that is judged.
#[derive(Debug)]
struct Watched {
    feed: Feed,
    large: broadcast::Receiver<Arc<Unit>>,
    small: broadcast::Receiver<Arc<Unit>>,
    small_seen: Option<Instant>,
    eye: Eye,
    ear: Ear,
    /// Told once: decoding is not possible.
    broken: bool,
}

impl Watched {
    fn new(feed: Feed, detectors: &Detectors) -> Self {
        Self {
            large: feed.units(),
            small: feed.small_units(),
            small_seen: None,
            eye: Eye::new(feed.clone(), Layer::Main, detectors),
            ear: Ear::new(detectors),
            broken: false,
            feed,
        }
    }

    /// Takes what came since the last round, and gives what lasts of the wanted.
    fn look(
        &mut self,
        wanted: &BTreeSet<Anomaly>,
        detectors: &Detectors,
        decoders: &mut Decoders,
    ) -> impl Iterator<Item = (Anomaly, Instant)> {
        let (sees, hears) = (
            wanted.contains(&Anomaly::Frozen) || wanted.contains(&Anomaly::Black),
            wanted.contains(&Anomaly::Silent) || wanted.contains(&Anomaly::TooLoud),
        );
        let now = clock::now();
        let small = drain(&mut self.small);
        let large = drain(&mut self.large);
        let is_live = matches!(self.feed.status().borrow().liveness, Liveness::Live { .. });
        if !is_live {
            // what is lost has an alarm of its own, and begins anew when it is back
            self.small_seen = None;
            self.eye = Eye::new(self.feed.clone(), Layer::Main, detectors);
            self.ear = Ear::new(detectors);
            return Vec::new().into_iter();
        }
        self.small_seen = small.last().map(|unit| unit.arrival).or(self.small_seen);
        let recent = |at: Instant| now.saturating_duration_since(at) < NO_SMALL;
        let layer = match self.small_seen {
            Some(at) if recent(at) => Layer::Small,
            Some(_) | None => Layer::Main,
        };
        if self.eye.layer() != layer {
            self.eye = Eye::new(self.feed.clone(), layer, detectors);
        }
        let of = |kind| move |unit: &&Arc<Unit>| unit.format.codec.track() == kind;
        let pictures = if layer == Layer::Small {
            &small
        } else {
            &large
        };
        let mut result = Ok(());
        for unit in pictures
            .iter()
            .filter(of(TrackKind::Video))
            .filter(|_| sees)
        {
            result = result.and(self.eye.see(unit, decoders));
        }
        for unit in large.iter().filter(of(TrackKind::Audio)).filter(|_| hears) {
            result = result.and(self.ear.hear(unit, decoders));
        }
        if sees && !pictures.is_empty() {
            self.eye.ask(now);
        }
        match result {
            Err(error) if !self.broken => {
                tracing::error!(feed = %self.feed.id(), %error, "a feed cannot be judged");
                self.broken = true;
            }
            Err(_) => {}
            Ok(()) => self.broken = false,
        }
        let found = self.eye.found().into_iter().chain(self.ear.found());
        let lasting = found
            .filter(|(anomaly, _)| wanted.contains(anomaly))
            .filter_map(|(anomaly, since)| since.map(|since| (anomaly, since)));
        lasting.collect::<Vec<_>>().into_iter()
    }
}

/// What came; what was missed is as if it had not come.
fn drain(units: &mut broadcast::Receiver<Arc<Unit>>) -> Vec<Arc<Unit>> {
    let mut came = Vec::new();
    loop {
        match units.try_recv() {
            Ok(unit) => came.push(unit),
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return came,
        }
    }
}
