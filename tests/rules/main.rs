//! The room's rules as scenarios that a technician can read. Each `.story` file is one; the grammar is in `story.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking, and reads the clock for its deadlines"
)]

mod callout;
mod story;

macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            story::check(include_str!(concat!("stories/", stringify!($name), ".story")));
        })*
    };
}

stories!(
    an_evaluation_from_plan_to_seal,
    who_may_do_what,
    a_committee_in_two_venues,
    committees_must_be_lawful,
    late_absent_and_replaced,
    nobody_comes_back_in,
    conflicts_are_ruled_on,
    the_start_barrier,
    outages_and_their_clocks,
    suspended_by_order,
    a_night_between,
    rests_and_meals,
    help_calls,
    marks_warnings_and_talk_back,
    what_leaves_the_house,
    gaps_are_kept,
    what_cameras_show,
    rehearsals,
    one_session_holds_the_room,
    ending_without_a_result,
    workstations,
    seats_with_workstations_first,
    archives_are_kept,
    archives_go_by_two_clocks,
    a_person_stands_in_for_a_clock,
    a_draw_needs_two_secrets,
    a_committee_is_called,
    lines_cost_nobody_his_place,
    silence_stops_the_call_out,
    withdrawals,
    texts,
    the_last_place,
    calls_that_were_cut_off,
);

#[test]
#[should_panic(expected = "expected a refusal")]
fn a_story_that_expects_a_wrong_refusal_fails() {
    story::check(
        "given a plan of 5 experts at 09:00\n08:00 technician: run preflight\n-> refused not_your_role\n",
    );
}

#[test]
#[should_panic(expected = "expected the phase")]
fn a_story_that_expects_a_wrong_phase_fails() {
    story::check("given a plan of 5 experts at 09:00\n-> phase in_session\n");
}

#[test]
#[should_panic(expected = "no such event")]
fn a_story_that_expects_a_wrong_event_fails() {
    story::check(
        "given a plan of 5 experts at 09:00\n08:00 technician: run preflight\n-> event preflight_done\n",
    );
}

#[test]
#[should_panic(expected = "was refused, and nobody expected it")]
fn a_story_with_an_unexpected_refusal_fails() {
    story::check("given a plan of 5 experts at 09:00\n08:00 supervisor: open check in\n");
}
