//! Two confirm at the same moment, and one place is open: through the clerk, as the phones do it.

use crate::hall::{Setting, drawing, opening, part, session};
use bidroom::clerk::{Clerk, ClerkHandle, Clock};
use bidroom::journal::{Durability, Journal, Settings};
use bidroom::room::*;
use std::sync::atomic::{AtomicU64, Ordering};

const RACES: u64 = 1_000;
const SETTING: Setting = Setting {
    lines: 6,
    spare: 1,
    places: 5,
    pool: 20,
    probed: false,
};
const BEGAN: Utc = Utc(1_795_600_000_000);

/// Time that goes on by a millisecond a look.
#[derive(Debug, Default)]
struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now(&self) -> Now {
        let ticks = self.0.fetch_add(1, Ordering::Relaxed);
        let stamp = Stamp {
            at: BEGAN + Span(ticks),
            mono: ticks,
            boot: "boot-1".parse().unwrap(),
        };
        Now {
            stamp,
            utc_offset: 8 * 3600,
            seed: ticks,
        }
    }
}

async fn give(clerk: &ClerkHandle, actor: Actor, command: Command) {
    let given = clerk.submit(actor, Some(session()), None, command).await;
    given.unwrap();
    while let Some(report) = drawing(&clerk.room(), SETTING.pool) {
        let drawn = clerk
            .submit(part(Part::Draw), Some(session()), None, report)
            .await;
        drawn.unwrap();
    }
}

fn attends(attempt: &AttemptId) -> Command {
    Command::ReportCallEnded {
        attempt: attempt.clone(),
        end: CallEnd::Confirmed(Answer::Attends),
        recording: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_place_goes_to_exactly_one() {
    let mut firsts = 0;
    for race in 0..RACES {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            durability: Durability::Unsafe,
            ballast: 0,
        };
        let journal = Journal::open(&folder.path().join("journal.sqlite"), settings).unwrap();
        let (clerk, work) = Clerk::start(journal, Ticks::default()).unwrap();
        let work = tokio::spawn(work.run());
        for (actor, command) in opening(SETTING, BEGAN) {
            give(&clerk, actor, command).await;
        }
        let calls: Vec<AttemptId> = clerk.room().phones.calls.keys().cloned().collect();
        assert_eq!(calls.len(), 6, "five places, and one to spare");
        for attempt in &calls[..4] {
            give(&clerk, part(Part::Phones), attends(attempt)).await;
        }
        let phone = |attempt: AttemptId, after: bool| {
            let clerk = clerk.clone();
            tokio::spawn(async move {
                if after {
                    tokio::task::yield_now().await;
                }
                give(&clerk, part(Part::Phones), attends(&attempt)).await;
            })
        };
        let one = phone(calls[4].clone(), race % 2 == 0);
        let other = phone(calls[5].clone(), race % 2 == 1);
        one.await.unwrap();
        other.await.unwrap();
        let room = clerk.room();
        let found = &room.sessions[&session()];
        let callout = found.callout.as_ref().unwrap();
        let accepted: Vec<u16> = callout
            .candidates
            .iter()
            .filter(|(_, c)| c.standing.has_place())
            .map(|(id, _)| id.0)
            .collect();
        let released: Vec<&CandidateId> = callout
            .candidates
            .iter()
            .filter(|(_, c)| matches!(c.standing, Standing::Released { .. }))
            .map(|(id, _)| id)
            .collect();
        assert_eq!((accepted.len(), released.len()), (5, 1), "race {race}");
        assert!(matches!(found.phase, Phase::Convened));
        assert_eq!(found.committee.members.len(), 5);
        // the other is thanked in the same call
        let script = |call: &WantedCall| match &call.callee {
            Callee::Candidate { candidate, .. } if candidate == released[0] => Some(call.script),
            _ => None,
        };
        let said: Vec<Script> = wanted(&room).calls.values().filter_map(script).collect();
        assert_eq!(said, [Script::Thanks]);
        firsts += u64::from(accepted.contains(&5));
        clerk.drain().await;
        work.await.unwrap().unwrap();
    }
    println!("candidate 5 was first in {firsts} of {RACES} races");
    assert!((1..RACES).contains(&firsts), "nobody raced");
}
