//! Owns how many failures one network address (or one workstation) is allowed.

use crate::room::{Span, Utc};
use std::collections::HashMap;
use std::hash::Hash;

/// Sources remembered at once; those that have recovered make place first.
const SOURCES: usize = 4096;

/// Each source has so many failures; they come back one by one.
#[derive(Debug)]
pub(super) struct Limiter<K> {
    most: u32,
    refill: Span,
    /// When the source has all its failures back.
    recovered: HashMap<K, Utc>,
}

impl<K: Eq + Hash + Clone> Limiter<K> {
    pub(super) fn new(most: u32, refill: Span) -> Self {
        Self {
            most,
            refill,
            recovered: HashMap::new(),
        }
    }

    /// Until when the source must wait; none if it may try.
    pub(super) fn wait(&self, source: &K, now: Utc) -> Option<Utc> {
        let recovered = self.recovered.get(source)?;
        // one more failure must fit below the limit
        let until = Utc(recovered.0 - self.length(self.most - 1));
        // a clock that was set back must not lock anybody out for longer than the limit itself
        (until > now && recovered.0 - now.0 <= self.length(self.most)).then_some(until)
    }

    /// Counts a failure.
    pub(super) fn failed(&mut self, source: &K, now: Utc) {
        if self.recovered.len() >= SOURCES && !self.recovered.contains_key(source) {
            self.recovered.retain(|_, recovered| *recovered > now);
            if self.recovered.len() >= SOURCES {
                self.recovered.clear();
            }
        }
        let longest = self.length(self.most);
        let step = self.length(1);
        let recovered = self.recovered.entry(source.clone()).or_insert(now);
        let from = if (now.0..=now.0 + longest).contains(&recovered.0) {
            recovered.0
        } else {
            now.0
        };
        *recovered = Utc((from + step).min(now.0 + longest));
    }

    fn length(&self, failures: u32) -> i64 {
        i64::try_from(self.refill.0)
            .unwrap_or(i64::MAX)
            .saturating_mul(i64::from(failures))
    }
}
