//! Owns what the tests begin with: entries, rooms, clocks.

use bidroom::journal::{Durability, Journal, Settings};
use bidroom::room::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.path().join("journal.sqlite")
    }
}

/// Without a ballast, which would cost each test 64 MiB.
pub(crate) fn open(path: &Path) -> Journal {
    let settings = Settings {
        durability: Durability::Full,
        ballast: 0,
    };
    Journal::open(path, settings).expect("a journal")
}

pub(crate) fn session(id: &str) -> SessionId {
    id.parse().expect("valid")
}

pub(crate) fn stamp(at: i64) -> Stamp {
    Stamp {
        at: Utc(at),
        mono: u64::try_from(at).expect("after 1970"),
        boot: "boot-1".parse().expect("valid"),
    }
}

pub(crate) fn entry(seq: u64, of: Option<&str>, event: Event) -> Entry {
    Entry {
        seq: Seq(seq),
        stamp: stamp(1_700_000_000_000 + i64::try_from(seq).expect("small")),
        session: of.map(session),
        actor: Actor::Daemon { part: Part::Media },
        command: None,
        event,
    }
}

pub(crate) fn mark(seq: u64, of: &str) -> Entry {
    let note = Note::new(&format!("标记 {seq}")).expect("one line");
    entry(seq, Some(of), Event::MomentMarked { feed: None, note })
}

/// `count` entries from `first` on, of the room and of two sessions by turns.
pub(crate) fn mixed(first: u64, count: u64) -> Vec<Entry> {
    (first..first + count)
        .map(|seq| match seq % 3 {
            0 => entry(seq, None, Event::ClockJumped { by_ms: 7 }),
            1 => mark(seq, "A-1"),
            _ => mark(seq, "B-2"),
        })
        .collect()
}

/// Events whose JSON is less than plain: maps with numbers as keys, nested values, absent ones.
pub(crate) fn intricate() -> Vec<Entry> {
    let feed: FeedId = "seat-1-face".parse().expect("valid");
    let head = IndexHead {
        segments: 3,
        lines: 4,
        bytes: u64::MAX,
        sha256: "ab".repeat(32),
    };
    let events = vec![
        Event::RoomConfigured {
            layout: layout(),
            policies: Policies::default(),
            profile_sha256: "cd".repeat(32),
        },
        Event::CheckInOpened {
            seats: vec![SeatAssignment {
                member: MemberNo(1),
                seat: SeatNo(4),
            }],
        },
        Event::GraceEnded {
            missing: BTreeSet::from([MemberNo(2)]),
        },
        Event::IndexHeads {
            heads: BTreeMap::from([(feed.clone(), head)]),
        },
        Event::BreakDue {
            kind: BreakKind::Meal,
            meal: Some(MealSlot {
                day: 20_000,
                time: TimeOfDay(720),
            }),
        },
        Event::RecordingGapOpened {
            gap: 1,
            feed,
            track: Track::Video,
            from: Utc(-1),
            cause: GapCause::SourceLost,
        },
    ];
    let numbered = events.into_iter().zip(1..);
    numbered
        .map(|(event, seq)| entry(seq, Some("A-1"), event))
        .collect()
}

pub(crate) fn layout() -> Layout {
    let seat = |no| Seat {
        no: SeatNo(no),
        x: 10 * no,
        y: 50,
    };
    let feed = |id: String, kind, place| FeedSpec {
        name: id.clone(),
        id: id.parse().expect("valid"),
        kind,
        place,
        simulated: false,
    };
    let faces = (1..=9).map(|no| {
        feed(
            format!("seat-{no}-face"),
            FeedKind::Face,
            Place::Seat(SeatNo(no)),
        )
    });
    let camera = feed("camera-1".into(), FeedKind::Camera, Place::EvaluationRoom);
    Layout {
        name: "评标一室".into(),
        city: "保山".into(),
        seats: (1..=9).map(seat).collect(),
        feeds: faces.chain([camera]).collect(),
        replicas: Default::default(),
        relays: Vec::new(),
    }
}
