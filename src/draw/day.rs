//! Owns days: the one of a moment, and how they are written in tables: 2026-11-26, 2026/11/26, 2026.11.26, 2026年11月26日, 20261126.

use crate::room::Utc;
use jiff::civil::Date;
use jiff::{Timestamp, tz};

/// The day that a text says.
pub(super) fn day(text: &str) -> Option<Date> {
    let text = text.trim().trim_end_matches('日');
    let mut parts = text.split(['-', '/', '.', '年', '月']);
    let first = parts.next()?;
    let plain = first.len() == 8 && first.bytes().all(|b| b.is_ascii_digit());
    let rest: Vec<&str> = parts.collect();
    let (year, month, day) = match (plain, rest.as_slice()) {
        (true, []) => (&first[..4], &first[4..6], &first[6..]),
        (false, [month, day]) => (first, *month, *day),
        (true, _) | (false, _) => return None,
    };
    let year = year.parse().ok().filter(|y| (1950..=2199).contains(y))?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// The local day of a moment.
pub(super) fn local_day(at: Utc, utc_offset: i32) -> Date {
    let offset = tz::Offset::from_seconds(utc_offset).unwrap_or(tz::Offset::UTC);
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    offset.to_datetime(at).date()
}
