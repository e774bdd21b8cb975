//! A room to test against: the real program with a folder of its own, and browsers that sign in.
#![allow(dead_code, reason = "each test binary uses its part")]

use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) mod aged;
pub(crate) mod disks;
pub(crate) mod owner;

/// The password that tests give every account.
pub(crate) const PASSWORD: &str = "correct horse battery";
const DEADLINE: Duration = Duration::from_secs(30);

/// A running daemon.
pub(crate) struct Room {
    folder: TempDir,
    child: Child,
    port: u16,
    passwords: String,
}

impl Room {
    /// Starts a room of nine seats and one camera that does not answer.
    pub(crate) async fn start() -> Self {
        Self::start_with(&profile()).await
    }

    /// Starts a room with a profile.
    pub(crate) async fn start_with(profile: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("profile.toml"), profile).expect("the profile");
        Self::start_in(folder)
    }

    /// Starts the room that a folder holds: its profile, and what data there is.
    pub(crate) fn start_in(folder: TempDir) -> Self {
        Self::start_under(folder, &[])
    }

    /// The same, with more in the daemon's environment.
    pub(crate) fn start_under(folder: TempDir, environment: &[(&str, &str)]) -> Self {
        Self::try_start(folder, environment).expect("the daemon starts")
    }

    /// The same, or why it does not start.
    pub(crate) fn try_start(folder: TempDir, environment: &[(&str, &str)]) -> Result<Self, String> {
        Self::try_start_with(folder, &[], environment)
    }

    /// The same, with more arguments.
    pub(crate) fn try_start_with(
        folder: TempDir,
        more: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Self, String> {
        let child = spawn_under(folder.path(), more, environment);
        let mut room = Self {
            folder,
            child,
            port: 0,
            passwords: String::new(),
        };
        room.until_ready()?;
        // a box with a past has handed them out
        let passwords = room.data().join("first-passwords.txt");
        room.passwords = fs::read_to_string(passwords).unwrap_or_default();
        Ok(room)
    }

    /// Ends the daemon with a signal, and starts it again.
    pub(crate) fn restart(&mut self, signal: rustix::process::Signal) {
        self.end(signal);
        self.restart_under(&[]);
    }

    /// Starts the daemon again, after its end.
    pub(crate) fn restart_under(&mut self, environment: &[(&str, &str)]) {
        self.restart_with(&[], environment);
    }

    /// The same, with more arguments.
    pub(crate) fn restart_with(&mut self, more: &[&str], environment: &[(&str, &str)]) {
        self.child = spawn_under(self.folder.path(), more, environment);
        self.until_ready().expect("the daemon starts");
    }

    /// Ends the daemon with a signal, and waits until it is gone.
    pub(crate) fn end(&mut self, signal: rustix::process::Signal) -> std::process::ExitStatus {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal)
            .expect("the signal");
        let ended = self.child.wait().expect("the end");
        // what a killed daemon leaves behind must not be taken for the next one's
        let _ = fs::remove_file(self.data().join("port"));
        ended
    }

    fn until_ready(&mut self) -> Result<(), String> {
        let began = Instant::now();
        let place = self.data().join("port");
        loop {
            if let Ok(port) = fs::read_to_string(&place) {
                self.port = port.parse().expect("a port");
                return Ok(());
            }
            if let Some(ended) = self.child.try_wait().expect("the child") {
                return Err(format!("the daemon ended ({ended}): {}", self.log()));
            }
            if began.elapsed() > DEADLINE {
                return Err(format!("not ready: {}", self.log()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The folder of all its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The daemon's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// An address of it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// `bidroom ctl`; its answer as JSON.
    pub(crate) fn ctl(&self, words: &[&str]) -> Value {
        let output = self.try_ctl(words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ctl {words:?}: {told}");
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// `bidroom ctl`, however it ends.
    pub(crate) fn try_ctl(&self, words: &[&str]) -> Output {
        let program = env!("CARGO_BIN_EXE_bidroom");
        let mut command = Command::new(program);
        command
            .args(["ctl", "--json", "--data"])
            .arg(self.data())
            .args(words);
        command.output().expect("ctl")
    }

    /// Somebody with nothing in his pockets, who trusts the box's CA.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.data(), &self.url(""))
    }

    /// Somebody whose first password may have been replaced already.
    pub(crate) async fn signed_in_once(&self, account: &str) -> Browser {
        let browser = self.browser();
        let form = json!({"account": account, "password": PASSWORD});
        let answer = browser.post("/api/sign-in", form).await;
        if answer.status().is_success() {
            return browser;
        }
        self.signed_in(account).await
    }

    /// Somebody with an account, whose first password he has replaced.
    pub(crate) async fn signed_in(&self, account: &str) -> Browser {
        let browser = self.browser();
        let first = self.passwords.lines().find_map(|line| {
            let mut fields = line.split('\t');
            (fields.next() == Some(account))
                .then(|| fields.next_back().expect("a password").to_owned())
        });
        let first = first.unwrap_or_else(|| panic!("no account {account}"));
        browser.sign_in_first(account, &first).await;
        browser
    }

    /// Convenes and opens a rehearsal of five, and gives back who sits where.
    pub(crate) fn rehearsal(&self, session: &str, table: &str) -> Vec<(u8, u8)> {
        self.ctl(&["plan", session, "--start", "+30m", "--rehearsal"]);
        let file = self.folder.path().join("committee.csv");
        fs::write(&file, table).expect("the table");
        self.ctl(&["committee", session, file.to_str().expect("a path")]);
        self.ctl(&["order", "--session", session, "open", "check", "in"]);
        let view = self.ctl(&["status"]);
        let members = view["session"]["members"].as_array().expect("members");
        let number =
            |value: &Value| u8::try_from(value.as_u64().expect("a number")).expect("small");
        members
            .iter()
            .map(|member| (number(&member["no"]), number(&member["seat"])))
            .collect()
    }

    /// A browser that is enrolled to a seat.
    pub(crate) async fn workstation(&self, seat: u8) -> Browser {
        let code = self.ctl(&["enrolment-code", &seat.to_string()]);
        let mut browser = self.browser();
        browser.seat = true;
        let enrolled = browser
            .post("/api/enrolment", json!({"code": code["code"]}))
            .await;
        assert_eq!(
            enrolled.status(),
            StatusCode::OK,
            "{}",
            enrolled.text().await.unwrap_or_default()
        );
        browser
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < DEADLINE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Starts the daemon in a folder with `profile.toml`.
pub(crate) fn spawn(folder: &Path, more: &[&str]) -> Child {
    spawn_under(folder, more, &[])
}

/// The same, with more in its environment.
pub(crate) fn spawn_under(folder: &Path, more: &[&str], environment: &[(&str, &str)]) -> Child {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log");
    Command::new(env!("CARGO_BIN_EXE_bidroom"))
        .arg("run")
        .arg("--profile")
        .arg(folder.join("profile.toml"))
        .arg("--data")
        .arg(folder.join("data"))
        .args(more)
        .env("BIDROOM_LOG", "debug,h2=info,hyper=info,rustls=info")
        .env("NO_COLOR", "1")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("the daemon")
}

/// A browser, or any client.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    client: Client,
    base: String,
    bearer: Option<String>,
    seat: bool,
}

impl Browser {
    /// Somebody with nothing in his pockets, who trusts the CA of that data folder.
    pub(crate) fn new(data: &Path, base: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ca = fs::read(data.join("keys/ca.pem")).expect("the CA");
        let ca = Certificate::from_pem(&ca).expect("a certificate");
        let client = Client::builder()
            .tls_certs_only([ca])
            .cookie_store(true)
            .build()
            .expect("a client");
        Self {
            client,
            base: base.to_owned(),
            bearer: None,
            seat: false,
        }
    }

    /// The same client with a bearer token.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.bearer = Some(token.to_owned());
        self
    }

    /// The same somebody, at the address of a daemon that was started again.
    pub(crate) fn at(mut self, base: &str) -> Self {
        base.clone_into(&mut self.base);
        self
    }

    /// A request.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        if self.seat {
            request = request.header("bidroom-page", "seat");
        }
        request
    }

    /// A GET.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path)
            .send()
            .await
            .expect("an answer")
    }

    /// A GET of JSON.
    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.expect("JSON")
    }

    /// A POST of JSON.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.request(Method::POST, path)
            .json(&body)
            .send()
            .await
            .expect("an answer")
    }

    /// A command to a session.
    pub(crate) async fn order(&self, session: &str, command: Value) -> Response {
        let id = format!("t-{:032x}", rand::random::<u128>());
        self.post(
            "/api/commands",
            json!({"id": id, "session": session, "command": command}),
        )
        .await
    }

    /// A command that must be carried out.
    pub(crate) async fn carry_out(&self, session: &str, command: Value) {
        let told = command.to_string();
        let answer = self.order(session, command).await;
        let status = answer.status();
        let body = answer.text().await.unwrap_or_default();
        assert_eq!(status, StatusCode::OK, "{told}: {body}");
    }

    /// The first view of a live stream.
    pub(crate) async fn view(&self, path: &str) -> Value {
        let mut answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let mut text = String::new();
        loop {
            let chunk = answer.chunk().await.expect("a chunk").expect("an event");
            text.push_str(&String::from_utf8_lossy(&chunk));
            if let Some((event, _)) = text.split_once("\n\n") {
                let data = event
                    .lines()
                    .find_map(|line| line.strip_prefix("data:"))
                    .expect("data");
                return serde_json::from_str(data.trim()).expect("JSON");
            }
        }
    }

    /// Signs in with a one-time password, and replaces it.
    pub(crate) async fn sign_in_first(&self, account: &str, first: &str) {
        let answer = self
            .post(
                "/api/sign-in",
                json!({"account": account, "password": first}),
            )
            .await;
        assert_eq!(answer.status(), StatusCode::OK, "{account}");
        let answer = self
            .post("/api/password", json!({"old": first, "new": PASSWORD}))
            .await;
        assert_eq!(answer.status(), StatusCode::OK, "{account}");
    }
}

/// Nine seats, one camera that does not answer, free ports.
pub(crate) fn profile() -> String {
    let seats: String = (1..=9)
        .map(|no| format!("[[seats]]\nno = {no}\nx = {}\ny = 50\n", 10 * no))
        .collect();
    format!(
        r#"
[room]
id = "test"
name = "评标一室"
city = "保山市公共资源交易中心"
time_zone = "Asia/Shanghai"
language = "zh"
{seats}
[[cameras]]
id = "camera-1"
name = "前方全景"
place = "evaluation-room"
main = "rtsp://127.0.0.1:9/main"
[policies]
overnight_lock = "off"
[storage]
min_free = "100 MB"
ballast = "8 MB"
[network]
bind = ["127.0.0.1"]
https_port = 0
host_names = ["localhost"]
webrtc_udp_port = 0
ice_tcp_port = 0
announce = ["127.0.0.1"]
[access]
second_factor = "off"
"#
    )
}

/// A committee of five, with valid ID numbers.
pub(crate) fn committee(names: &[&str]) -> String {
    let rows = names.iter().enumerate().map(|(i, name)| {
        format!(
            "{name},1380013{:04},{},专家,某某公司\n",
            8000 + i,
            id_number(200 + i)
        )
    });
    format!(
        "姓名,手机号,身份证号,类别,单位\n{}",
        rows.collect::<String>()
    )
}

/// A valid ID number (GB 11643: weighted sum modulo 11).
pub(crate) fn id_number(serial: usize) -> String {
    let (day, serial) = (7 + serial / 1000, serial % 1000);
    let body = format!("110101199003{day:02}{serial:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .chars()
        .zip(weights)
        .map(|(digit, weight)| digit.to_digit(10).expect("a digit") * weight)
        .sum();
    let check = char::from(b"10X98765432"[usize::try_from(sum % 11).expect("small")]);
    format!("{body}{check}")
}
