//! Owns the rule sets under which a committee is composed and drawn: the law that the evaluation falls under. What a locality decides
//! beyond them stays with the profile's policies.

use super::layout::Policies;
use super::time::{Span, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 24 * 3_600_000;

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

impl RuleSet {
    /// The smallest committee.
    fn least(self) -> u8 {
        match self {
            Self::Tendering | Self::Procurement => 5,
            Self::ProcurementLarge => 7,
            Self::Negotiation => 3,
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
        self.committee_min = rules.least();
        self.committee_odd = true;
        self.expert_share = (2, 3);
        if !rules.is_procurement() {
            return self;
        }
        // 87号令 art. 48: the purchaser's representative is not its head
        self.chair_is_expert = true;
        self.call_out.look_back_years = self.call_out.look_back_years.max(3);
        let kept = Span::hours(15 * 366 * 24);
        self.retention = self.retention.map(|retention| retention.max(kept));
        // the recorded calls are documents of the procurement too
        self.personal_retention = self.personal_retention.map(|personal| personal.max(kept));
        let earliest = two_working_days(start, utc_offset);
        self.call_out.earliest = Some(match self.call_out.earliest {
            Some(known) if known < Span::hours(48) => known,
            Some(_) | None => earliest,
        });
        self
    }
}

/// From two working days before a start until it: Saturdays and Sundays between them do not count. (Holidays are not known here: they
/// would only make it earlier.)
fn two_working_days(start: Utc, utc_offset: i32) -> Span {
    let local = start.0 + i64::from(utc_offset) * 1_000;
    let mut day = local.div_euclid(DAY_MS);
    let (mut left, mut days) = (2, 0);
    while left > 0 {
        day -= 1;
        days += 1;
        // 1970-01-01 was a Thursday
        let weekday = (day + 3).rem_euclid(7);
        if weekday < 5 {
            left -= 1;
        }
    }
    Span::hours(24 * days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::plan::{CommitteeSize, check_composition};
    use crate::room::time::Day;

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
                let earliest = two_working_days(at(start, hour), CHINA);
                assert_eq!(at(start, hour) - earliest, at(from, hour), "{start}");
            }
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
