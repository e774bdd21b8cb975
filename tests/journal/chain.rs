//! What was appended is there, in order, chained; what was changed is found and named.

use crate::given::{Folder, entry, intricate, mark, mixed, open, session};
use bidroom::journal::{Accepted, Journal, JournalError, LineHash, Reader};
use bidroom::room::*;
use rusqlite::Connection;
use std::process::Command as Program;

#[test]
fn what_was_appended_is_read_back_after_reopening() {
    let folder = Folder::new();
    let mut entries = intricate();
    entries.extend(mixed(entries.len() as u64 + 1, 50));
    let mut journal = open(&folder.journal());
    for batch in entries.chunks(7) {
        journal.append(batch, &[]).expect("appends");
    }
    let head = journal.head();
    drop(journal);

    let mut journal = open(&folder.journal());
    assert_eq!(journal.head(), head);
    let mut replayed = Vec::new();
    journal
        .replay(Seq(0), |entry| replayed.push(entry))
        .expect("whole");
    assert_eq!(replayed, entries);

    let reader = journal.reader().expect("readable");
    assert_eq!(reader.entries(Seq(3), 2).expect("reads"), entries[3..5]);
    let newest = reader.entries_before(Seq(5), 2).expect("reads");
    assert_eq!(newest, [entries[3].clone(), entries[2].clone()]);
    let of_b: Vec<Entry> = entries
        .iter()
        .filter(|e| e.session == Some(session("B-2")))
        .cloned()
        .collect();
    let read = reader.session_entries(&session("B-2"));
    assert_eq!(read.expect("reads"), of_b);

    let verified = reader.verify().expect("reads").expect("whole");
    assert_eq!(verified.head, head);
    assert_eq!(verified.sessions, reader.session_heads().expect("reads"));
    assert_eq!(verified.sessions.len(), 2);
}

#[test]
fn a_session_is_verified_with_sha256sum_alone() {
    let folder = Folder::new();
    let mut journal = open(&folder.journal());
    journal.append(&mixed(1, 30), &[]).expect("appends");
    let lines = journal
        .reader()
        .and_then(|r| r.session_lines(&session("A-1"), Seq(0), 1000));
    let mut before = LineHash::START.to_string();
    for (seq, line) in lines.expect("reads") {
        let value: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
        assert_eq!(value["session_prev"], before, "entry {seq}");
        assert!(!line.contains(&b'\n'));
        let path = folder.journal().with_extension("line");
        std::fs::write(&path, &line).expect("writes");
        let sum = Program::new("sha256sum").arg(&path).output().expect("runs");
        before = String::from_utf8(sum.stdout).expect("text")[..64].to_owned();
    }
    let heads = journal.reader().and_then(|r| r.session_heads());
    let head = heads.expect("reads")[&session("A-1")];
    assert_eq!(head.sha256.to_string(), before);
}

/// Changes the file behind the journal's back; says which entry is named, and why.
fn tampered(sql: &str) -> (u64, String) {
    let folder = Folder::new();
    let mut journal = open(&folder.journal());
    let asked = Accepted {
        id: "c-1".parse().expect("valid"),
        sha256: LineHash::START,
        first: Seq(4),
        last: Seq(4),
    };
    let mut entries = mixed(1, 30);
    entries[3].command = Some(asked.id.clone());
    journal.append(&entries, &[asked]).expect("appends");
    let reader = journal.reader().expect("readable");
    reader.verify().expect("reads").expect("whole before");
    drop(journal);
    let changed = Connection::open(folder.journal())
        .expect("opens")
        .execute(sql, [])
        .expect("valid SQL");
    assert!(changed > 0, "nothing was tampered with");
    let broken = reader.verify().expect("reads").expect_err("not whole");
    (broken.seq.0, broken.why)
}

#[test]
fn every_tampering_is_named() {
    let changed =
        "UPDATE entries SET line = CAST(replace(CAST(line AS TEXT), '标记', '评标') AS BLOB)";
    // the changed line itself is sound JSON: the one after it tells
    let (seq, why) = tampered(&format!("{changed} WHERE seq = 10"));
    assert_eq!(seq, 11, "{why}");
    // at the very end nothing follows: only a witness can tell, or the command that led there
    let (seq, why) = tampered("DELETE FROM entries WHERE seq = 10");
    assert_eq!((seq, why.contains("missing")), (11, true), "{why}");
    let (seq, why) = tampered("DELETE FROM entries WHERE seq = 1");
    assert_eq!((seq, why.contains("missing")), (2, true), "{why}");
    let (seq, why) = tampered("UPDATE entries SET line = substr(line, 2) WHERE seq = 10");
    assert_eq!(seq, 10, "{why}");
    let (seq, why) = tampered("UPDATE entries SET session = 'B-2' WHERE seq = 10");
    assert_eq!((seq, why.contains("session")), (10, true), "{why}");
    let (seq, why) = tampered("UPDATE commands SET id = 'c-2'");
    assert_eq!((seq, why.contains("command")), (4, true), "{why}");
    let (seq, why) = tampered("DELETE FROM entries WHERE seq >= 4");
    assert_eq!((seq, why.contains("not there")), (4, true), "{why}");
}

#[test]
fn a_session_line_that_was_moved_is_named() {
    // swap two lines of different sessions and mend the box's chain: the sessions' own chains tell
    let folder = Folder::new();
    let mut journal = open(&folder.journal());
    journal
        .append(&[mark(1, "A-1"), mark(2, "A-1"), mark(3, "A-1")], &[])
        .expect("appends");
    let reader = journal.reader().expect("readable");
    let lines = reader.lines(Seq(0), 10).expect("reads");
    let mut third: serde_json::Value = serde_json::from_slice(&lines[2].1).expect("JSON");
    third["session_prev"] = serde_json::json!(LineHash::of(&lines[0].1).to_string());
    let db = Connection::open(folder.journal()).expect("opens");
    let line = serde_json::to_vec(&third).expect("JSON");
    db.execute("UPDATE entries SET line = ?1 WHERE seq = 3", [line])
        .expect("valid SQL");
    let broken = reader.verify().expect("reads").expect_err("not whole");
    assert_eq!(broken.seq, Seq(3));
    assert!(broken.why.contains("session"), "{}", broken.why);
}

#[test]
fn numbers_have_no_holes() {
    let folder = Folder::new();
    let mut journal = open(&folder.journal());
    journal.append(&mixed(1, 3), &[]).expect("appends");
    for first in [1, 3, 5] {
        let refused = journal.append(&mixed(first, 1), &[]);
        assert!(
            matches!(refused, Err(JournalError::OutOfStep { .. })),
            "{first}: {refused:?}"
        );
    }
    journal.append(&mixed(4, 2), &[]).expect("goes on");
    assert_eq!(journal.head().seq, Seq(5));
}

#[test]
fn one_process_writes() {
    let folder = Folder::new();
    let first = open(&folder.journal());
    let second = Journal::open(&folder.journal(), bidroom::journal::Durability::Full);
    assert!(matches!(second, Err(JournalError::InUse { .. })));
    drop(first);
    open(&folder.journal());
}

#[test]
fn events_and_formats_of_other_versions_are_told_clearly() {
    let folder = Folder::new();
    let mut journal = open(&folder.journal());
    let event = Event::DaemonStarted {
        version: "1".into(),
    };
    journal
        .append(&[entry(1, None, event.clone()), entry(2, None, event)], &[])
        .expect("appends");
    drop(journal);
    let db = Connection::open(folder.journal()).expect("opens");
    let rename = "UPDATE entries SET line = CAST(replace(CAST(line AS TEXT), 'daemon_started', 'lottery_held') AS BLOB) WHERE seq = 2";
    db.execute(rename, []).expect("valid SQL");
    let reader = Reader::open(&folder.journal()).expect("readable");
    let unknown = reader.entries(Seq(0), 10).expect_err("unknown");
    assert_eq!(
        unknown.to_string(),
        "journal entry 2: unknown event type 'lottery_held'; another version wrote it"
    );
    db.execute("UPDATE header SET value = '2'", [])
        .expect("valid SQL");
    let newer = Journal::open(&folder.journal(), bidroom::journal::Durability::Full);
    let newer = newer.expect_err("newer").to_string();
    assert!(newer.contains("has format 2"), "{newer}");
}

#[test]
fn an_entry_without_later_fields_is_read() {
    // `session`, `command` and `session_prev` are left out where there is none
    let folder = Folder::new();
    let mut journal = open(&folder.journal());
    journal
        .append(&[entry(1, None, Event::DaemonStopping)], &[])
        .expect("appends");
    let lines = journal.reader().and_then(|r| r.lines(Seq(0), 1));
    let line = String::from_utf8(lines.expect("reads").remove(0).1).expect("text");
    let expected = format!(
        r#"{{"prev":"{}","seq":1,"stamp":{{"at":1700000000001,"mono":1700000000001,"boot":"boot-1"}},"actor":{{"role":"daemon","part":"media"}},"event":{{"type":"daemon_stopping"}}}}"#,
        "0".repeat(64)
    );
    assert_eq!(line, expected);
}
