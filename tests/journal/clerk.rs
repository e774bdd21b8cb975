//! The clerk: one writer, answers after the disk, ids that count once, clocks that are kept.

use crate::given::{Folder, layout, open, session};
use bidroom::clerk::{Clerk, ClerkHandle, Clock, Outcome, SubmitError};
use bidroom::journal::{Journal, Reader};
use bidroom::room::*;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// 2026-03-02 08:00 in Beijing, and a machine that has run for 100 s.
const MORNING: i64 = 1_772_409_600_000;

/// Time that passes when the test says so, and a wall clock that can be set.
#[derive(Debug, Clone, Default)]
struct TestClock {
    passed: Arc<AtomicU64>,
    set_by_ms: Arc<AtomicI64>,
    seed: Arc<AtomicU64>,
}

impl TestClock {
    fn pass(&self, span: Span) {
        self.passed.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        let passed = self.passed.load(Ordering::SeqCst);
        let wall = MORNING + self.set_by_ms.load(Ordering::SeqCst);
        Now {
            stamp: Stamp {
                at: Utc(wall) + Span(passed),
                mono: 100_000 + passed,
                boot: "boot-1".parse().expect("valid"),
            },
            utc_offset: 8 * 3600,
            seed: self.seed.fetch_add(1, Ordering::SeqCst),
        }
    }
}

/// The room once `shows` holds of it; fails where it never does.
pub(crate) async fn until(clerk: &ClerkHandle, shows: impl Fn(&Room) -> bool) -> Arc<Room> {
    let mut room_rx = clerk.watch();
    let shown = room_rx.wait_for(|at| shows(&at.room));
    let shown = tokio::time::timeout(Duration::from_secs(20), shown).await;
    let shown = shown.expect("in time").expect("the clerk runs");
    Arc::clone(&shown.room)
}

pub(crate) struct Daemon {
    pub(crate) clerk: ClerkHandle,
    clock: TestClock,
    task: JoinHandle<Result<(), tokio::task::JoinError>>,
}

impl Daemon {
    pub(crate) fn start(journal: Journal) -> Self {
        let clock = TestClock::default();
        let (clerk, worker) = Clerk::start(journal, clock.clone()).expect("starts");
        let task = tokio::spawn(worker.run());
        Self { clerk, clock, task }
    }

    async fn configured(path: &Path) -> Self {
        let daemon = Self::start(open(path));
        let profile = Command::ConfigureRoom {
            layout: layout(),
            policies: Policies::default(),
            profile_sha256: "ab".into(),
        };
        let app = Actor::Daemon { part: Part::App };
        daemon
            .clerk
            .submit(app, None, None, profile)
            .await
            .expect("configured");
        daemon
    }

    async fn technician(&self, id: &str, command: Command) -> Result<Outcome, SubmitError> {
        let actor = Actor::Technician {
            account: "tech".parse().expect("valid"),
        };
        let id = id.parse().expect("valid");
        self.clerk
            .submit(actor, Some(session("S-1")), Some(id), command)
            .await
    }

    pub(crate) async fn stop(self) {
        self.clerk.drain().await;
        self.task.await.expect("no panic").expect("no panic");
    }
}

fn plan() -> Command {
    Command::PlanSession {
        plan: Plan {
            id: session("S-1"),
            kind: SessionKind::Real,
            start: Utc(MORNING) + Span::hours(1),
            expected: Span::hours(4),
            experts: 5,
            tenderer_representatives: 0,
            committee: None,
            rules: None,
            policies: None,
        },
    }
}

fn members() -> Command {
    let member = |no| NewMember {
        kind: MemberKind::Expert,
        person: format!("p{no}").parse().expect("valid"),
    };
    Command::ConveneCommittee {
        members: (1..=5).map(member).collect(),
    }
}

fn types(outcome: &Outcome) -> Vec<String> {
    let kind = |entry: &Entry| serde_json::to_value(&entry.event).expect("JSON")["type"].clone();
    let kinds = outcome.entries.iter().map(kind);
    kinds
        .map(|k| k.as_str().expect("text").to_owned())
        .collect()
}

#[tokio::test]
async fn an_answer_means_journalled_and_shown() {
    let folder = Folder::new();
    let daemon = Daemon::configured(&folder.journal()).await;
    let done = daemon.technician("c-1", plan()).await.expect("planned");
    assert_eq!(types(&done), ["session_planned"]);
    assert!(!done.repeated);
    assert_eq!(daemon.clerk.room().seq, done.seq);
    assert_eq!(daemon.clerk.watch().borrow().seq, done.seq);
    let reader = Reader::open(&folder.journal()).expect("readable");
    assert_eq!(
        reader.entries(Seq(done.seq.0 - 1), 9).expect("reads"),
        done.entries
    );
    let refused = daemon.technician("c-2", plan()).await;
    assert!(matches!(
        refused,
        Err(SubmitError::Refused(Refusal::SessionExists { .. }))
    ));
    assert_eq!(daemon.clerk.room().seq, done.seq);
    daemon.stop().await;
}

#[tokio::test]
async fn an_id_counts_once_restarts_included() {
    let folder = Folder::new();
    let daemon = Daemon::configured(&folder.journal()).await;
    let first = daemon.technician("c-1", plan()).await.expect("planned");
    // many at once, in one batch with their first
    let both = tokio::join!(
        daemon.technician("c-2", members()),
        daemon.technician("c-2", members()),
        daemon.technician("c-2", members()),
    );
    let both = [both.0, both.1, both.2].map(|done| done.expect("convened"));
    assert_eq!(both.iter().filter(|done| !done.repeated).count(), 1);
    assert!(both.iter().all(|done| done.entries == both[0].entries));
    daemon.stop().await;

    let daemon = Daemon::start(open(&folder.journal()));
    let before = daemon.clerk.room().seq;
    let again = daemon.technician("c-1", plan()).await.expect("as before");
    assert_eq!((again.repeated, &again.entries), (true, &first.entries));
    assert_eq!(daemon.clerk.room().seq, before);
    let other = daemon.technician("c-1", Command::RunPreflight).await;
    assert_eq!(other, Err(SubmitError::IdReused));
    daemon.stop().await;
}

#[tokio::test]
async fn a_restart_brings_the_same_room_with_and_without_its_snapshot() {
    let folder = Folder::new();
    let daemon = Daemon::configured(&folder.journal()).await;
    daemon.technician("c-1", plan()).await.expect("planned");
    daemon.technician("c-2", members()).await.expect("convened");
    // past the first snapshot, and some more
    for no in 0..1_100 {
        let feed = "camera-1".parse().expect("valid");
        let command = if no % 2 == 0 {
            Command::ReportFeedLive { feed }
        } else {
            let cause = SourceFault::Closed;
            Command::ReportFeedLost { feed, cause }
        };
        let media = Actor::Daemon { part: Part::Media };
        let done = daemon.clerk.submit(media, None, None, command).await;
        assert_eq!(done.expect("reported").entries.len(), 1);
    }
    let room = daemon.clerk.room();
    // as if killed: no snapshot at the end
    daemon.task.abort();
    drop(daemon.clerk);
    assert!(daemon.task.await.is_err());

    let db = rusqlite::Connection::open(folder.journal()).expect("opens");
    let snapshots: i64 = db
        .query_row(
            "SELECT max(seq) FROM snapshots WHERE seq < ?1",
            [room.seq.0 as i64],
            |row| row.get(0),
        )
        .expect("one was taken on the way");
    assert!(snapshots >= 1000);
    let daemon = Daemon::start(wait_for_lock(&folder.journal()).await);
    assert_eq!(daemon.clerk.room(), room);
    daemon.stop().await;
    db.execute("DELETE FROM snapshots", []).expect("valid SQL");
    let daemon = Daemon::start(open(&folder.journal()));
    assert_eq!(daemon.clerk.room(), room);
    daemon.stop().await;
}

/// An aborted clerk gives the journal up once its thread has finished.
async fn wait_for_lock(path: &Path) -> Journal {
    for _ in 0..1000 {
        if let Ok(journal) = Journal::open(
            path,
            bidroom::journal::Settings {
                ballast: 0,
                ..Default::default()
            },
        ) {
            return journal;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the journal is still held");
}

#[tokio::test]
async fn deadlines_pass_by_themselves() {
    let folder = Folder::new();
    let daemon = Daemon::configured(&folder.journal()).await;
    daemon.technician("c-1", plan()).await.expect("planned");
    daemon.technician("c-2", members()).await.expect("convened");
    daemon
        .technician("c-3", Command::OpenCheckIn)
        .await
        .expect("open");
    let outage = Command::DeclareOutage {
        cause: Note::new("电力").expect("one line"),
    };
    daemon.technician("c-4", outage).await.expect("declared");
    let of = |room: &Room| room.sessions[&session("S-1")].clone();
    daemon.clock.pass(Span::minutes(89));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!of(&daemon.clerk.room()).committee.grace_ended, "too early");
    daemon.clock.pass(Span::minutes(1));
    until(&daemon.clerk, |room| of(room).committee.grace_ended).await;
    daemon.clock.pass(Span::minutes(30));
    until(&daemon.clerk, |room| {
        of(room).outage.is_some_and(|outage| outage.expired)
    })
    .await;
    // each was noted once, when it came due
    let reader = Reader::open(&folder.journal()).expect("readable");
    let entries = reader.entries(Seq(0), 100).expect("reads");
    let clock = Actor::Daemon { part: Part::Clock };
    let passed: Vec<&Entry> = entries.iter().filter(|e| e.actor == clock).collect();
    let [grace, outage] = passed[..] else {
        panic!("{passed:?}");
    };
    let minutes = |entry: &Entry| (entry.stamp.at.0 - MORNING) / 60_000;
    assert!(matches!(grace.event, Event::GraceEnded { .. }));
    assert_eq!(minutes(grace), 90);
    assert_eq!(outage.event, Event::OutageTimeExpired);
    assert_eq!(minutes(outage), 120);
    daemon.stop().await;
}

#[tokio::test]
async fn a_clock_that_was_set_is_journalled() {
    let folder = Folder::new();
    let daemon = Daemon::configured(&folder.journal()).await;
    daemon.clock.set_by_ms.store(-900, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(
        daemon.clerk.room().seq,
        Seq(1),
        "within a second is no jump"
    );
    daemon.clock.set_by_ms.store(-3_600_900, Ordering::SeqCst);
    until(&daemon.clerk, |room| room.seq > Seq(1)).await;
    let reader = Reader::open(&folder.journal()).expect("readable");
    let entry = reader.entries(Seq(1), 9).expect("reads").remove(0);
    assert_eq!(entry.event, Event::ClockJumped { by_ms: -3_600_000 });
    daemon.stop().await;

    // and while it did not run: the machine is the same, its wall clock is not
    let journal = open(&folder.journal());
    let clock = TestClock::default();
    clock.set_by_ms.store(7_000_000, Ordering::SeqCst);
    let (clerk, worker) = Clerk::start(journal, clock).expect("starts");
    let task = tokio::spawn(worker.run());
    until(&clerk, |room| room.seq > Seq(2)).await;
    let entry = reader.entries(Seq(2), 9).expect("reads").remove(0);
    let by_ms = 7_000_000 + 3_600_900;
    assert_eq!(entry.event, Event::ClockJumped { by_ms });
    clerk.drain().await;
    task.await.expect("no panic").expect("no panic");
}

#[tokio::test]
async fn draining_finishes_what_waits_and_takes_no_more() {
    let folder = Folder::new();
    let daemon = Daemon::configured(&folder.journal()).await;
    let answers = tokio::join!(
        daemon.technician("c-1", plan()),
        daemon.technician("c-2", members()),
        daemon.clerk.drain(),
    );
    assert!(answers.0.is_ok() && answers.1.is_ok());
    let late = daemon.technician("c-3", Command::RunPreflight).await;
    assert_eq!(late, Err(SubmitError::Stopped));
    daemon.task.await.expect("no panic").expect("no panic");
}

#[tokio::test]
async fn too_much_at_once_is_busy() {
    // a clerk that does not run takes nothing out
    let folder = Folder::new();
    let clock = TestClock::default();
    let (clerk, worker) = Clerk::start(open(&folder.journal()), clock).expect("starts");
    let app = Actor::Daemon { part: Part::App };
    let report = || {
        let version = "1".to_owned();
        Command::ReportStart { version }
    };
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..257 {
        let (clerk, app) = (clerk.clone(), app.clone());
        waiting.spawn(async move { clerk.submit(app, None, None, report()).await });
    }
    let first = waiting.join_next().await.expect("one ends");
    assert_eq!(first.expect("no panic"), Err(SubmitError::Busy));
    let task = tokio::spawn(worker.run());
    let answers = waiting.join_all().await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(clerk.room().seq, Seq(256));
    drop(clerk);
    task.await.expect("no panic").expect("ends without handles");
}
