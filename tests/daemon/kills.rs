//! `kill -9` at random points: what was acknowledged is there after the restart, the chain holds, the session goes on in
//! its phase. The same harness with a journal that acknowledges before it writes must find losses.

use super::support::{self, committee};
use bidroom::journal::Reader;
use bidroom::room::{Event, Seq};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};
use tokio::net::UnixStream;

/// Kills with the safe journal.
const KILLS: u32 = 200;
/// Kills after which the unsafe journal must have shown a loss.
const UNSAFE_KILLS: u32 = 40;
const SESSION: &str = "R-1";

/// A daemon that is killed again and again in one folder.
struct Victim {
    folder: tempfile::TempDir,
    child: Option<Child>,
    more: &'static [&'static str],
}

impl Victim {
    fn new(more: &'static [&'static str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("profile.toml"), support::profile()).expect("the profile");
        Self { folder, child: None, more }
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    async fn start(&mut self) {
        // quiet, as the log is not looked at
        let child = support::spawn(self.folder.path(), self.more);
        self.child = Some(child);
        let began = Instant::now();
        while UnixStream::connect(self.data().join("ctl.sock")).await.is_err() {
            let ended = self.child.as_mut().expect("a child").try_wait().expect("the child");
            assert!(ended.is_none(), "the daemon did not start: {}", self.log());
            assert!(began.elapsed() < Duration::from_secs(30), "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn kill(&mut self) {
        let mut child = self.child.take().expect("a child");
        child.kill().expect("kill -9");
        child.wait().expect("the end");
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a request over the control socket; none when the daemon died meanwhile.
async fn send(data: &Path, path: &str, acting_as: &str, body: String) -> Option<Value> {
    use http_body_util::BodyExt;
    let stream = UnixStream::connect(data.join("ctl.sock")).await.ok()?;
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, String>(io).await.ok()?;
    let driver = tokio::spawn(connection);
    let mut request = hyper::Request::post(path).header("host", "box");
    if acting_as != "technician" {
        request = request.header("bidroom-as", acting_as);
    }
    let answer = sender.send_request(request.body(body).expect("a request")).await;
    let answer = match answer {
        Ok(answer) if answer.status().is_success() => answer.into_body().collect().await.ok().map(|body| body.to_bytes()),
        Ok(_) | Err(_) => None,
    };
    driver.abort();
    serde_json::from_slice(&answer?).ok()
}

/// Marks a moment; the note is its number, the answer its place in the journal.
async fn mark(data: &Path, number: u64) -> Option<Seq> {
    let command = json!({"type": "mark", "feed": null, "note": format!("no. {number}")});
    let order = json!({"id": format!("mark-{number}"), "session": SESSION, "command": command});
    let answer = send(data, "/api/commands", "supervisor", order.to_string()).await?;
    answer["seq"].as_u64().map(Seq)
}

/// Opens check-in, so that there is a phase to go on in.
async fn prepare(victim: &Victim) {
    let data = victim.data();
    let plan = json!({"id": SESSION, "kind": "rehearsal", "start": jiff::Timestamp::now().as_millisecond() + 3_600_000,
        "expected": 3_600_000, "experts": 5, "tenderer_representatives": 0});
    let order = |id: &str, command: Value| json!({"id": id, "session": SESSION, "command": command}).to_string();
    let plan = order("plan", json!({"type": "plan_session", "plan": plan}));
    send(&data, "/api/commands", "technician", plan).await.expect("planned");
    let table = committee(&["张三丰", "李四光", "王五六", "赵六七", "钱七八"]);
    send(&data, &format!("/api/sessions/{SESSION}/committee"), "technician", table).await.expect("convened");
    send(&data, "/api/commands", "technician", order("open", json!({"type": "open_check_in"}))).await.expect("opened");
}

/// Kills, restarts and compares; the numbers of acknowledged marks that are gone.
async fn lost_after(kills: u32, more: &'static [&'static str]) -> BTreeSet<u64> {
    let mut victim = Victim::new(more);
    victim.start().await;
    prepare(&victim).await;
    // the start is not what is tested: what was prepared is let onto the disk, also by the unsafe journal
    tokio::time::sleep(Duration::from_millis(400)).await;
    let mut acknowledged: Vec<(u64, Seq)> = Vec::new();
    let mut number = 0;
    for _ in 0..kills {
        let killed_after = Duration::from_micros(rand::random_range(500..60_000));
        let data = victim.data();
        let marks = async {
            loop {
                number += 1;
                match mark(&data, number).await {
                    Some(seq) => acknowledged.push((number, seq)),
                    None => return,
                }
            }
        };
        tokio::select! {
            () = marks => {}
            () = tokio::time::sleep(killed_after) => {}
        }
        victim.kill();
        victim.start().await;
    }
    let reader = Reader::open(&victim.data().join("journal.sqlite")).expect("the journal");
    let verified = reader.verify().expect("the journal can be read");
    assert!(verified.is_ok(), "the chain is broken: {verified:?}");
    let session = SESSION.parse().expect("an id");
    let entries = reader.session_entries(&session).expect("the session's entries");
    let kept: BTreeSet<(u64, Seq)> = entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::MomentMarked { note, .. } => Some((note.as_str().strip_prefix("no. ")?.parse().ok()?, entry.seq)),
            _ => None,
        })
        .collect();
    assert!(acknowledged.len() > usize::try_from(kills).expect("small") / 2, "too little was tried: {}", acknowledged.len());
    let status = status(&victim.data()).await;
    assert_eq!(status["session"]["phase"], "check_in", "the session goes on where it stood");
    let opened = entries.iter().filter(|entry| matches!(entry.event, Event::CheckInOpened { .. })).count();
    assert_eq!(opened, 1);
    acknowledged.iter().filter(|mark| !kept.contains(mark)).map(|(number, _)| *number).collect()
}

async fn status(data: &Path) -> Value {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bidroom"))
        .args(["ctl", "--json", "--data"])
        .arg(data)
        .arg("status")
        .output()
        .expect("ctl");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_lose_nothing_that_was_acknowledged() {
    let lost = lost_after(KILLS, &[]).await;
    assert!(lost.is_empty(), "{} acknowledged marks are gone: {lost:?}", lost.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_kills_with_an_unsafe_journal_are_seen_to_lose() {
    let lost = lost_after(UNSAFE_KILLS, &["--unsafe-journal"]).await;
    assert!(!lost.is_empty(), "the harness cannot see a loss");
}
