//! Each rule of avoidance on its last day, and on the day after.

use super::super::judge::{Rules, Status};
use super::super::pool::PoolPerson;
use super::super::recusal::{ListedKind, ListedPerson, Recusals};
use super::expert;
use crate::room::Exclusion;
use jiff::civil::{Date, date};

const DAY: Date = date(2026, 11, 26);

fn rules() -> Rules {
    Rules {
        salt: String::new(),
        day: DAY,
        look_back_years: 3,
        specialities: vec!["房屋建筑".to_owned(), "工程造价".to_owned()],
        recusals: Recusals {
            units: vec![vec![
                "云南滇西建设集团有限公司".to_owned(),
                "滇西建设".to_owned(),
                "西建".to_owned(),
            ]],
            people: Vec::new(),
        },
        named: vec!["9".repeat(18)],
    }
}

#[track_caller]
fn avoided(rules: &Rules, person: &PoolPerson, reason: Exclusion) {
    assert_eq!(rules.judge(person), Status::Excluded(reason));
}

#[track_caller]
fn drawn(rules: &Rules, person: &PoolPerson) {
    assert_eq!(rules.judge(person), Status::Eligible(vec![0]));
}

#[test]
fn whoever_works_for_a_recusal_unit_by_any_of_its_names() {
    let rules = rules();
    for employer in [
        "云南滇西建设集团有限公司",
        "滇西建设",
        "西建",
        " 云南滇西建设（集团）有限公司 ",
        "云南滇西建设集团有限公司保山分公司",
        "云南滇西建设集团有限公司　第三项目部",
    ] {
        let mut person = expert(1);
        person.employer = employer.to_owned();
        avoided(&rules, &person, Exclusion::Employer);
    }
    for employer in [
        "",
        "保山市水务设计院",
        "西建筑设计院",
        "新云南滇西建设集团有限公司",
    ] {
        let mut person = expert(1);
        person.employer = employer.to_owned();
        drawn(&rules, &person);
    }
}

#[test]
fn whoever_left_one_within_the_look_back_to_the_day() {
    let mut rules = rules();
    let left = |day: Option<Date>| {
        let mut person = expert(1);
        person.former_employers = vec![
            ("保山市政公司".to_owned(), Some(DAY)),
            ("滇西建设".to_owned(), day),
        ];
        person
    };
    avoided(&rules, &left(Some(DAY)), Exclusion::FormerEmployer);
    avoided(
        &rules,
        &left(Some(date(2023, 11, 27))),
        Exclusion::FormerEmployer,
    );
    avoided(
        &rules,
        &left(Some(date(2023, 11, 26))),
        Exclusion::FormerEmployer,
    );
    drawn(&rules, &left(Some(date(2023, 11, 25))));
    // whoever does not say when he left has not shown that it was long ago
    avoided(&rules, &left(None), Exclusion::FormerEmployer);
    // a leap day has no day three years before: February's last stands for it
    rules.day = date(2028, 2, 29);
    avoided(
        &rules,
        &left(Some(date(2025, 2, 28))),
        Exclusion::FormerEmployer,
    );
    drawn(&rules, &left(Some(date(2025, 2, 27))));
    rules.look_back_years = 0;
    avoided(
        &rules,
        &left(Some(date(2028, 2, 29))),
        Exclusion::FormerEmployer,
    );
    drawn(&rules, &left(Some(date(2028, 2, 28))));
}

#[test]
fn relatives_by_their_unit_or_by_the_list() {
    let mut rules = rules();
    let mut person = expert(1);
    person.relatives_employers = vec!["别处".to_owned(), "滇西建设".to_owned()];
    avoided(&rules, &person, Exclusion::Relative);
    rules.recusals.people = vec![listed(ListedKind::Relative, "专家 甲", None, None)];
    avoided(&rules, &expert(1), Exclusion::Relative);
}

fn listed(kind: ListedKind, name: &str, id: Option<u32>, until: Option<Date>) -> ListedPerson {
    ListedPerson {
        kind,
        name: name.to_owned(),
        id_number: id.map(|id| format!("{id:018}")),
        until,
    }
}

#[test]
fn bans_until_their_last_day() {
    let mut rules = rules();
    let banned = |until| {
        let mut person = expert(1);
        person.banned_until = Some(until);
        person
    };
    avoided(&rules, &banned(date(2026, 11, 27)), Exclusion::Ban);
    avoided(&rules, &banned(DAY), Exclusion::Ban);
    drawn(&rules, &banned(date(2026, 11, 25)));
    for (until, holds) in [
        (None, true),
        (Some(DAY), true),
        (Some(date(2026, 11, 25)), false),
    ] {
        rules.recusals.people = vec![listed(ListedKind::Ban, "别名", Some(1), until)];
        match holds {
            true => avoided(&rules, &expert(1), Exclusion::Ban),
            false => drawn(&rules, &expert(1)),
        }
    }
}

#[test]
fn lists_mean_an_id_number_where_they_have_one_and_a_name_else() {
    let mut rules = rules();
    rules.recusals.people = vec![listed(ListedKind::Listed, "专家甲", Some(7), None)];
    drawn(&rules, &expert(1));
    avoided(&rules, &expert(7), Exclusion::Listed);
    rules.recusals.people = vec![listed(ListedKind::Listed, "专家甲", None, None)];
    avoided(&rules, &expert(1), Exclusion::Listed);
}

#[test]
fn whoever_is_named_is_not_drawn_and_whoever_has_no_speciality_neither() {
    let rules = rules();
    let mut person = expert(1);
    person.id_number = "9".repeat(18);
    avoided(&rules, &person, Exclusion::Named);
    let mut person = expert(1);
    person.specialities = vec!["法律".to_owned()];
    avoided(&rules, &person, Exclusion::Speciality);
    person.specialities = vec!["工程 造价".to_owned(), "房屋建筑".to_owned()];
    assert_eq!(rules.judge(&person), Status::Eligible(vec![0, 1]));
}

#[test]
fn a_status_is_read_as_it_is_written() {
    for status in [
        Status::Eligible(vec![0]),
        Status::Eligible(vec![0, 3]),
        Status::Excluded(Exclusion::FormerEmployer),
        Status::Excluded(Exclusion::Speciality),
    ] {
        assert_eq!(status.to_string().parse(), Ok(status));
    }
    assert!("nonsense".parse::<Status>().is_err());
}
