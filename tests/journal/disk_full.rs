//! On a full disk nothing is acknowledged that is not there, and the ballast lets the journal live on.

use crate::clerk::{Daemon, until};
use crate::given::{Folder, mark, open};
use bidroom::clerk::{Outcome, SubmitError};
use bidroom::journal::{Durability, Journal, Settings};
use bidroom::room::{Actor, Command, EquipmentId, Fault, Part, Seq};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command as Program;

const MIB: u64 = 1 << 20;

fn with_ballast() -> Settings {
    Settings {
        durability: Durability::Full,
        ballast: 12 * MIB,
    }
}

/// Runs this test once more in a mount namespace of its own, where `BIDROOM_SMALL_DISK` is a tmpfs of 40 MiB
/// that goes with the namespace.
fn on_a_small_disk(test: &str, body: impl FnOnce(&Path)) {
    const DISK: &str = "BIDROOM_SMALL_DISK";
    if let Some(disk) = std::env::var_os(DISK) {
        return body(&PathBuf::from(disk));
    }
    let folder = Folder::new();
    let disk = folder.journal().with_file_name("disk");
    fs::create_dir(&disk).expect("a folder");
    let mut run = Program::new("unshare");
    if !rustix::process::geteuid().is_root() {
        run.args(["--user", "--map-root-user"]);
    }
    run.args(["--mount", "sh", "-ec"])
        .arg(r#"mount -t tmpfs -o size=40m tmpfs "$BIDROOM_SMALL_DISK"; exec "$0" --exact "$1" --nocapture"#)
        .arg(std::env::current_exe().expect("this program"))
        .arg(test)
        .env(DISK, &disk);
    let output = run.output().expect("unshare runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Leaves no byte free.
fn fill(disk: &Path) {
    let mut file = File::create(disk.join("fill")).expect("a file");
    let block = [0u8; 4096];
    while file.write_all(&block).is_ok() {}
}

/// Appends one entry after another until it fails; how many held.
fn append_until_full(journal: &mut Journal) -> u64 {
    let first = journal.head().seq.0 + 1;
    for seq in first.. {
        if let Err(e) = journal.append(&[mark(seq, "A-1")], &[]) {
            assert!(e.is_full(), "{e}");
            return seq - first;
        }
    }
    unreachable!("the disk is full some time")
}

#[test]
fn the_ballast_lets_the_journal_live_on() {
    on_a_small_disk("disk_full::the_ballast_lets_the_journal_live_on", |disk| {
        let path = disk.join("journal.sqlite");
        let mut journal = Journal::open(&path, with_ballast()).expect("a journal");
        assert!(journal.has_ballast());
        journal.append(&[mark(1, "A-1")], &[]).expect("appends");
        fill(disk);
        let reader = journal.reader().expect("readable");

        let mut held = 1;
        while journal.has_ballast() {
            let next = journal.head().seq.next().0;
            journal.append(&[mark(next, "A-1")], &[]).expect("lives on");
            held += 1;
        }
        let lived_on = append_until_full(&mut journal);
        eprintln!("{held} entries before, {lived_on} on the ballast");
        assert!(lived_on >= 500, "only {lived_on} more");
        held += lived_on;

        // what was acknowledged is there, and nothing else
        assert_eq!(journal.recover().expect("opens").seq, Seq(held));
        let verified = reader.verify().expect("reads").expect("whole");
        assert_eq!(verified.head.seq, Seq(held));

        // with room again, it goes on
        fs::remove_file(disk.join("fill")).expect("removed");
        journal
            .append(&[mark(held + 1, "A-1")], &[])
            .expect("goes on");
        assert!(journal.tend() && journal.has_ballast());
        drop(journal);
        let verified = reader.verify().expect("reads").expect("whole");
        assert_eq!(verified.head.seq, Seq(held + 1));
    });
}

#[test]
fn without_a_ballast_it_stops_at_once() {
    // the control of the test above: there is nothing to live on
    on_a_small_disk("disk_full::without_a_ballast_it_stops_at_once", |disk| {
        let mut journal = open(&disk.join("journal.sqlite"));
        journal.append(&[mark(1, "A-1")], &[]).expect("appends");
        fill(disk);
        let held = append_until_full(&mut journal);
        eprintln!("{held} entries on a full disk");
        assert!(held < 100, "{held} entries went onto a full disk");
    });
}

/// Something to journal that needs no session.
async fn report(daemon: &Daemon, no: u64) -> Result<Outcome, SubmitError> {
    let command = Command::ReportFault {
        equipment: "camera-1".parse().expect("valid"),
        fault: Fault::Other {
            detail: format!("no {no}"),
        },
    };
    let id = format!("c-{no}").parse().expect("valid");
    let health = Actor::Daemon { part: Part::Health };
    daemon.clerk.submit(health, None, Some(id), command).await
}

async fn on_the_clerks_desk(disk: &Path) {
    let path = disk.join("journal.sqlite");
    let journal = Journal::open(&path, with_ballast()).expect("a journal");
    let reader = journal.reader().expect("readable");
    let daemon = Daemon::start(journal);
    let journal_disk: EquipmentId = "disk-journal".parse().expect("valid");
    report(&daemon, 0).await.expect("journalled");
    fill(disk);

    // on the ballast the room goes on, and knows that its disk is full
    let mut last = 0;
    let refused = loop {
        last += 1;
        match report(&daemon, last).await {
            Ok(done) => assert_eq!(done.entries.len(), 1),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, SubmitError::NotWritten);
    let room = daemon.clerk.room();
    let failure = room.failures.get(&journal_disk).expect("is told");
    assert!(matches!(failure.fault, Fault::DiskNearlyFull { .. }));

    // nothing holds that was not acknowledged, and nobody is told of it
    let camera: EquipmentId = "camera-1".parse().expect("valid");
    let known = &room.failures[&camera].fault;
    assert_eq!(
        known,
        &Fault::Other {
            detail: format!("no {}", last - 1)
        }
    );
    assert_eq!(reader.head().expect("reads").seq, room.seq);

    // with room again the same id is carried out, once, and the fault passes
    fs::remove_file(disk.join("fill")).expect("removed");
    let done = report(&daemon, last).await.expect("journalled");
    assert!(!done.repeated);
    let again = report(&daemon, last).await.expect("known");
    assert!(again.repeated);
    until(&daemon.clerk, |room| {
        !room.failures.contains_key(&journal_disk)
    })
    .await;
    daemon.stop().await;
    reader.verify().expect("reads").expect("whole");
}

#[test]
fn the_clerk_acknowledges_nothing_that_does_not_fit() {
    on_a_small_disk(
        "disk_full::the_clerk_acknowledges_nothing_that_does_not_fit",
        |disk| {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(on_the_clerks_desk(disk));
        },
    );
}
