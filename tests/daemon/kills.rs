//! `kill -9` at random points: what was acknowledged is there after the restart, in its place and once; what was not
//! is sent again under the same id and counts once; the chain holds; the session goes on in its phase. The same harness
//! with a journal that acknowledges before it writes must find losses.

#![allow(clippy::disallowed_methods, reason = "a test measures for itself")]

use super::support::{self, committee};
use bidroom::journal::Reader;
use bidroom::room::{Event, Seq, SessionId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio::task::JoinSet;

/// Kills with the safe journal.
const KILLS: u32 = 200;
/// Kills after which the unsafe journal must have shown a loss.
const UNSAFE_KILLS: u32 = 40;
/// Clients that mark moments at the same time, so that writes are shared.
const CLIENTS: u64 = 3;
pub(crate) const SESSION: &str = "R-1";

/// A daemon that is killed again and again in one folder.
struct Victim {
    folder: tempfile::TempDir,
    child: Option<Child>,
    more: &'static [&'static str],
    /// How long each start took until the daemon answered.
    starts: Vec<Duration>,
}

impl Victim {
    fn new(more: &'static [&'static str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // nothing is recorded, so that no camera has to send before the session starts
        let rule = "[[recording]]\nkinds = [\"microphone\"]\nphases = [\"closing\"]\n[storage]";
        let profile = support::profile().replace("[storage]", rule);
        fs::write(folder.path().join("profile.toml"), profile).expect("the profile");
        Self {
            folder,
            child: None,
            more,
            starts: Vec::new(),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    async fn start(&mut self) {
        let began = Instant::now();
        self.child = Some(support::spawn(self.folder.path(), self.more));
        while UnixStream::connect(self.data().join("ctl.sock"))
            .await
            .is_err()
        {
            let child = self.child.as_mut().expect("a child");
            let ended = child.try_wait().expect("the child");
            assert!(ended.is_none(), "the daemon did not start: {}", self.log());
            let patient = began.elapsed() < Duration::from_secs(30);
            assert!(patient, "not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.starts.push(began.elapsed());
    }

    fn kill(&mut self) {
        let mut child = self.child.take().expect("a child");
        child.kill().expect("kill -9");
        child.wait().expect("the end");
    }

    /// Starts and is killed before it is ready, or perhaps just after.
    async fn start_in_vain(&mut self) {
        self.child = Some(support::spawn(self.folder.path(), self.more));
        tokio::time::sleep(chance(1_000..400_000)).await;
        self.kill();
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

fn chance(micros: std::ops::Range<u64>) -> Duration {
    Duration::from_micros(rand::random_range(micros))
}

/// Sends a request over the control socket: the answer, or why there is none.
async fn send(data: &Path, path: &str, acting_as: &str, body: String) -> Result<Value, String> {
    use http_body_util::BodyExt;
    let lost = |e: &dyn std::fmt::Display| format!("no answer: {e}");
    let stream = UnixStream::connect(data.join("ctl.sock")).await;
    let io = hyper_util::rt::TokioIo::new(stream.map_err(|e| lost(&e))?);
    let handshake = hyper::client::conn::http1::handshake::<_, String>(io).await;
    let (mut sender, connection) = handshake.map_err(|e| lost(&e))?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let mut request = hyper::Request::post(path).header("host", "box");
    if acting_as != "technician" {
        request = request.header("bidroom-as", acting_as);
    }
    let request = request.body(body).expect("a request");
    let answer = sender.send_request(request).await.map_err(|e| lost(&e))?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(|e| lost(&e))?;
    let body = body.to_bytes();
    if !status.is_success() {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)));
    }
    Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// A command with its id, ready to be sent once more.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: String,
    acting_as: String,
    command: Value,
}

impl Order {
    pub(crate) fn new(id: impl Into<String>, acting_as: &str, command: Value) -> Self {
        Self {
            id: id.into(),
            acting_as: acting_as.to_owned(),
            command,
        }
    }

    /// Marks a moment; the note is the id.
    pub(crate) fn mark(number: u64) -> Self {
        let id = format!("mark-{number}");
        let command = json!({"type": "mark", "feed": null, "note": id});
        Self::new(id, "supervisor", command)
    }

    /// Its place in the journal.
    pub(crate) async fn give(&self, data: &Path) -> Result<Seq, String> {
        let order = json!({"id": self.id, "session": SESSION, "command": self.command});
        let answer = send(data, "/api/commands", &self.acting_as, order.to_string()).await?;
        let seq = answer["seq"].as_u64();
        seq.map(Seq).ok_or_else(|| format!("no seq in {answer}"))
    }
}

/// Where the session stands, as far as it was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    InSession,
    Suspended,
    /// So many members were identified again.
    Overnight(usize),
}

impl Stage {
    fn phase(self) -> &'static str {
        match self {
            Stage::InSession => "in_session",
            Stage::Suspended => "suspended",
            Stage::Overnight(_) => "overnight",
        }
    }

    /// What is done next, and where that leads.
    fn next(self, step: u64, seats: &[(u64, u64)]) -> (Order, Stage) {
        let (acting_as, command, then) = match self {
            Stage::InSession if step.is_multiple_of(3) => {
                let command = json!({"type": "begin_overnight"});
                ("technician", command, Stage::Overnight(0))
            }
            Stage::InSession => {
                let command = json!({"type": "suspend_session", "cause": "order", "reason": "x"});
                ("supervisor", command, Stage::Suspended)
            }
            Stage::Suspended => {
                let command = json!({"type": "resume_session"});
                ("supervisor", command, Stage::InSession)
            }
            Stage::Overnight(returned) => match seats.get(returned) {
                Some((member, seat)) => {
                    let command = json!({"type": "check_in", "member": member, "seat": seat});
                    ("access", command, Stage::Overnight(returned + 1))
                }
                None => {
                    let command = json!({"type": "end_overnight"});
                    ("technician", command, Stage::InSession)
                }
            },
        };
        (Order::new(format!("step-{step}"), acting_as, command), then)
    }
}

/// Plans a rehearsal and starts it; who sits where.
pub(crate) async fn start_session(data: &Path) -> Vec<(u64, u64)> {
    let mut count = 0;
    let mut give = async |acting_as: &str, command: Value| {
        count += 1;
        let order = Order::new(format!("prepare-{count}"), acting_as, command);
        let told = order.command.to_string();
        order.give(data).await.map_err(|e| format!("{told}: {e}"))
    };
    let start = jiff::Timestamp::now().as_millisecond() + 3_600_000;
    let plan = json!({"id": SESSION, "kind": "rehearsal", "start": start, "expected": 3_600_000,
        "experts": 5, "tenderer_representatives": 0});
    give("technician", json!({"type": "plan_session", "plan": plan}))
        .await
        .expect("prepared");
    let table = committee(&["张三丰", "李四光", "王五六", "赵六七", "钱七八"]);
    let path = format!("/api/sessions/{SESSION}/committee");
    send(data, &path, "technician", table)
        .await
        .expect("convened");
    for seat in 1..=9 {
        let workstation = format!("w-{seat}");
        let enrol = json!({"type": "enrol_workstation", "seat": seat, "workstation": workstation});
        give("access", enrol).await.expect("prepared");
    }
    give("technician", json!({"type": "open_check_in"}))
        .await
        .expect("prepared");
    let view = status(data);
    let members = view["session"]["members"].as_array().expect("members");
    let number = |value: &Value| value.as_u64().expect("a number");
    let seats: Vec<(u64, u64)> = members
        .iter()
        .map(|m| (number(&m["no"]), number(&m["seat"])))
        .collect();
    for (member, seat) in &seats {
        let check_in = json!({"type": "check_in", "member": member, "seat": seat});
        give("access", check_in).await.expect("prepared");
        for pledge in ["integrity", "recusal"] {
            let me = format!("member:{member}");
            let sign = json!({"type": "sign_pledge", "pledge": pledge});
            give(&me, sign).await.expect("prepared");
        }
    }
    give("technician", json!({"type": "confirm_sign_in"}))
        .await
        .expect("prepared");
    // what is recorded has to be written before it can be confirmed, and a feed that is lost takes the confirmation back
    let began = Instant::now();
    loop {
        let mut done = Ok(Seq(0));
        for (who, what) in [
            ("technician", "confirm_recording"),
            ("supervisor", "authorise_start"),
            ("technician", "start_session"),
        ] {
            done = give(who, json!({"type": what})).await;
        }
        match done {
            Ok(_) => return seats,
            Err(e) => assert!(began.elapsed() < Duration::from_secs(40), "{e}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What the clients know.
struct Ledger {
    /// Ids that were answered, and the places that were named.
    acknowledged: BTreeMap<String, Seq>,
    marks: u64,
    steps: u64,
    stage: Stage,
    seats: Vec<(u64, u64)>,
    /// Whether the session is moved through its phases meanwhile.
    conducts: bool,
}

impl Ledger {
    /// Works with the daemon until it is killed; what was under way then.
    async fn work_until_killed(&mut self, victim: &mut Victim) -> Pending {
        let data = victim.data();
        let first = self.marks;
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let data = data.clone();
            clients.spawn(async move {
                let mut done = Vec::new();
                for number in (first + client..).step_by(CLIENTS as usize) {
                    let order = Order::mark(number);
                    match order.give(&data).await {
                        Ok(seq) => done.push((order.id, seq)),
                        Err(why) => return (done, number, order, why),
                    }
                }
                unreachable!("the daemon is killed some time")
            });
        }
        let (stage, step, seats) = (self.stage, self.steps, self.seats.clone());
        let mut conductor = JoinSet::new();
        let conduct = async move {
            let (mut stage, mut step, mut done) = (stage, step, Vec::new());
            loop {
                step += 1;
                let (order, then) = stage.next(step, &seats);
                match order.give(&data).await {
                    Ok(seq) => done.push((order.id, seq)),
                    Err(why) => return (done, stage, step, order, then, why),
                }
                stage = then;
                tokio::time::sleep(chance(0..4_000)).await;
            }
        };
        if self.conducts {
            conductor.spawn(conduct);
        }
        tokio::time::sleep(chance(500..60_000)).await;
        victim.kill();

        let mut pending = Pending {
            marks: Vec::new(),
            step: None,
        };
        while let Some(ended) = clients.join_next().await {
            let (done, number, order, why) = ended.expect("no panic");
            assert!(why.starts_with("no answer"), "{}: {why}", order.id);
            self.acknowledged.extend(done);
            self.marks = self.marks.max(number + CLIENTS);
            pending.marks.push(order);
        }
        while let Some(ended) = conductor.join_next().await {
            let (done, stage, step, order, then, why) = ended.expect("no panic");
            assert!(why.starts_with("no answer"), "{}: {why}", order.id);
            self.acknowledged.extend(done);
            (self.stage, self.steps) = (stage, step);
            pending.step = Some((order, then));
        }
        pending
    }

    /// The session stands where it was acknowledged to stand, or one unanswered step further; then what was not
    /// answered is sent again.
    async fn goes_on(&mut self, data: &Path, pending: Pending) {
        let phase = status(data)["session"]["phase"].clone();
        let (order, then) = pending.step.expect("there is always a next step");
        let phases = [self.stage.phase(), then.phase()];
        assert!(
            phases.iter().any(|known| phase == *known),
            "{phase} after {order:?}, {phases:?}"
        );
        let seq = order.give(data).await.expect("sent again");
        self.acknowledged.insert(order.id, seq);
        self.stage = then;
        for order in pending.marks {
            let seq = order.give(data).await.expect("sent again");
            self.acknowledged.insert(order.id, seq);
        }
    }
}

/// Commands that nobody knows the end of.
struct Pending {
    marks: Vec<Order>,
    step: Option<(Order, Stage)>,
}

pub(crate) fn status(data: &Path) -> Value {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bidroom"))
        .args(["ctl", "--json", "--data"])
        .arg(data)
        .arg("status")
        .output()
        .expect("ctl");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The entries to which each command led, by its id.
pub(crate) fn kept(data: &Path) -> BTreeMap<String, Vec<Seq>> {
    let reader = Reader::open(&data.join("journal.sqlite")).expect("the journal");
    let verified = reader.verify().expect("the journal can be read");
    verified.expect("the chain holds");
    let session: SessionId = SESSION.parse().expect("an id");
    let entries = reader
        .session_entries(&session)
        .expect("the session's entries");
    let mut kept: BTreeMap<String, Vec<Seq>> = BTreeMap::new();
    for entry in entries {
        let Some(id) = &entry.command else { continue };
        if let Event::MomentMarked { note, .. } = &entry.event {
            assert_eq!(note.as_str(), id.as_str(), "a mark under another's id");
        }
        kept.entry(id.to_string()).or_default().push(entry.seq);
    }
    kept
}

/// Waits until the journal's file has the start of the session.
async fn until_written(data: &Path) {
    let began = Instant::now();
    let session: SessionId = SESSION.parse().expect("an id");
    let reader = Reader::open(&data.join("journal.sqlite")).expect("the journal");
    loop {
        let entries = reader.session_entries(&session).expect("entries");
        if entries
            .iter()
            .any(|entry| entry.event == Event::SessionStarted)
        {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "never written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn ledger(seats: Vec<(u64, u64)>) -> Ledger {
    Ledger {
        acknowledged: BTreeMap::new(),
        marks: 0,
        steps: 0,
        stage: Stage::InSession,
        seats,
        conducts: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_lose_nothing_that_was_acknowledged() {
    let mut victim = Victim::new(&[]);
    victim.start().await;
    let mut ledger = ledger(start_session(&victim.data()).await);
    for kill in 1..=KILLS {
        let pending = ledger.work_until_killed(&mut victim).await;
        if kill.is_multiple_of(5) {
            victim.start_in_vain().await;
        }
        victim.start().await;
        ledger.goes_on(&victim.data(), pending).await;
    }
    let phase = status(&victim.data())["session"]["phase"].clone();
    assert_eq!(phase, ledger.stage.phase());
    let kept = kept(&victim.data());
    for (id, seq) in &ledger.acknowledged {
        // each of these commands leads to one entry
        assert_eq!(
            kept.get(id),
            Some(&vec![*seq]),
            "{id} was acknowledged as {seq}"
        );
    }
    let done = ledger.acknowledged.len();
    assert!(done > 3 * KILLS as usize, "too little was tried: {done}");
    victim.starts.sort();
    let (median, worst) = (victim.starts[victim.starts.len() / 2], victim.starts.last());
    eprintln!(
        "{KILLS} kills, {done} commands, none lost; starts: median {median:?}, worst {worst:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_kills_with_an_unsafe_journal_are_seen_to_lose() {
    let mut victim = Victim::new(&["--unsafe-journal"]);
    victim.start().await;
    let seats = start_session(&victim.data()).await;
    // the start is not what is tested: the unsafe journal writes in a calm moment
    until_written(&victim.data()).await;
    let mut lost = 0;
    for _ in 0..UNSAFE_KILLS {
        // what was lost before is not missed again, and the session stands where the journal says
        let mut ledger = ledger(seats.clone());
        let before = kept(&victim.data());
        ledger.marks = 1_000_000 * u64::try_from(victim.starts.len()).expect("few");
        ledger.conducts = false;
        ledger.work_until_killed(&mut victim).await;
        let after = kept(&victim.data());
        assert!(
            before.iter().all(|(id, seqs)| after.get(id) == Some(seqs)),
            "what was written is gone"
        );
        let gone = |(id, seq): &(&String, &Seq)| after.get(*id) != Some(&vec![**seq]);
        lost += ledger.acknowledged.iter().filter(gone).count();
        victim.start().await;
    }
    eprintln!("{UNSAFE_KILLS} kills of the unsafe journal lost {lost} commands");
    assert!(lost > 0, "the harness cannot see a loss");
}
