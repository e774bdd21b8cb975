//! Owns values with units as people write them: `"10m"`, `"500 GB"`, `"21:00"`,
//! `"1280x720@25 1.5 Mbit/s"`. Without a unit nothing is guessed.

use crate::room::{Span, TimeOfDay};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount of bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Size(pub u64);

impl Size {
    /// `n` times 10^9 bytes.
    pub const fn gigabytes(n: u64) -> Self {
        Self(n * 1_000_000_000)
    }

    /// `n` times 10^6 bytes.
    pub const fn megabytes(n: u64) -> Self {
        Self(n * 1_000_000)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0;
        let (unit, name) = [
            (1_000_000_000_000, "TB"),
            (1_000_000_000, "GB"),
            (1_000_000, "MB"),
            (1000, "kB"),
        ]
        .into_iter()
        .find(|(unit, _)| bytes >= *unit)
        .unwrap_or((1, "B"));
        // tenths, rounded down: free space is never told too large
        match (bytes / unit, u128::from(bytes) * 10 / u128::from(unit) % 10) {
            (whole, 0) => write!(f, "{whole} {name}"),
            (whole, tenths) => write!(f, "{whole}.{tenths} {name}"),
        }
    }
}

/// Loudness relative to full scale, in whole decibels; 0 is the loudest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decibels(pub i8);

/// A share of a whole, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u8);

/// The most a workstation may send for one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PictureLimit {
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Pictures a second.
    pub fps: u8,
    /// Bits a second.
    pub bits_per_second: u32,
}

/// `"90s"`, `"10m"`, `"1h 30m"`.
pub(super) fn span(text: &str) -> Option<Span> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = split_number(rest, false)?;
        let unit_end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let ms = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(ms)?)?;
        rest = next.trim_start();
    }
    // later arithmetic on wall time stays far from its limits
    (total <= 100 * 365 * 86_400_000).then_some(Span(total))
}

/// The shortest way to write `span`.
pub(super) fn show_span(span: Span) -> String {
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1000, "s"),
    ];
    let mut rest = span.0;
    let mut parts = Vec::new();
    for (ms, name) in units {
        if rest >= ms {
            parts.push(format!("{}{name}", rest / ms));
            rest %= ms;
        }
    }
    if rest > 0 || parts.is_empty() {
        parts.push(format!("{rest}ms"));
    }
    parts.join(" ")
}

/// `"500 GB"`, `"64 MiB"`, `"1.5 TB"`.
pub(super) fn size(text: &str) -> Option<Size> {
    let (number, unit) = split_number(text.trim(), true)?;
    let unit = match unit {
        "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1_u64 << 40,
        _ => return None,
    };
    decimal_times(number, unit).map(Size)
}

/// `"21:00"`.
pub(super) fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let (hours, minutes) = text.split_once(':')?;
    let two_digits = |s: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(TimeOfDay(hours * 60 + minutes))
}

/// `"1280x720@25 1.5 Mbit/s"`.
pub(super) fn picture(text: &str) -> Option<PictureLimit> {
    let (picture, rate) = text.trim().split_once(' ')?;
    let (size, fps) = picture.split_once('@')?;
    let (width, height) = size.split_once('x')?;
    let (number, unit) = split_number(rate.trim(), true)?;
    let unit = match unit {
        "kbit/s" => 1000,
        "Mbit/s" => 1_000_000,
        _ => return None,
    };
    let limit = PictureLimit {
        width: digits(width)?,
        height: digits(height)?,
        fps: digits(fps)?,
        bits_per_second: decimal_times(number, unit)?.try_into().ok()?,
    };
    let sane = (16..=7680).contains(&limit.width)
        && (16..=4320).contains(&limit.height)
        && (1..=60).contains(&limit.fps)
        && (10_000..=100_000_000).contains(&limit.bits_per_second);
    sane.then_some(limit)
}

/// `"-70 dBFS"`.
pub(super) fn decibels(text: &str) -> Option<Decibels> {
    let number = text.trim().strip_suffix("dBFS")?.trim_end();
    let below = number.strip_prefix('-').unwrap_or(number);
    let level: i8 = digits(below)?;
    match number.starts_with('-') {
        true => Some(Decibels(-level)),
        false => (level == 0).then_some(Decibels(0)),
    }
}

/// `"5 %"`.
pub(super) fn percent(text: &str) -> Option<Percent> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    digits(number).filter(|n| *n <= 100).map(Percent)
}

fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// A number and what follows it, spaces between them left out.
fn split_number(text: &str, fraction: bool) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || fraction && c == '.'))
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (!number.is_empty()).then(|| (number, rest.trim_start_matches(' ')))
}

/// `number` with at most three decimals, times `unit`; exact, never by floating point.
fn decimal_times(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.is_empty() || fraction.len() > 3 {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let whole = digits::<u64>(whole)?.checked_mul(unit)?;
    whole.checked_add(digits::<u64>(fraction)?.checked_mul(unit)? / scale)
}
