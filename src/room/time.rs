//! Owns time as a value: instants and spans are inputs of the room, never read by it.

use super::ids::BootId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Wall time, milliseconds since 1970-01-01 UTC.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Utc(pub i64);

/// A length of time in milliseconds.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Span(pub u64);

impl Span {
    /// No time at all: a deadline that has passed.
    pub const ZERO: Span = Span(0);

    /// `s` seconds.
    pub const fn seconds(s: u64) -> Self {
        Self(s * 1000)
    }

    /// `m` minutes.
    pub const fn minutes(m: u64) -> Self {
        Self::seconds(m * 60)
    }

    /// `h` hours.
    pub const fn hours(h: u64) -> Self {
        Self::minutes(h * 60)
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Duration::from_millis(span.0)
    }
}

impl std::ops::Add<Span> for Utc {
    type Output = Utc;
    fn add(self, span: Span) -> Utc {
        Utc(self.0.saturating_add_unsigned(span.0))
    }
}

impl std::ops::Sub<Span> for Utc {
    type Output = Utc;
    fn sub(self, span: Span) -> Utc {
        Utc(self.0.saturating_sub_unsigned(span.0))
    }
}

/// A moment as the journal keeps it: wall time for people, monotonic time and boot for clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stamp {
    /// Wall time.
    pub at: Utc,
    /// Milliseconds since boot; goes on while the wall clock is set.
    pub mono: u64,
    /// Which boot `mono` counts from.
    pub boot: BootId,
}

impl Stamp {
    /// Time from this moment to `now`: monotonic within one boot, else by the wall clock;
    /// never negative.
    pub fn elapsed(&self, now: &Stamp) -> Span {
        if self.boot == now.boot {
            Span(now.mono.saturating_sub(self.mono))
        } else {
            Span(u64::try_from(now.at.0.saturating_sub(self.at.0)).unwrap_or(0))
        }
    }

    /// What is left at `now` of a clock of `length` that began at this moment.
    pub fn remaining(&self, length: Span, now: &Stamp) -> Span {
        Span(length.0.saturating_sub(self.elapsed(now).0))
    }
}

/// The present moment as the clerk hands it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// When it is.
    pub stamp: Stamp,
    /// Seconds that the profile's time zone is ahead of UTC at this moment.
    pub utc_offset: i32,
    /// Fresh randomness for whatever this command needs by chance (the seats).
    pub seed: u64,
}

impl Now {
    /// The local day.
    pub(super) fn day(&self) -> Day {
        Day(self.local().0)
    }

    /// Minutes since local midnight, and the local day (days since 1970).
    pub fn local(&self) -> (i64, TimeOfDay) {
        let minutes = self.stamp.at.0.div_euclid(60_000) + i64::from(self.utc_offset) / 60;
        let of_day = minutes.rem_euclid(24 * 60);
        (
            minutes.div_euclid(24 * 60),
            TimeOfDay(u16::try_from(of_day).expect("below 1440")),
        )
    }
}

/// A local day, days since 1970-01-01; written `"2041-03-05"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String")]
pub struct Day(pub i64);

impl Day {
    /// Days of the proleptic Gregorian calendar (Hinnant, `civil_from_days`): year, month, day.
    fn civil(self) -> (i64, i64, i64) {
        let z = self.0 + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl std::str::FromStr for Day {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a date like 2041-03-05";
        let mut parts = text.splitn(3, '-').map(str::parse::<i64>);
        let mut next = || parts.next().and_then(Result::ok).ok_or(wrong);
        let (year, month, day) = (next()?, next()?, next()?);
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
            return Err(wrong);
        }
        // Hinnant, `days_from_civil`
        let y = year - i64::from(month <= 2);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let of_era = y.rem_euclid(400) * 365 + y.rem_euclid(400) / 4 - y.rem_euclid(400) / 100;
        let days = Day(y.div_euclid(400) * 146_097 + of_era + of_year - 719_468);
        // what is no day of that month comes back as another one, and so does another spelling
        (days.to_string() == text).then_some(days).ok_or(wrong)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A local time of day in minutes since midnight; written `"21:00"` in profiles.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct TimeOfDay(pub u16);

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}
