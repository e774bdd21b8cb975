//! Owns the hub process of a test, rooms that know it, and journals that hold much to tell.

use crate::support::{self, Browser, Room, until};
use bidroom::journal::{Durability, Journal, Reader, Settings};
use bidroom::room::{Actor, BootId, Entry, Event, Part, Seq, Stamp, Utc};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A hub.
pub(crate) struct Hub {
    folder: TempDir,
    child: Option<Child>,
    pub(crate) key: String,
}

impl Hub {
    /// Starts one for these rooms.
    pub(crate) fn start(broker: &str, rooms: &[&str]) -> Self {
        Self::start_with(broker, rooms, "")
    }

    /// The same, with more settings.
    pub(crate) fn start_with(broker: &str, rooms: &[&str], more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "city = \"baoshan\"\nname = \"保山市公共资源交易中心\"\nbrokers = [\"{broker}\"]\nrooms = {rooms:?}\nsecond_factor = \"off\"\n{more}\
             [network]\nbind = [\"127.0.0.1\"]\nhttps_port = 0\nhost_names = [\"localhost\"]\n"
        );
        fs::write(folder.path().join("hub.toml"), settings).unwrap();
        let mut hub = Self {
            folder,
            child: None,
            key: String::new(),
        };
        let key = hub.command("key").output().unwrap();
        assert!(
            key.status.success(),
            "{}",
            String::from_utf8_lossy(&key.stderr)
        );
        hub.key = String::from_utf8(key.stdout).unwrap().trim().to_owned();
        hub.go_on();
        hub
    }

    fn command(&self, task: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bidroom"));
        command
            .args(["hub", task, "--settings"])
            .arg(self.folder.path().join("hub.toml"))
            .arg("--data")
            .arg(self.data());
        command
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Kills it as a power cut does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// A copy of the store of a hub that does not run.
    pub(crate) fn back_up(&self) -> Vec<u8> {
        // the log goes into the file with the last connection
        drop(
            Connection::open(self.data().join("hub.sqlite"))
                .map(|db| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))),
        );
        fs::read(self.data().join("hub.sqlite")).unwrap()
    }

    /// Puts a copy in its store's place; none is a store made anew.
    pub(crate) fn put_back(&self, copy: Option<&[u8]>) {
        for file in ["hub.sqlite", "hub.sqlite-wal", "hub.sqlite-shm"] {
            let _ = fs::remove_file(self.data().join(file));
        }
        if let Some(copy) = copy {
            fs::write(self.data().join("hub.sqlite"), copy).unwrap();
        }
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// Starts it again.
    pub(crate) fn go_on(&mut self) {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let child = self
            .command("run")
            .env("BIDROOM_LOG", "info,bidroom=debug")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// The operator, signed in at the board.
    pub(crate) async fn operator(&self) -> Browser {
        self.signed_in("technician").await
    }

    pub(crate) async fn signed_in(&self, account: &str) -> Browser {
        let mut port = String::new();
        until("the board is served", || {
            port = fs::read_to_string(self.data().join("port")).unwrap_or_default();
            !port.is_empty()
        })
        .await;
        let browser = Browser::new(&self.data(), &format!("https://localhost:{port}"));
        let passwords = fs::read_to_string(self.data().join("first-passwords.txt")).unwrap();
        let first = passwords.lines().find_map(|line| {
            let mut fields = line.split('\t');
            (fields.next() == Some(account)).then(|| fields.next_back().unwrap().to_owned())
        });
        browser.sign_in_first(account, &first.unwrap()).await;
        browser
    }

    /// What the board shows now.
    pub(crate) async fn board(&self, browser: &Browser) -> Value {
        browser.view("/api/live/city").await
    }

    /// The board, once it shows something.
    pub(crate) async fn until_board(
        &self,
        browser: &Browser,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let began = Instant::now();
        loop {
            let board = self.board(browser).await;
            if is_so(&board) {
                return board;
            }
            let late = began.elapsed() > Duration::from_secs(30);
            assert!(!late, "never: {what}: {board}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn database(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        Connection::open_with_flags(self.data().join("hub.sqlite"), flags).unwrap()
    }

    /// The last entry of a room that is stored; 0 where there is no database yet.
    pub(crate) fn stored(&self, room: &str) -> u64 {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let Ok(db) = Connection::open_with_flags(self.data().join("hub.sqlite"), flags) else {
            return 0;
        };
        db.query_row(
            "SELECT coalesce(max(seq), 0) FROM events WHERE room = ?1",
            [room],
            |row| row.get(0),
        )
        .unwrap_or(0)
    }

    /// The reasons of all refusals.
    pub(crate) fn refusals(&self) -> Vec<(String, String)> {
        let db = self.database();
        let mut read = db
            .prepare("SELECT what, reason FROM trail ORDER BY number")
            .unwrap();
        let rows = read
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// What the hub has of a room is what the room's journal has, up to where the hub is: nothing lost, doubled or out of order.
    pub(crate) fn assert_same(&self, room: &str, data: &Path) -> u64 {
        let journal = Reader::open(&data.join("journal.sqlite")).unwrap();
        let lines = journal.lines(Seq(0), usize::MAX).unwrap();
        let db = self.database();
        let mut read = db
            .prepare("SELECT seq, line FROM events WHERE room = ?1 ORDER BY epoch, seq")
            .unwrap();
        let rows = read
            .query_map([room], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .unwrap();
        let mut count = 0;
        for (row, (seq, line)) in rows.zip(&lines) {
            let (stored, stored_line) = row.unwrap();
            assert_eq!(stored, seq.0);
            assert_eq!(&stored_line, line, "entry {seq}");
            count += 1;
        }
        count
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A profile that names the hub.
pub(crate) fn profile(room: &str, broker: &str, key: &str) -> String {
    let profile = support::profile().replace("id = \"test\"", &format!("id = \"{room}\""));
    format!("{profile}\n[hub]\ncity = \"baoshan\"\nbrokers = [\"{broker}\"]\nkeys = [\"{key}\"]\n")
}

/// A folder with that profile, whose journal has so many entries already.
pub(crate) fn folder(profile: &str, entries: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("profile.toml"), profile).unwrap();
    if entries > 0 {
        fill(&folder.path().join("data"), entries);
    }
    folder
}

/// Writes so many more entries into a journal.
pub(crate) fn fill(data: &Path, entries: u64) {
    fs::create_dir_all(data).unwrap();
    let settings = Settings {
        durability: Durability::Full,
        ballast: 0,
    };
    let mut journal = Journal::open(&data.join("journal.sqlite"), settings).unwrap();
    let boot: BootId = "a-boot-long-ago".parse().unwrap();
    let last = journal.reader().unwrap().head().unwrap().seq.0;
    let all: Vec<u64> = (last + 1..=last + entries).collect();
    for part in all.chunks(5_000) {
        let batch: Vec<Entry> = part
            .iter()
            .map(|seq| Entry {
                seq: Seq(*seq),
                stamp: Stamp {
                    at: Utc(1_700_000_000_000 + i64::try_from(*seq).unwrap()),
                    mono: *seq,
                    boot: boot.clone(),
                },
                session: None,
                actor: Actor::Daemon { part: Part::Clock },
                command: None,
                event: Event::ClockJumped {
                    by_ms: i64::try_from(*seq).unwrap(),
                },
            })
            .collect();
        journal.append(&batch, &[]).unwrap();
    }
}

/// The last entry of a room's journal.
pub(crate) fn head(room: &Room) -> u64 {
    let journal = Reader::open(&room.data().join("journal.sqlite")).unwrap();
    journal.head().unwrap().seq.0
}

/// How many entries a room has put on the wire, by its log.
pub(crate) fn sent(room: &Room) -> u64 {
    room.log()
        .lines()
        .filter(|line| line.contains("entries go out"))
        .filter_map(|line| {
            line.split("many=")
                .nth(1)?
                .split_whitespace()
                .next()?
                .parse::<u64>()
                .ok()
        })
        .sum()
}
