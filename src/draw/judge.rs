//! Owns who may be drawn, and for which group: the rules of avoidance, applied to one row of the pool.

use super::pool::PoolPerson;
use super::recusal::{ListedKind, Recusals};
use crate::room::Exclusion;
use crate::vault::plain_name;
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A unit's name must be so long that what begins with it is taken for its branch.
const LONG_ENOUGH: usize = 4;

/// All that decides who may be drawn. Its text is hashed before the draw; the salt keeps bidders from being guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// 32 random bytes, hex.
    pub salt: String,
    /// The local day of the evaluation.
    pub day: Date,
    /// Years back for former employers.
    pub look_back_years: u8,
    /// The specialities in order.
    pub specialities: Vec<String>,
    /// Units and people.
    pub recusals: Recusals,
    /// ID numbers of members who are named, not drawn.
    pub named: Vec<String>,
}

/// Whether a row may be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// For these groups, counted from 0; at least one.
    Eligible(Vec<u8>),
    /// Not at all.
    Excluded(Exclusion),
}

impl Rules {
    /// What the rules say of one row.
    pub(super) fn judge(&self, person: &PoolPerson) -> Status {
        if let Some(exclusion) = self.exclusion(person) {
            return Status::Excluded(exclusion);
        }
        let wanted = self.specialities.iter().zip(0_u8..);
        let groups: Vec<u8> = wanted
            .filter(|(wanted, _)| {
                let wanted = plain_name(wanted);
                person
                    .specialities
                    .iter()
                    .any(|has| plain_name(has) == wanted)
            })
            .map(|(_, group)| group)
            .collect();
        match groups.is_empty() {
            true => Status::Excluded(Exclusion::Speciality),
            false => Status::Eligible(groups),
        }
    }

    fn exclusion(&self, person: &PoolPerson) -> Option<Exclusion> {
        let listed = |kind| self.lists(kind, &person.name, &person.id_number);
        let former = person.former_employers.iter();
        let rules = [
            (Exclusion::Employer, self.avoids(&person.employer)),
            (
                Exclusion::FormerEmployer,
                former
                    .filter(|(unit, _)| self.avoids(unit))
                    .any(|(_, left)| left.is_none_or(|left| left >= self.looks_back_to())),
            ),
            (
                Exclusion::Relative,
                person.relatives_employers.iter().any(|u| self.avoids(u))
                    || listed(ListedKind::Relative),
            ),
            (
                Exclusion::Ban,
                person.banned_until.is_some_and(|until| until >= self.day)
                    || listed(ListedKind::Ban),
            ),
            (Exclusion::Listed, listed(ListedKind::Listed)),
            (Exclusion::Named, self.named.contains(&person.id_number)),
        ];
        let holds = rules.into_iter().find(|(_, holds)| *holds);
        holds.map(|(exclusion, _)| exclusion)
    }

    /// The first day of the look-back: whoever still worked there on it is avoided.
    fn looks_back_to(&self) -> Date {
        let years: Span = i64::from(self.look_back_years).years();
        self.day.checked_sub(years).unwrap_or(Date::MIN)
    }

    /// Whether an employer is one of the units, by any of their names, or a branch of one.
    pub(super) fn avoids(&self, employer: &str) -> bool {
        let employer = plain_name(employer);
        if employer.is_empty() {
            return false;
        }
        let names = self.recusals.units.iter().flatten();
        names.map(|name| plain_name(name)).any(|name| {
            let branch = name.chars().count() >= LONG_ENOUGH && employer.starts_with(name.as_str());
            employer == name || branch
        })
    }

    /// Whether somebody is listed on that day, by his ID number where one is given, else by his name.
    pub(super) fn lists(&self, kind: ListedKind, name: &str, id_number: &str) -> bool {
        let of_kind = self.recusals.people.iter().filter(|p| p.kind == kind);
        of_kind
            .filter(|p| p.until.is_none_or(|until| until >= self.day))
            .any(|p| match &p.id_number {
                Some(listed) => listed == id_number,
                None => plain_name(&p.name) == plain_name(name),
            })
    }

    /// Whether a named member must be avoided.
    pub(super) fn forbids(&self, name: &str, id_number: &str, employer: &str) -> bool {
        let kinds = [ListedKind::Relative, ListedKind::Ban, ListedKind::Listed];
        self.avoids(employer) || kinds.iter().any(|kind| self.lists(*kind, name, id_number))
    }
}

/// As it stands in the public list: `0,2`, or the reason.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Eligible(groups) => {
                let groups: Vec<String> = groups.iter().map(u8::to_string).collect();
                f.write_str(&groups.join(","))
            }
            Status::Excluded(exclusion) => f.write_str(word(*exclusion)),
        }
    }
}

impl FromStr for Status {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(exclusion) = EXCLUSIONS.into_iter().find(|e| word(*e) == text) {
            return Ok(Status::Excluded(exclusion));
        }
        let groups = text.split(',').map(str::parse::<u8>);
        let groups: Result<Vec<u8>, _> = groups.collect();
        let groups = groups.map_err(|_| "neither groups nor a reason")?;
        Ok(Status::Eligible(groups))
    }
}

const EXCLUSIONS: [Exclusion; 7] = [
    Exclusion::Employer,
    Exclusion::FormerEmployer,
    Exclusion::Relative,
    Exclusion::Ban,
    Exclusion::Listed,
    Exclusion::Named,
    Exclusion::Speciality,
];

fn word(exclusion: Exclusion) -> &'static str {
    match exclusion {
        Exclusion::Employer => "employer",
        Exclusion::FormerEmployer => "former_employer",
        Exclusion::Relative => "relative",
        Exclusion::Ban => "ban",
        Exclusion::Listed => "listed",
        Exclusion::Named => "named",
        Exclusion::Speciality => "speciality",
    }
}
