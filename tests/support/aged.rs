//! Owns the data folder of a box that has been at work for years: sealed sessions in the journal and on the disk,
//! and one session that is under way.

use bidroom::archive::index::{INDEX_FILE, Line, SampleTime, StartRecord, StopRecord, TrackRecord};
use bidroom::archive::{CloseCause, Record, SegmentRecord, feed_folder};
use bidroom::config::Profile;
use bidroom::journal::{Durability, Journal, Settings};
use bidroom::room::{
    Actor, Entry, Event, FeedId, FeedKind, IndexHead, MemberKind, MemberNo, NewMember, Note, Part,
    Plan, Pledge, Room, Seal, SeatAssignment, SeatNo, Seq, SessionId, SessionKind, Span, Stamp,
    Track, Utc, apply,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Age {
    /// Entries of the journal.
    pub(crate) events: u64,
    /// Segment files of sealed sessions.
    pub(crate) segments: u64,
    /// Segment files of the session that is under way.
    pub(crate) current: u64,
}

/// The session that is under way; the others are `OLD-1`, `OLD-2`, …
pub(crate) const CURRENT: &str = "NOW-1";

/// Entries of one sealed session.
const A_SESSION: u64 = 2_000;
/// Entries that are written at once.
const AT_ONCE: usize = 10_000;
/// How far the last snapshot is behind: as far as the clerk ever lets it.
const BEHIND: u64 = 999;
const SEATS: u8 = 5;
const SEGMENT_MS: i64 = 10_000;
/// What stands in every file: a start never reads one.
const CONTENT: &[u8] = b"pictures and sound of an evaluation long ago";

/// Fills the data folder of a room with that profile.
pub(crate) fn make(data: &Path, profile: &Profile, age: Age) {
    fs::create_dir_all(data).expect("the data folder");
    let past = age.events.div_ceil(A_SESSION).max(1);
    write_journal(data, profile, age, past);
    let folder = profile.storage.sessions(data);
    let root = folder.parent().expect("a folder above").to_owned();
    let layout = profile.layout();
    let feeds: Vec<FeedId> = layout
        .feeds
        .iter()
        .filter(|feed| feed.kind != FeedKind::TalkBack)
        .map(|feed| feed.id.clone())
        .collect();
    let share = |segments: u64, of: u64, n: u64| segments * (n + 1) / of - segments * n / of;
    let count = u64::try_from(feeds.len()).expect("few");
    for no in 0..past {
        for (n, feed) in (0..).zip(&feeds) {
            let files = share(share(age.segments, past, no), count, n);
            write_feed(&root, &old(no), feed, files, Some(CloseCause::Stop));
        }
    }
    for (n, feed) in (0..).zip(&feeds) {
        let current = CURRENT.parse().expect("an id");
        write_feed(&root, &current, feed, share(age.current, count, n), None);
    }
}

fn old(no: u64) -> SessionId {
    format!("OLD-{}", no + 1).parse().expect("an id")
}

/// Writes entries and keeps the room that follows from them.
struct Writer {
    journal: Journal,
    room: Room,
    stamp: Stamp,
    waiting: Vec<Entry>,
    snapshot_at: u64,
}

impl Writer {
    fn tell(&mut self, session: Option<&SessionId>, event: Event) {
        self.stamp.at.0 += 500;
        self.stamp.mono += 500;
        let entry = Entry {
            seq: Seq(self.room.seq.0 + 1),
            stamp: self.stamp.clone(),
            session: session.cloned(),
            actor: Actor::Daemon { part: Part::App },
            command: None,
            event,
        };
        apply(&mut self.room, &entry);
        self.waiting.push(entry);
        let now = self.room.seq.0 == self.snapshot_at;
        if now || self.waiting.len() == AT_ONCE {
            self.write();
        }
        if now {
            self.journal.save_snapshot(&self.room).expect("a snapshot");
        }
    }

    fn write(&mut self) {
        let entries = std::mem::take(&mut self.waiting);
        self.journal.append(&entries, &[]).expect("written");
    }

    /// From the plan to the start.
    fn begin(&mut self, id: &SessionId) {
        let plan = Plan {
            id: id.clone(),
            kind: SessionKind::Rehearsal,
            start: self.stamp.at,
            expected: Span::hours(4),
            experts: SEATS,
            tenderer_representatives: 0,
            committee: None,
            rules: None,
            policies: None,
        };
        self.tell(Some(id), Event::SessionPlanned { plan });
        let members = (1..=SEATS)
            .map(|no| NewMember {
                kind: MemberKind::Expert,
                person: format!("p{no}").parse().expect("a reference"),
            })
            .collect();
        self.tell(Some(id), Event::CommitteeConvened { members });
        let all = (1..=SEATS).map(|no| (MemberNo(no), SeatNo(no)));
        let seats = all
            .clone()
            .map(|(member, seat)| SeatAssignment { member, seat })
            .collect();
        self.tell(Some(id), Event::CheckInOpened { seats });
        for (member, seat) in all {
            let late = false;
            self.tell(Some(id), Event::MemberCheckedIn { member, seat, late });
            for pledge in Pledge::ALL {
                self.tell(Some(id), Event::PledgeSigned { member, pledge });
            }
        }
        self.tell(Some(id), Event::SignInConfirmed);
        self.tell(Some(id), Event::RecordingConfirmed);
        self.tell(Some(id), Event::StartAuthorised);
        self.tell(Some(id), Event::SessionStarted);
    }

    /// Something happens: a mark, and now and then where the indexes stand.
    fn pass_time(&mut self, id: &SessionId, feed: &FeedId) {
        let n = self.room.seq.0;
        let event = if n.is_multiple_of(50) {
            let head = IndexHead {
                lines: n,
                segments: n,
                ..IndexHead::default()
            };
            Event::IndexHeads {
                heads: BTreeMap::from([(feed.clone(), head)]),
            }
        } else {
            Event::MomentMarked {
                feed: Some(feed.clone()),
                note: Note::new(&format!("标记 {n}")).expect("one line"),
            }
        };
        self.tell(Some(id), event);
    }
}

fn write_journal(data: &Path, profile: &Profile, age: Age, past: u64) {
    let settings = Settings {
        durability: Durability::Full,
        ballast: profile.storage.ballast.0,
    };
    let journal = Journal::open(&data.join("journal.sqlite"), settings).expect("a journal");
    let years_ago = now().at.0 - i64::try_from(age.events).expect("few") * 500 - 3_600_000;
    let mut writer = Writer {
        journal,
        room: Room::default(),
        stamp: Stamp {
            at: Utc(years_ago),
            mono: 0,
            boot: "boot-long-ago".parse().expect("an id"),
        },
        waiting: Vec::new(),
        snapshot_at: age.events.saturating_sub(BEHIND).max(1),
    };
    writer.tell(
        None,
        Event::RoomConfigured {
            layout: profile.layout(),
            policies: profile.policies(),
            profile_sha256: hex::encode(profile.sha256()),
        },
    );
    let feed = profile.layout().feeds[0].id.clone();
    for no in 0..past {
        let id = old(no);
        // the last stretch belongs to the session that is under way
        let end = (age.events * (no + 1) / (past + 1)).saturating_sub(2);
        writer.begin(&id);
        while writer.room.seq.0 < end {
            writer.pass_time(&id, &feed);
        }
        let kind = SessionKind::Rehearsal;
        writer.tell(Some(&id), Event::ClosingBegun);
        writer.tell(Some(&id), Event::SessionSealed { kind });
        let seal = Seal {
            sha256: "0".repeat(64),
            files: 1,
            bytes: 1,
            timestamped: false,
        };
        writer.tell(Some(&id), Event::ArchiveSealed { seal });
        let read_back = Event::ArchiveReadBack {
            files: 1,
            bytes: 1,
            damaged: 0,
            named: Vec::new(),
        };
        writer.tell(Some(&id), read_back);
    }
    let id: SessionId = CURRENT.parse().expect("an id");
    writer.begin(&id);
    while writer.room.seq.0 < age.events {
        writer.pass_time(&id, &feed);
    }
    writer.write();
}

#[allow(clippy::disallowed_methods, reason = "what is made up ends just now")]
fn now() -> Stamp {
    let at = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    Stamp {
        at: Utc(i64::try_from(at.as_millis()).expect("soon enough")),
        mono: 0,
        boot: "boot-now".parse().expect("an id"),
    }
}

/// Writes a feed's files and its index; without an end it was cut short just now.
fn write_feed(
    root: &Path,
    session: &SessionId,
    feed: &FeedId,
    segments: u64,
    end: Option<CloseCause>,
) {
    if segments == 0 {
        return;
    }
    let folder = feed_folder(root, session, feed);
    fs::create_dir_all(&folder).expect("a folder");
    let hash = hex::encode(Sha256::digest(CONTENT));
    let first = now().at.0 / 1000 * 1000 - i64::try_from(segments).expect("few") * SEGMENT_MS;
    let mut index = String::new();
    let mut head = IndexHead::default();
    let mut put = |record| {
        let line = Line {
            n: head.lines + 1,
            record,
            prev: head.sha256.clone(),
        };
        let text = serde_json::to_string(&line).expect("JSON");
        head.lines += 1;
        head.sha256 = hex::encode(Sha256::digest(&text));
        index.push_str(&text);
        index.push('\n');
    };
    put(Record::Start(StartRecord { at: Utc(first) }));
    for n in 0..i64::try_from(segments).expect("few") {
        let from = first + n * SEGMENT_MS;
        let time = jiff::Timestamp::from_millisecond(from).expect("in range");
        let file = format!("{}.mp4", time.strftime("%Y%m%dT%H%M%S.%3fZ"));
        fs::write(folder.join(&file), CONTENT).expect("a file");
        put(Record::Segment(segment(file, from, &hash)));
    }
    if let Some(cause) = end {
        let at = Utc(first + i64::try_from(segments).expect("few") * SEGMENT_MS);
        put(Record::Stop(StopRecord { at, cause }));
    }
    fs::write(folder.join(INDEX_FILE), index).expect("the index");
}

fn segment(file: String, from: i64, hash: &str) -> SegmentRecord {
    let track = |track, codec: &str, samples| TrackRecord {
        track,
        codec: codec.to_owned(),
        samples,
        first: Some(SampleTime {
            at: 0,
            rtp: Some(1),
            ntp: Some(1),
        }),
        last: Some(SampleTime {
            at: 9_960,
            rtp: Some(900_000),
            ntp: Some(9_960_000_000),
        }),
    };
    SegmentRecord {
        file,
        from: Utc(from),
        to: Utc(from + SEGMENT_MS),
        from_mono: Some(1),
        to_mono: Some(10_000_000_001),
        boot: Some("boot-long-ago".to_owned()),
        tracks: vec![
            track(Track::Video, "h264", 250),
            track(Track::Audio, "opus", 500),
        ],
        bytes: u64::try_from(CONTENT.len()).expect("few"),
        sha256: hash.to_owned(),
        sm3: None,
        cause: CloseCause::Age,
    }
}
