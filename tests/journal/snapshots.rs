//! A snapshot equals the replay; a damaged one is passed over.

use crate::given::{Folder, mixed, open};
use bidroom::journal::Journal;
use bidroom::room::*;
use rusqlite::Connection;

/// Appends up to `seq` and keeps the room there.
fn snapshot_at(journal: &mut Journal, seq: u64) -> Room {
    let from = journal.head().seq.0 + 1;
    journal
        .append(&mixed(from, seq + 1 - from), &[])
        .expect("appends");
    let mut room = Room::default();
    journal
        .replay(Seq(0), |entry| apply(&mut room, &entry))
        .expect("whole");
    journal.save_snapshot(&room).expect("saved");
    room
}

#[test]
fn three_are_kept_and_damaged_ones_are_passed_over() {
    let folder = Folder::new();
    let mut journal = open(&folder.journal());
    let rooms: Vec<Room> = [5, 10, 15, 20]
        .map(|seq| snapshot_at(&mut journal, seq))
        .into();
    assert_eq!(
        journal.latest_snapshot().expect("reads").as_ref(),
        Some(&rooms[3])
    );
    drop(journal);

    let db = Connection::open(folder.journal()).expect("opens");
    let kept: i64 = db
        .query_row("SELECT count(*) FROM snapshots", [], |r| r.get(0))
        .expect("reads");
    assert_eq!(kept, 3);
    let expect = |sql: &str, room: Option<&Room>| {
        assert!(db.execute(sql, []).expect("valid SQL") > 0);
        let found = open(&folder.journal()).latest_snapshot().expect("reads");
        assert_eq!(found.as_ref(), room, "{sql}");
    };
    let torn = "UPDATE snapshots SET room = substr(room, 1, length(room) / 2) WHERE seq = 20";
    expect(torn, Some(&rooms[2]));
    let of_another_version = "UPDATE snapshots SET form = 'x' WHERE seq = 15";
    expect(of_another_version, Some(&rooms[1]));
    let of_another_chain = "UPDATE snapshots SET line_sha256 = sha256 WHERE seq = 10";
    expect(of_another_chain, None);
}

#[test]
fn a_snapshot_of_entries_that_are_gone_is_passed_over() {
    let folder = Folder::new();
    let mut journal = open(&folder.journal());
    let room = snapshot_at(&mut journal, 5);
    snapshot_at(&mut journal, 9);
    drop(journal);
    let db = Connection::open(folder.journal()).expect("opens");
    db.execute("DELETE FROM entries WHERE seq = 9", [])
        .expect("valid SQL");
    let found = open(&folder.journal()).latest_snapshot().expect("reads");
    assert_eq!(found, Some(room));
}
