//! Sealed archives in replicas: killed at any point, damaged there, and deleted only when nothing keeps them.

use crate::archive::certificate;
use crate::kills::{SESSION, start_session};
use crate::support::{self, Room, until};
use bidroom::archive::seal::{SIGNATURE, SIGNED};
use bidroom::journal::Reader;
use bidroom::room::{Event, Seq, SessionId};
use rand::RngExt;
use rustix::process::Signal;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Points at which copying is killed.
const KILLS: usize = 30;
/// Files in the bag beside its papers.
const FILES: usize = 240;
/// Those that are so large that they go in parts.
const LARGE: [usize; 4] = [5, 12, 19, 26];
const DEADLINE: Duration = Duration::from_secs(90);
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// A real S3-compatible server, which keeps each object as a file.
struct Storage {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
    endpoint: String,
}

impl Storage {
    fn serve() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("bidroom")).expect("a bucket");
        let keys = "[default]\naws_access_key_id = room\naws_secret_access_key = room-secret\n";
        fs::write(folder.path().join("keys"), keys).expect("written");
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/s3s-fs");
        assert!(
            own.exists(),
            "scripts/test installs s3s-fs into target/tools"
        );
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("bound").port();
        drop(free);
        let child = Self::run(folder.path(), port, &[]);
        Self {
            child,
            folder,
            port,
            endpoint: format!("http://127.0.0.1:{port}"),
        }
    }

    fn run(folder: &Path, port: u16, environment: &[(&str, &str)]) -> Child {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/s3s-fs");
        assert!(
            own.exists(),
            "scripts/test installs s3s-fs into target/tools"
        );
        let child = Command::new(own)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--access-key", "room", "--secret-key", "room-secret"])
            .arg(folder)
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server");
        answers(port);
        child
    }

    fn stop(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("the end");
    }

    /// TLS before it, by stunnel.
    fn behind_tls(&mut self) -> Tunnel {
        let folder = self.folder.path();
        let site = &[
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ];
        certificate(folder, "site", site);
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("bound").port();
        drop(free);
        let settings = format!(
            "foreground = yes\npid =\n[s3]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{}\n\
             cert = {}\nkey = {}\n",
            self.port,
            folder.join("site.pem").display(),
            folder.join("site.key").display()
        );
        let file = folder.join("stunnel.conf");
        fs::write(&file, settings).expect("written");
        let child = Command::new("stunnel4")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .expect("stunnel4 is installed");
        answers(port);
        self.endpoint = format!("https://localhost:{port}");
        Tunnel(child)
    }

    /// Who vouches for the server's name.
    fn authority(&self) -> String {
        self.folder.path().join("site.pem").display().to_string()
    }

    /// The file of its keys, which the profile names.
    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// The section of the profile.
    fn section(&self) -> String {
        let (endpoint, keys) = (&self.endpoint, self.keys());
        format!(
            "[[storage.replicas]]\nid = \"s3\"\nto = \"s3://bidroom/baoshan-1\"\n\
             endpoint = \"{endpoint}\"\ncredentials_file = {keys:?}\n"
        )
    }

    /// Where the copy of the session's bag lies.
    fn bag(&self) -> PathBuf {
        self.folder.path().join("bidroom/baoshan-1").join(SESSION)
    }
}

/// Waits until somebody answers at a port.
fn answers(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < DEADLINE, "the server does not answer");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// It ends with the test.
struct Tunnel(Child);

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A room that records nothing, with more in its policies and its storage.
pub(crate) fn profile(policies: &str, replicas: &str) -> String {
    let rule = format!(
        "{policies}\n[[recording]]\nkinds = [\"microphone\"]\nphases = [\"closing\"]\n[storage]"
    );
    support::profile()
        .replace("[storage]", &rule)
        .replace("[network]", &format!("{replicas}\n[network]"))
}

/// A rehearsal that is over, with files of some size in its bag.
pub(crate) async fn ended(room: &Room, files: usize, large: &[usize]) {
    start_session(&room.data()).await;
    let folder = bag(room).join("data/more");
    fs::create_dir_all(&folder).expect("a folder");
    for n in 0..files {
        let mut bytes = vec![0; 200_000];
        rand::fill(&mut bytes[..]);
        // some go in parts
        let times = if large.contains(&n) { 85 } else { 1 };
        fs::write(folder.join(format!("{n:03}.bin")), bytes.repeat(times)).expect("written");
    }
    order(
        room,
        &["abort", "session", &format!("typed={SESSION}"), "reason=x"],
    );
}

fn order(room: &Room, words: &[&str]) {
    let output = try_order(room, words);
    assert!(output.is_ok(), "{words:?}: {output:?}");
}

/// What the supervisor orders; the refusal where there is one.
fn try_order(room: &Room, words: &[&str]) -> Result<(), String> {
    let given = ["order", "--session", SESSION, "--as", "supervisor"];
    let output = room.try_ctl(&[&given[..], words].concat());
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

pub(crate) fn bag(room: &Room) -> PathBuf {
    room.data().join("sessions").join(SESSION)
}

pub(crate) fn events(room: &Room) -> Vec<Event> {
    let reader = Reader::open(&room.data().join("journal.sqlite")).expect("a journal");
    let session: SessionId = SESSION.parse().expect("an id");
    let entries = reader.session_entries(&session).expect("readable");
    entries.into_iter().map(|entry| entry.event).collect()
}

/// Waits until so many events are of a kind; gives the last.
pub(crate) async fn event(
    room: &Room,
    what: &str,
    count: usize,
    is: impl Fn(&Event) -> bool,
) -> Event {
    let began = Instant::now();
    loop {
        let mut all = events(room);
        all.retain(|event| is(event));
        if all.len() >= count {
            return all.pop().expect("one");
        }
        assert!(began.elapsed() < DEADLINE, "never: {what}; {}", tail(room));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) fn tail(room: &Room) -> String {
    let log = room.log();
    log[log.floor_char_boundary(log.len().saturating_sub(4000))..].to_owned()
}

/// All files under a folder by their path, hashed.
pub(crate) fn hashes(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let hash = hex::encode(Sha256::digest(fs::read(&path).expect("read")));
                found.insert(path.strip_prefix(folder).expect("inside").to_owned(), hash);
            }
        }
    }
    found
}

/// What a copy lacks of a bag, or has too much or otherwise.
fn differences(bag: &Path, copy: &Path) -> Vec<PathBuf> {
    let (own, theirs) = (hashes(bag), hashes(copy));
    assert!(own.len() > 8, "a bag: {own:?}");
    let all = own.keys().chain(theirs.keys());
    let mut different: Vec<_> = all
        .filter(|path| own.get(*path) != theirs.get(*path))
        .cloned()
        .collect();
    different.sort();
    different.dedup();
    different
}

/// The sizes of all files under a folder in which somebody works.
fn sizes(copy: &Path) -> Vec<u64> {
    let mut sizes = Vec::new();
    let mut folders = vec![copy.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(there) if there.is_dir() => folders.push(entry.path()),
                Ok(there) => sizes.push(there.len()),
                Err(_) => {}
            }
        }
    }
    sizes
}

fn count(copy: &Path) -> usize {
    sizes(copy).len()
}

pub(crate) fn flip(path: &Path) {
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .expect("a file");
    let middle = file.metadata().expect("there").len() / 2;
    let mut byte = [0];
    file.seek(SeekFrom::Start(middle)).expect("there");
    file.read_exact(&mut byte).expect("a byte");
    file.seek(SeekFrom::Start(middle)).expect("there");
    file.write_all(&[byte[0] ^ 1]).expect("written");
}

/// Kills the daemon at points of its copying, until the copy is whole.
async fn killed_while_copying(room: &mut Room, copy: &Path, trust: &[(&str, &str)]) -> usize {
    let mut seen = Vec::new();
    while seen.len() < KILLS {
        let from = count(copy);
        let to = from + rand::rng().random_range(0..4_usize);
        let began = Instant::now();
        while count(copy) < to {
            assert!(began.elapsed() < DEADLINE, "copying stands; {}", tail(room));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let beyond = rand::rng().random_range(0..15_000_u64);
        tokio::time::sleep(Duration::from_micros(beyond)).await;
        room.end(Signal::KILL);
        let done = events(room)
            .iter()
            .any(|event| matches!(event, Event::ArchiveReplicated { .. }));
        assert!(!done, "all was copied after {} kills: {seen:?}", seen.len());
        seen.push(count(copy));
        room.restart_under(trust);
    }
    eprintln!("objects there at each kill: {seen:?}");
    seen.dedup();
    seen.len()
}

/// Alters a copy in three ways; which files.
fn damage(copy: &Path) -> Vec<String> {
    flip(&copy.join("data/more/003.bin"));
    let cut = fs::File::options()
        .write(true)
        .open(copy.join("data/more/004.bin"));
    cut.expect("a file").set_len(1000).expect("cut");
    fs::remove_file(copy.join("data/plan.json")).expect("removed");
    ["data/more/003.bin", "data/more/004.bin", "data/plan.json"]
        .map(str::to_owned)
        .to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_in_s3_by_tls_survives_30_kills_and_what_is_damaged_there_is_healed() {
    let mut storage = Storage::serve();
    let _tunnel = storage.behind_tls();
    let copy = storage.bag();
    let policies = "scrub = \"10s\"";
    let mut room = Room::start_with(&profile(policies, &storage.section())).await;
    ended(&room, FILES, &LARGE).await;
    // nobody vouches for the server: nothing is sent
    let alarmed = || room.ctl(&["status"])["alarms"].to_string();
    until("told", || alarmed().contains("certificate")).await;
    assert_eq!(count(&copy), 0);
    let authority = storage.authority();
    let trust = [("SSL_CERT_FILE", authority.as_str())];
    room.end(Signal::TERM);
    room.restart_under(&trust);
    let places = killed_while_copying(&mut room, &copy, &trust).await;
    assert!(places > KILLS / 3, "kills at {places} places only");
    let replicated = event(&room, "replicated", 1, |e| {
        matches!(e, Event::ArchiveReplicated { .. })
    });
    let Event::ArchiveReplicated { files, .. } = replicated.await else {
        unreachable!("asked for")
    };
    assert_eq!(differences(&bag(&room), &copy), Vec::<PathBuf>::new());
    assert_eq!(count(&copy), usize::try_from(files).expect("small"));
    let check = Command::new("sha256sum")
        .current_dir(&copy)
        .args(["--status", "--strict", "-c", "manifest-sha256.txt"])
        .status();
    assert!(check.expect("sha256sum").success());

    let expected = damage(&copy);
    let damaged = event(&room, "damage found", 1, |e| {
        matches!(e, Event::ReplicaDamaged { .. })
    });
    let Event::ReplicaDamaged { damaged, named, .. } = damaged.await else {
        unreachable!("asked for")
    };
    assert_eq!((damaged, named), (3, expected));
    let healed = event(&room, "healed", 1, |e| {
        matches!(e, Event::ReplicaHealed { written: 3, .. })
    });
    healed.await;
    assert_eq!(differences(&bag(&room), &copy), Vec::<PathBuf>::new());

    // the positive control: whoever believes a listing calls a flipped bit whole, and this test sees it
    room.end(Signal::TERM);
    room.restart_with(&["--unsafe-replicas"], &trust);
    let is_verified = |e: &Event| matches!(e, Event::ReplicaVerified { .. });
    let before = events(&room).iter().filter(|e| is_verified(e)).count();
    flip(&copy.join("data/more/005.bin"));
    event(&room, "verified in vain", before + 1, is_verified).await;
    let different = differences(&bag(&room), &copy);
    assert_eq!(different, [PathBuf::from("data/more/005.bin")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_on_a_second_disk_is_a_bag_after_30_kills() {
    let disk = tempfile::tempdir().expect("a folder");
    let to = disk.path().join("bidroom");
    let replicas = format!("[[storage.replicas]]\nid = \"second-disk\"\nto = {to:?}\n");
    let mut room = Room::start_with(&profile("scrub = \"10s\"", &replicas)).await;
    ended(&room, FILES, &LARGE).await;
    // the disk is not mounted: told, and nothing is written beside it
    until("the fault is known", || {
        room.ctl(&["status"])
            .to_string()
            .contains("replica-second-disk")
    })
    .await;
    assert!(!to.exists());
    fs::create_dir(&to).expect("mounted");
    let copy = to.join(SESSION);
    killed_while_copying(&mut room, &copy, &[]).await;
    event(&room, "replicated", 1, |e| {
        matches!(e, Event::ArchiveReplicated { .. })
    })
    .await;
    assert_eq!(differences(&bag(&room), &copy), Vec::<PathBuf>::new());
    let validated = Command::new("python3")
        .args(["-m", "bagit", "--validate"])
        .arg(&copy)
        .output()
        .expect("bagit");
    assert!(validated.status.success(), "{validated:?}");

    // what is damaged on both sides is named, never copied, and never counts as a replica
    let lost = "data/more/007.bin";
    flip(&bag(&room).join(lost));
    fs::write(copy.join(lost), vec![0; 200_000]).expect("written");
    flip(&copy.join("data/more/009.bin"));
    event(&room, "damage found", 1, |e| {
        matches!(e, Event::ReplicaDamaged { damaged: 2, .. })
    })
    .await;
    until("the file is named", || {
        room.ctl(&["status"]).to_string().contains(lost)
    })
    .await;
    assert_ne!(
        fs::read(bag(&room).join(lost)).expect("read"),
        fs::read(copy.join(lost)).expect("read")
    );
    // it is tried again and again, and told once
    tokio::time::sleep(Duration::from_secs(22)).await;
    let is_healed = |e: &Event| matches!(e, Event::ReplicaHealed { .. });
    assert!(!events(&room).iter().any(is_healed));
    let reader = Reader::open(&room.data().join("journal.sqlite")).expect("a journal");
    let all = reader.entries(Seq(0), usize::MAX).expect("entries");
    let told = all.iter().filter(|entry| {
        matches!(&entry.event, Event::EquipmentFailed { fault, .. } if format!("{fault:?}").contains(lost))
    });
    assert_eq!(told.count(), 1);
    let tries = room.log().matches("not replicated yet").count();
    assert!(tries > 2, "{tries} tries");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_box_has_lost_comes_back_from_a_replica() {
    let disk = tempfile::tempdir().expect("a folder");
    let to = disk.path();
    let replicas = format!("[[storage.replicas]]\nid = \"second-disk\"\nto = {to:?}\n");
    let room = Room::start_with(&profile("scrub = \"10s\"", &replicas)).await;
    ended(&room, 12, &[5]).await;
    event(&room, "replicated", 1, |e| {
        matches!(e, Event::ArchiveReplicated { .. })
    })
    .await;
    let (own, copy) = (bag(&room), to.join(SESSION));
    let sealed = hashes(&own);
    event(
        &room,
        "verified",
        1,
        |e| matches!(e, Event::ArchiveVerified { healed: 0, damaged: 0, files, .. } if *files > 12),
    )
    .await;

    // payload, its list, the list of lists, and the signature: each proves the next, and none of the damage is copied
    let mut expected = damage(&own);
    // and what a healing left that was killed
    fs::write(own.join("data/more/003.bin.part"), "half").expect("written");
    for file in ["manifest-sha256.txt", SIGNED, SIGNATURE] {
        flip(&own.join(file));
        expected.push(file.to_owned());
    }
    let healed = event(
        &room,
        "healed",
        1,
        |e| matches!(e, Event::ArchiveVerified { healed, .. } if *healed > 0),
    );
    let Event::ArchiveVerified {
        healed, damaged, ..
    } = healed.await
    else {
        unreachable!("asked for")
    };
    // the detection report names the seal, so it is fetched too where the list of lists was not right
    assert!(healed >= expected.len() as u64, "{healed} of {expected:?}");
    assert_eq!(damaged, 0, "{}", tail(&room));
    assert_eq!(hashes(&own), sealed);
    assert_eq!(differences(&own, &copy), Vec::<PathBuf>::new());

    // lost on both sides: named, an alarm, and nothing takes its place
    let lost = "data/more/007.bin";
    for bag in [&own, &copy] {
        fs::write(bag.join(lost), "lost").expect("written");
    }
    let found = event(&room, "damage found", 1, |e| {
        matches!(e, Event::ArchiveVerified { damaged: 1, .. })
    });
    let Event::ArchiveVerified { named, .. } = found.await else {
        unreachable!("asked for")
    };
    assert_eq!(named, [lost]);
    until("the alarm", || {
        room.ctl(&["status"])
            .to_string()
            .contains("1 files are not as they were sealed")
    })
    .await;
    assert_eq!(fs::read(own.join(lost)).expect("read"), b"lost");
}

/// The daemon's clock stands so much later.
fn later(by: &str) -> [(&str, &str); 4] {
    [
        ("LD_PRELOAD", FAKETIME),
        ("FAKETIME", by),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_by_a_clock_that_stands_20_years_ahead() {
    assert!(
        Path::new(FAKETIME).exists(),
        "Debian's package faketime is needed"
    );
    let disk = tempfile::tempdir().expect("a folder");
    let to = disk.path();
    let replicas = format!("[[storage.replicas]]\nid = \"second-disk\"\nto = {to:?}\n");
    let mut room = Room::start_with(&profile("retention = \"15y\"", &replicas)).await;
    ended(&room, 3, &[]).await;
    event(&room, "replicated", 1, |e| {
        matches!(e, Event::ArchiveReplicated { .. })
    })
    .await;
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("known");
    let today = zone.to_datetime(jiff::Timestamp::now());
    let typed = format!("typed={SESSION}");
    let release = |room: &Room, date: jiff::civil::Date| {
        let today = format!("today={date}");
        try_order(room, &["release", "archive", &typed, &today])
    };
    let says = |answer: Result<(), String>, word: &str| {
        let refusal = answer.expect_err("refused");
        assert!(refusal.contains(word), "{refusal}");
    };
    says(release(&room, today.date()), "retention is not over");

    room.end(Signal::TERM);
    let in_20_years = later("+7400d");
    room.restart_under(&in_20_years);
    // the clerk lets pass what is due each second
    tokio::time::sleep(Duration::from_secs(5)).await;
    let touched = |room: &Room| {
        let events = events(room);
        events
            .iter()
            .any(|e| matches!(e, Event::ArchiveReleased | Event::ArchiveDeleted))
    };
    assert!(bag(&room).exists() && !touched(&room));
    says(release(&room, today.date()), "date is not the box's");
    order(&room, &["hold", "archive", "reason=x"]);
    let ahead = today.date() + jiff::Span::new().days(7400);
    says(release(&room, ahead), "on hold");
    order(&room, &["lift", "hold", "reason=x"]);
    assert!(bag(&room).exists() && !touched(&room));

    // whoever says that it is that day is believed, and only the box's own copy goes, be the daemon killed meanwhile
    release(&room, ahead).expect("released");
    room.end(Signal::KILL);
    room.restart_under(&in_20_years);
    event(&room, "deleted", 1, |e| matches!(e, Event::ArchiveDeleted)).await;
    let left: Vec<_> = fs::read_dir(room.data().join("sessions"))
        .expect("a folder")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(to.join(SESSION).join("manifest-sha256.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn copying_takes_its_time_while_a_session_is_on() {
    const RATE: u64 = 200_000;
    let disk = tempfile::tempdir().expect("a folder");
    let to = disk.path().join("bidroom");
    let replicas = format!(
        "replica_rate = \"200 kB\"\n[[storage.replicas]]\nid = \"second-disk\"\nto = {to:?}\n"
    );
    let room = Room::start_with(&profile("", &replicas)).await;
    ended(&room, 20, &[]).await;
    event(&room, "read back", 1, |e| {
        matches!(e, Event::ArchiveReadBack { .. })
    })
    .await;
    let table = support::committee(&["张三丰", "李四光", "王五六", "赵六七", "钱七八"]);
    room.rehearsal("R-2", &table);
    fs::create_dir(&to).expect("mounted");
    let copy = to.join(SESSION);
    until("copying has begun", || count(&copy) > 0).await;
    let (began, from) = (Instant::now(), sizes(&copy).iter().sum::<u64>());
    tokio::time::sleep(Duration::from_secs(8)).await;
    let copied = sizes(&copy).iter().sum::<u64>() - from;
    let most = RATE as f64 * began.elapsed().as_secs_f64() + 200_000.0;
    eprintln!("{copied} bytes in {:?}", began.elapsed());
    assert!(copied > 0 && (copied as f64) < most, "{copied} of {most}");
    // at that rate the rest would take half a minute: each file is written and read
    room.ctl(&[
        "order",
        "--session",
        "R-2",
        "abort",
        "session",
        "typed=R-2",
        "reason=x",
    ]);
    let ended = Instant::now();
    event(&room, "replicated", 1, |e| {
        matches!(e, Event::ArchiveReplicated { .. })
    })
    .await;
    assert!(
        ended.elapsed() < Duration::from_secs(8),
        "{:?}",
        ended.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_or_does_not_answer_is_told_in_words() {
    let mut storage = Storage::serve();
    let right = fs::read_to_string(storage.keys()).expect("keys");
    fs::write(storage.keys(), right.replace("room-secret", "another")).expect("written");
    let room = Room::start_with(&profile("", &storage.section())).await;
    ended(&room, 3, &[]).await;
    let tells = |words: &str| {
        let view = room.ctl(&["status"]);
        view["alarms"].to_string().contains(words)
    };
    until("the keys are refused", || tells("refuses the keys")).await;
    fs::write(storage.keys(), "aws_access_key_id = room\n").expect("written");
    until("a key is missing", || {
        tells("aws_secret_access_key is missing")
    })
    .await;
    storage.stop();
    fs::write(storage.keys(), &right).expect("written");
    until("it is gone", || tells("does not answer")).await;
    assert!(!room.log().contains("room-secret"));
    storage.child = Storage::run(storage.folder.path(), storage.port, &[]);
    event(&room, "replicated", 1, |e| {
        matches!(e, Event::ArchiveReplicated { .. })
    })
    .await;
    until("all is well", || !tells("replica-s3")).await;
    assert_eq!(
        differences(&bag(&room), &storage.bag()),
        Vec::<PathBuf>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_go_from_the_box_and_from_every_replica_and_the_rest_stays_an_archive() {
    let mut storage = Storage::serve();
    let disk = tempfile::tempdir().expect("a folder");
    let to = disk.path();
    certificate(to, "audit", &[]);
    let audit = to.join("audit.pem");
    let replicas = format!(
        "audit_certificate = {audit:?}\n{}\n[[storage.replicas]]\nid = \"second-disk\"\nto = {to:?}\n",
        storage.section()
    );
    let policies = "retention = \"permanent\"\npersonal_retention = \"1d\"";
    let mut room = Room::start_with(&profile(policies, &replicas)).await;
    ended(&room, 3, &[]).await;
    let is_replicated = |e: &Event| matches!(e, Event::ArchiveReplicated { .. });
    event(&room, "replicated", 2, is_replicated).await;
    let copies = [bag(&room), storage.bag(), to.join(SESSION)];
    let container = "sealed/personal.cms";
    assert!(copies.iter().all(|copy| copy.join(container).exists()));
    assert!(people(&room) > 0);

    room.end(Signal::TERM);
    let in_two_days = later("+2d");
    // keys hold for those whose clocks agree
    storage.stop();
    storage.child = Storage::run(storage.folder.path(), storage.port, &in_two_days);
    room.restart_under(&in_two_days);
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("known");
    let then = jiff::Timestamp::now() + jiff::Span::new().hours(48);
    let today = format!("today={}", zone.to_datetime(then).date());
    let typed = format!("typed={SESSION}");
    order(&room, &["release", "personal", "data", &typed, &today]);
    room.end(Signal::KILL);
    room.restart_under(&in_two_days);
    event(&room, "erased", 1, |e| {
        matches!(e, Event::PersonalDataErased)
    })
    .await;
    event(&room, "replicated again", 4, is_replicated).await;
    assert!(!copies.iter().any(|copy| copy.join(container).exists()));
    assert_eq!(people(&room), 0);
    let whole = hashes(&copies[0]);
    assert!(copies[1..].iter().all(|copy| hashes(copy) == whole));
    let validated = Command::new("python3")
        .args(["-m", "bagit", "--validate"])
        .arg(&copies[2])
        .output();
    assert!(validated.expect("bagit").status.success());
}

/// How many the vault knows.
fn people(room: &Room) -> usize {
    let vault = rusqlite::Connection::open(room.data().join("vault.sqlite")).expect("a vault");
    let count = vault.query_row("SELECT count(*) FROM person", [], |row| row.get(0));
    count.expect("a number")
}
