//! A disk that fails now and then (EIO, short writes; `fiu-run` of fiu-utils makes it so): what was acknowledged
//! is there afterwards, in a whole chain.

use crate::given::{Folder, mark, open};
use bidroom::journal::{Durability, Journal, JournalError, Settings};
use bidroom::room::{Entry, Event};
use std::path::{Path, PathBuf};
use std::process::Command as Program;

const FAULTY: &str = "BIDROOM_FAULTY_JOURNAL";
const ENTRIES: u64 = 400;

/// Each system call fails so often.
const FAULTS: [&str; 4] = [
    "enable_random name=posix/io/sync/fsync,probability=0.02,failinfo=5",
    "enable_random name=posix/io/rw/pwrite,probability=0.02,failinfo=5",
    "enable_random name=posix/io/rw/pwrite/reduce,probability=0.02",
    "enable_random name=posix/io/rw/ftruncate,probability=0.2,failinfo=5",
];

#[test]
fn nothing_is_acknowledged_after_an_error() {
    if let Some(path) = std::env::var_os(FAULTY) {
        return append_all(&PathBuf::from(path));
    }
    let folder = Folder::new();
    let mut run = Program::new("fiu-run");
    run.arg("-x")
        .args(FAULTS.iter().flat_map(|fault| ["-c", fault]))
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", "faults::nothing_is_acknowledged_after_an_error"])
        .arg("--nocapture")
        .env(FAULTY, folder.journal());
    let output = run.output().expect("fiu-run runs: install fiu-utils");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");

    let mut journal = open(&folder.journal());
    let verified = journal.reader().and_then(|reader| reader.verify());
    verified.expect("reads").expect("whole");
    let mut kept = Vec::new();
    journal
        .replay(bidroom::room::Seq(0), |entry| kept.push(note(&entry)))
        .expect("whole");
    let of = |word: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split_once(word));
        lines.map(|(_, rest)| rest.trim().to_owned()).collect()
    };
    let (acknowledged, failed) = (of("ACKNOWLEDGED"), of("FAILED"));
    let lost: Vec<_> = acknowledged.iter().filter(|a| !kept.contains(a)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(
        acknowledged.len() > 100,
        "{} were acknowledged",
        acknowledged.len()
    );
    assert!(failed.len() > 10, "only {} appends failed", failed.len());
    eprintln!(
        "{} acknowledged, {} failed, {} kept",
        acknowledged.len(),
        failed.len(),
        kept.len()
    );
}

/// Appends, says of each entry how that went, and goes on as the clerk does.
fn append_all(path: &Path) {
    let settings = Settings {
        durability: Durability::Full,
        ballast: 0,
    };
    let mut journal = again(|| Journal::open(path, settings));
    for no in 0..ENTRIES {
        let head = again(|| journal.recover());
        let mut entry = mark(head.seq.next().0, "A-1");
        entry.event = Event::MomentMarked {
            feed: None,
            note: bidroom::room::Note::new(&format!("no {no}")).expect("one line"),
        };
        match journal.append(&[entry], &[]) {
            Ok(()) => println!("ACKNOWLEDGED no {no}"),
            Err(_) => println!("FAILED no {no}"),
        }
    }
}

fn again<T>(mut attempt: impl FnMut() -> Result<T, JournalError>) -> T {
    for _ in 0..200 {
        if let Ok(done) = attempt() {
            return done;
        }
    }
    panic!("the faults are rare enough to get through")
}

fn note(entry: &Entry) -> String {
    let event = serde_json::to_value(&entry.event).expect("JSON");
    event["note"].as_str().expect("a mark").to_owned()
}
