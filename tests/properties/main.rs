//! Random walks through sessions, beside a small reference model that was written from the rules of remote
//! evaluation: whatever anybody asks for, in whatever order, room and model agree on what is lawful, where a
//! session stands, who sits where and who is here.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking, and reads the clock for its deadlines"
)]

mod ask;
mod model;
mod play;

use ask::{Ask, asks};
use bidroom::room::{Event, PhaseKind, Room, Seq, apply};
use play::{Play, Sabotage};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Steps of one walk.
const STEPS: std::ops::Range<usize> = 20..160;

/// Walks; the same ones each time, more by `PROPTEST_CASES`.
fn runner() -> TestRunner {
    let config = Config {
        failure_persistence: None,
        // with fewer some rare events are never reached
        cases: Config::default().cases.max(768),
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
}

fn walk(sabotage: Sabotage, seen: &RefCell<BTreeSet<String>>) -> Result<(), TestError<Vec<Ask>>> {
    runner().run(&asks(STEPS), |asks| {
        let mut play = Play::new(sabotage);
        for ask in asks {
            play.step(ask)?;
        }
        seen.borrow_mut().extend(play.seen());
        play.replays()
    })
}

#[test]
fn room_and_model_agree() {
    let seen = RefCell::default();
    tell(walk(Sabotage::None, &seen));
    // a walk that reaches nothing proves nothing
    let seen = seen.into_inner();
    let phases = [
        PhaseKind::Planned,
        PhaseKind::Convened,
        PhaseKind::CheckIn,
        PhaseKind::Ready,
        PhaseKind::InSession,
        PhaseKind::Suspended,
        PhaseKind::Overnight,
        PhaseKind::Closing,
        PhaseKind::Sealed,
        PhaseKind::Aborted,
    ];
    let events = [
        "grace_ended",
        "member_checked_in",
        "lateness_excused",
        "member_absent",
        "member_replaced",
        "member_left",
        "member_returned",
        "conflict_ruled",
        "readiness_lost",
        "chair_elected",
        "outage_time_expired",
        "tenderer_waits",
        "session_resumed",
        "overnight_ended",
        "lock_postponed",
        "recording_gap_opened",
        "recording_gap_closed",
        "anomaly_began",
        "anomaly_ended",
        "daemon_started",
    ];
    let phases = phases.map(|phase| format!("{phase:?}"));
    let expected = phases.iter().map(String::as_str).chain(events);
    let missed: Vec<&str> = expected.filter(|what| !seen.contains(*what)).collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
}

#[test]
fn a_wrong_room_is_found_out() {
    for sabotage in Sabotage::ALL {
        let found = walk(sabotage, &RefCell::default());
        assert!(
            matches!(found, Err(TestError::Fail(..))),
            "nobody noticed {sabotage:?}"
        );
    }
}

#[test]
fn applying_never_fails_whatever_comes_in_whatever_order() {
    let strategy = (asks(STEPS), proptest::num::u64::ANY);
    tell(runner().run(&strategy, |(asks, chance)| {
        let mut play = Play::new(Sabotage::None);
        for ask in asks {
            play.step(ask)?;
        }
        // a journal that was cut, doubled and stirred is nonsense, but never a panic
        let mut entries = play.entries().to_vec();
        let mut chance = chance;
        let mut room = Room::default();
        for seq in 1..2 * entries.len() as u64 {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let at = usize::try_from(chance >> 33).expect("31 bits") % entries.len();
            entries[at].seq = Seq(seq);
            apply(&mut room, &entries[at]);
            serde_json::to_vec(&room).expect("can be kept");
        }
        Ok(())
    }));
}

/// Fails with the shortest walk that shows the fault, in one line.
fn tell<T: std::fmt::Debug>(walked: Result<(), TestError<T>>) {
    match walked {
        Ok(()) => {}
        Err(TestError::Fail(why, walk)) => panic!("{why}\n{walk:?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// What an event is called on the wire.
fn kind(event: &Event) -> String {
    let value = serde_json::to_value(event).expect("JSON");
    value["type"].as_str().expect("a type").to_owned()
}
