//! Owns the rule sets under which a committee is composed and drawn: the law that the evaluation falls under. What a locality decides
//! beyond them stays with the profile's policies.

use super::layout::Policies;
use super::time::{Day, Span, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const DAY_MS: i64 = 24 * 3_600_000;
/// No holiday is so long.
const MOST_DAYS: u64 = 60;

/// A rule set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleSet {
    /// 招标投标: 招标投标法 art. 37.
    Tendering,
    /// 政府采购, by tender: 财政部令第87号 art. 47, 48; 政府采购法实施条例 art. 9; 财库〔2016〕198号.
    Procurement,
    /// The same with a budget of 10 million yuan or more, or technically complex, or of great influence: 87号令 art. 47.
    ProcurementLarge,
    /// 竞争性谈判、磋商、询价 below the tender's threshold: 财政部令第74号 art. 7.
    Negotiation,
}

/// The numbers of the rule sets. They are the profile's, so that a change of the law needs no other program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleNumbers {
    /// The smallest committee of a tender: 招标投标法 art. 37, 五人以上单数.
    pub tendering_min: u8,
    /// … of government procurement by tender: 财政部令第87号 art. 47.
    pub procurement_min: u8,
    /// … of 10 million yuan or more, technically complex, or of great influence: the same article, 7人以上单数.
    pub procurement_large_min: u8,
    /// … of a negotiation: 财政部令第74号 art. 7, 3人以上单数.
    pub negotiation_min: u8,
    /// Years back for former employers in government procurement: 政府采购法实施条例 art. 9, 前3年内.
    pub look_back_years: u8,
    /// Working days before the start from which on government procurement may draw: 财库〔2016〕198号 art. 13, 前2个工作日.
    pub draw_days: u8,
    /// How long archives of government procurement are kept at least: 政府采购法 art. 42, 十五年.
    pub retention: Span,
    /// Days off that are no Saturday or Sunday: the State Council's notice of each year (节假日安排).
    pub holidays: BTreeSet<Day>,
    /// Saturdays and Sundays that are worked (调休), from the same notice.
    pub worked: BTreeSet<Day>,
}

impl Default for RuleNumbers {
    fn default() -> Self {
        Self {
            tendering_min: 5,
            procurement_min: 5,
            procurement_large_min: 7,
            negotiation_min: 3,
            look_back_years: 3,
            draw_days: 2,
            retention: Span::hours(15 * 366 * 24),
            holidays: BTreeSet::new(),
            worked: BTreeSet::new(),
        }
    }
}

impl RuleNumbers {
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    fn is_worked(&self, day: Day) -> bool {
        // 1970-01-01 was a Thursday
        let weekday = (day.0 + 3).rem_euclid(7);
        self.worked.contains(&day) || (weekday < 5 && !self.holidays.contains(&day))
    }

    /// From so many working days before a start until it.
    fn draw_from(&self, start: Utc, utc_offset: i32) -> Span {
        let local = start.0 + i64::from(utc_offset) * 1_000;
        let mut day = local.div_euclid(DAY_MS);
        let (mut left, mut days) = (self.draw_days, 0);
        while left > 0 && days < MOST_DAYS {
            day -= 1;
            days += 1;
            if self.is_worked(Day(day)) {
                left -= 1;
            }
        }
        Span::hours(24 * days)
    }
}

impl RuleSet {
    /// The smallest committee.
    fn least(self, numbers: &RuleNumbers) -> u8 {
        match self {
            Self::Tendering => numbers.tendering_min,
            Self::Procurement => numbers.procurement_min,
            Self::ProcurementLarge => numbers.procurement_large_min,
            Self::Negotiation => numbers.negotiation_min,
        }
    }

    /// Whether it is the law of government procurement.
    fn is_procurement(self) -> bool {
        match self {
            Self::Tendering => false,
            Self::Procurement | Self::ProcurementLarge | Self::Negotiation => true,
        }
    }
}

impl Policies {
    /// These policies under a rule set, for a session that begins at `start` where local time is `utc_offset` seconds ahead.
    /// The committee is composed as the rules say; where the profile is stricter with look-back, retention and the time of the draw,
    /// it stays.
    #[must_use]
    pub fn under(mut self, rules: RuleSet, start: Utc, utc_offset: i32) -> Self {
        self.committee_min = rules.least(&self.numbers);
        self.committee_odd = true;
        self.expert_share = (2, 3);
        if !rules.is_procurement() {
            return self;
        }
        // 87号令 art. 48: the purchaser's representative is not its head
        self.chair_is_expert = true;
        let look_back = self.numbers.look_back_years;
        self.call_out.look_back_years = self.call_out.look_back_years.max(look_back);
        let kept = self.numbers.retention;
        self.retention = self.retention.map(|retention| retention.max(kept));
        // the recorded calls are documents of the procurement too
        self.personal_retention = self.personal_retention.map(|personal| personal.max(kept));
        let earliest = self.numbers.draw_from(start, utc_offset);
        self.call_out.earliest = Some(match self.call_out.earliest {
            Some(known) if known < earliest => known,
            Some(_) | None => earliest,
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::plan::{CommitteeSize, check_composition};

    const CHINA: i32 = 8 * 3_600;

    fn at(day: &str, hour: i64) -> Utc {
        let day: Day = day.parse().unwrap();
        Utc(day.0 * DAY_MS + hour * 3_600_000 - i64::from(CHINA) * 1_000)
    }

    fn under(rules: RuleSet) -> Policies {
        Policies::default().under(rules, at("2026-11-26", 9), CHINA)
    }

    fn lawful(rules: RuleSet, experts: usize, representatives: usize) -> bool {
        let nobody = CommitteeSize::default();
        check_composition((experts, representatives), nobody, 99, &under(rules)).is_ok()
    }

    #[test]
    fn sizes_and_shares_at_their_boundaries() {
        use RuleSet::{Negotiation, Procurement, ProcurementLarge, Tendering};
        for (rules, least) in [
            (Tendering, 5),
            (Procurement, 5),
            (ProcurementLarge, 7),
            (Negotiation, 3),
        ] {
            for experts in 0..=13 {
                for representatives in 0..=13 {
                    let size = experts + representatives;
                    let expected = size >= least && size % 2 == 1 && experts * 3 >= size * 2;
                    let found = lawful(rules, experts, representatives);
                    assert_eq!(found, expected, "{rules:?} {experts}+{representatives}");
                }
            }
        }
        assert!(lawful(Negotiation, 2, 1) && !lawful(Procurement, 2, 1));
        assert!(lawful(Procurement, 4, 1) && !lawful(ProcurementLarge, 4, 1));
        assert!(lawful(ProcurementLarge, 5, 2) && !lawful(ProcurementLarge, 4, 3));
    }

    #[test]
    fn two_working_days_before_the_draw_may_begin() {
        for (start, from) in [
            // a Thursday: from Tuesday; a Wednesday: from Monday
            ("2026-11-26", "2026-11-24"),
            ("2026-11-25", "2026-11-23"),
            // a Tuesday: from Friday; a Monday: from Thursday
            ("2026-11-24", "2026-11-20"),
            ("2026-11-23", "2026-11-19"),
            // a Sunday and a Saturday: from Thursday
            ("2026-11-22", "2026-11-19"),
            ("2026-11-21", "2026-11-19"),
        ] {
            // the local day counts: at 1 in the morning it is still the day before in UTC
            for hour in [1, 9, 23] {
                let earliest = RuleNumbers::default().draw_from(at(start, hour), CHINA);
                assert_eq!(at(start, hour) - earliest, at(from, hour), "{start}");
            }
        }
    }

    #[test]
    fn holidays_do_not_count_and_worked_weekends_do() {
        let days = |days: &[&str]| days.iter().map(|day| day.parse().unwrap()).collect();
        let numbers = RuleNumbers {
            // the national holiday, and the Saturday after it that is worked
            holidays: days(&[
                "2026-10-01",
                "2026-10-02",
                "2026-10-05",
                "2026-10-06",
                "2026-10-07",
            ]),
            worked: days(&["2026-10-10"]),
            ..RuleNumbers::default()
        };
        for (start, from) in [
            ("2026-10-08", "2026-09-29"),
            ("2026-10-09", "2026-09-30"),
            ("2026-10-12", "2026-10-09"),
        ] {
            let earliest = numbers.draw_from(at(start, 9), CHINA);
            assert_eq!(at(start, 9) - earliest, at(from, 9), "{start}");
        }
    }

    #[test]
    fn a_stricter_profile_stays_and_a_laxer_one_does_not() {
        let mut room = Policies {
            retention: Some(Span::hours(10 * 365 * 24)),
            chair_is_expert: false,
            ..Policies::default()
        };
        room.call_out.look_back_years = 0;
        room.call_out.earliest = Some(Span::hours(24));
        let start = at("2026-11-26", 9);
        let lax = room.clone().under(RuleSet::Procurement, start, CHINA);
        assert_eq!(lax.retention, Some(Span::hours(15 * 366 * 24)));
        assert!(lax.chair_is_expert);
        assert_eq!(lax.call_out.look_back_years, 3);
        assert_eq!(lax.call_out.earliest, Some(Span::hours(24)));
        let tendering = room.clone().under(RuleSet::Tendering, start, CHINA);
        assert_eq!(tendering.call_out, room.call_out);
        room.call_out.look_back_years = 5;
        room.retention = None;
        let strict = room.under(RuleSet::Negotiation, start, CHINA);
        assert_eq!(strict.call_out.look_back_years, 5);
        assert_eq!(strict.retention, None, "for good");
    }
}
