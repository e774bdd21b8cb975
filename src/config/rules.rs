//! Owns the section `[rules]`: the numbers of the laws that a plan may name, and the year's holidays.

use super::document::{Section, Value, Wrong};
use super::values::{invalid, string};
use crate::room::{Day, RuleNumbers, Span};
use std::collections::BTreeSet;
use toml::de::DeValue;

/// A day, `"2026-10-01"`.
struct LocalDay(Day);

impl Value for LocalDay {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = |_| invalid(text, "日期", "a date", "\"2026-10-01\"");
        text.parse().map(Self).map_err(wrong)
    }
}

pub(super) fn rules(mut s: Section<'_>) -> Option<RuleNumbers> {
    let usual = RuleNumbers::default();
    let year = Span::hours(365 * 24);
    let tendering_min = s.within("tendering_min", usual.tendering_min, 1, 99);
    let procurement_min = s.within("procurement_min", usual.procurement_min, 1, 99);
    let procurement_large_min =
        s.within("procurement_large_min", usual.procurement_large_min, 1, 99);
    let negotiation_min = s.within("negotiation_min", usual.negotiation_min, 1, 99);
    let look_back_years = s.within("look_back_years", usual.look_back_years, 0, 20);
    let draw_days = s.within("draw_days", usual.draw_days, 0, 30);
    let retention = s.within(
        "retention",
        usual.retention,
        year,
        Span::hours(100 * 366 * 24),
    );
    let mut days = |key| -> BTreeSet<Day> {
        let days = s.list::<LocalDay>(key).unwrap_or_default();
        days.into_iter().map(|day| day.value.0).collect()
    };
    let (holidays, worked) = (days("holidays"), days("worked"));
    s.close();
    Some(RuleNumbers {
        tendering_min: tendering_min?,
        procurement_min: procurement_min?,
        procurement_large_min: procurement_large_min?,
        negotiation_min: negotiation_min?,
        look_back_years: look_back_years?,
        draw_days: draw_days?,
        retention: retention?,
        holidays,
        worked,
    })
}
