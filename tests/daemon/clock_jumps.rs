//! The box's clock is set by an hour, forth and back, while a session is recorded: by libfaketime, for the daemon only.

use crate::cameras::Cameras;
use crate::kills::start_session;
use crate::recorded::{self, folder_of, gaps, segments};
use crate::support::{Room, until};
use bidroom::archive::index::{is_segment_name, records};
use bidroom::archive::{Record, SegmentRecord};
use bidroom::journal::Reader;
use bidroom::room::{Event, GapCause, Seq};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const CAMERA: &str = "camera-1";
const HOUR: i64 = 3_600_000;
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// By how much the clock was said to be set, in order.
fn jumps(data: &Path) -> Vec<i64> {
    let reader = Reader::open(&data.join("journal.sqlite")).expect("the journal");
    reader.verify().expect("readable").expect("the chain holds");
    let entries = reader.entries(Seq(0), usize::MAX).expect("entries");
    let jumps = entries.iter().filter_map(|entry| match entry.event {
        Event::ClockJumped { by_ms } => Some(by_ms),
        _ => None,
    });
    jumps.collect()
}

/// When a file says that it begins, ms since 1970.
fn start_of(segment: &SegmentRecord) -> i64 {
    assert!(is_segment_name(&segment.file), "{}", segment.file);
    let shown = segment.file.trim_end_matches("Z.mp4");
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S.%f", shown).expect("a time");
    let at = jiff::tz::TimeZone::UTC.to_timestamp(at).expect("in range");
    at.as_millisecond()
}

fn close_to(a: i64, b: i64, by: i64) -> bool {
    (a - b).abs() <= by
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_by_an_hour_forth_and_back_bends_nothing() {
    assert!(
        Path::new(LIBRARY).exists(),
        "Debian's package faketime is needed"
    );
    let cameras = Cameras::serve(CAMERA);
    let folder = tempfile::tempdir().expect("a folder");
    let clock = folder.path().join("clock");
    let set = |to: &str| {
        let new = folder.path().join("clock.new");
        fs::write(&new, to).expect("a clock");
        fs::rename(&new, &clock).expect("a clock");
    };
    set("+0s");
    let file = clock.to_str().expect("a path").to_owned();
    let environment = [
        ("LD_PRELOAD", LIBRARY),
        ("FAKETIME_TIMESTAMP_FILE", &file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ];
    let place = tempfile::tempdir().expect("a folder");
    let profile = recorded::profile(&cameras, &[CAMERA], None);
    fs::write(place.path().join("profile.toml"), profile).expect("the profile");
    let mut room = Room::start_under(place, &environment);
    let data = room.data();
    let recording = folder_of(&data, CAMERA);
    start_session(&data).await;
    let closed = || {
        let known = records(&recording).unwrap_or_default();
        segments(&known).count()
    };
    // a segment lasts 10 s: each of these is seen by one that begins after it
    until("a first segment is closed", || closed() >= 1).await;
    set("+3600s");
    until("one more under the new time", || closed() >= 3).await;
    set("+0s");
    until("one more under the old time", || closed() >= 5).await;
    room.end(Signal::KILL);
    room.restart_under(&environment);
    until("the gap is known", || {
        gaps(&records(&recording).expect("an index")).count() > 0
    })
    .await;
    room.end(Signal::TERM);

    let jumps = jumps(&data);
    assert_eq!(jumps.len(), 2, "{jumps:?}");
    assert!(
        close_to(jumps[0], HOUR, 2_000) && close_to(jumps[1], -HOUR, 2_000),
        "{jumps:?}"
    );
    let records = recorded::sound(&recording);
    let files: Vec<_> = segments(&records).collect();
    let names: BTreeSet<_> = files.iter().map(|segment| &segment.file).collect();
    assert_eq!(names.len(), files.len(), "each has a name of its own");
    assert!(
        files
            .iter()
            .all(|segment| close_to(start_of(segment), segment.from.0, 1_000)),
        "{files:#?}"
    );
    // each begins where the one before it ended, by the clock that nobody sets
    let ended_in_order = files.iter().filter(|segment| segment.to_mono.is_some());
    let ended_in_order: Vec<_> = ended_in_order.collect();
    let mut steps = Vec::new();
    for pair in ended_in_order.windows(2) {
        let apart = pair[1].from_mono.expect("told") as i64 - pair[0].to_mono.expect("told") as i64;
        if pair[1].from_mono.expect("told") < restart(&records) {
            assert!(close_to(apart, 0, 300_000_000), "{apart} ns: {pair:#?}");
        }
        steps.push((pair[1].from.0 - pair[0].to.0 + HOUR / 2).div_euclid(HOUR));
    }
    assert!(
        steps.contains(&1) && steps.contains(&-1),
        "by UTC they jump: {steps:?}"
    );
    let gaps: Vec<_> = gaps(&records).collect();
    assert!(
        !gaps.is_empty()
            && gaps
                .iter()
                .all(|gap| gap.cause == GapCause::DaemonNotRunning),
        "{gaps:#?}"
    );
    for gap in gaps {
        let length = gap.to.0 - gap.from.0;
        assert!(
            (0..20_000).contains(&length),
            "a gap of {length} ms: {gap:?}"
        );
    }
}

/// When the second daemon began, on the monotonic clock: its first file.
fn restart(records: &[Record]) -> u64 {
    let after = records
        .iter()
        .rposition(|record| matches!(record, Record::Start(_)));
    let after = &records[after.expect("two starts")..];
    let first = segments(after).find_map(|segment| segment.from_mono);
    first.expect("a file after the restart")
}
