//! Owns a room's media for the tests of WHIP and WHEP: feeds, peers and the routes on a free port, with
//! Chromium beside it. Whoever says `Bearer <name>` is let in as `<name>`.

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn};
use axum::response::{Html, Response};
use axum::routing::get;
use bidroom::console::signalling::{Live, Owner, router};
use bidroom::media::feed::{Feed, FeedStatus, Feeds};
use bidroom::media::peer::{Peers, Settings};
use bidroom::room::{FeedKind, FeedSpec, Place, SeatNo};
use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinSet;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Room {
    pub(crate) feeds: Feeds,
    pub(crate) peers: Peers,
    pub(crate) at: SocketAddr,
    _tasks: JoinSet<()>,
}

pub(crate) fn loopback() -> Settings {
    Settings {
        listen: vec![Ipv4Addr::LOCALHOST.into()],
        ..Settings::default()
    }
}

impl Room {
    pub(crate) async fn start(settings: Settings) -> Self {
        // another test of this process may have been first
        let _ = rustls::crypto::ring::default_provider().install_default();
        let spec = |id: &str, kind| FeedSpec {
            id: id.parse().unwrap(),
            name: id.to_owned(),
            kind,
            place: Place::Seat(SeatNo(1)),
            simulated: false,
        };
        let feeds = Feeds::new(&[
            spec("seat-1-face", FeedKind::Face),
            spec("seat-1-screen", FeedKind::Screen),
            spec("camera-1", FeedKind::Camera),
            spec("talkback", FeedKind::TalkBack),
        ]);
        let (peers, run) = Peers::bind(settings).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let app = router::<Live>()
            .with_state(Live {
                feeds: feeds.clone(),
                peers: peers.clone(),
            })
            .layer(from_fn(let_in))
            .route("/favicon.ico", get(async || ""))
            .route(
                "/blank",
                get(async || Html("<!doctype html><title>test</title>")),
            );
        let mut tasks = JoinSet::new();
        tasks.spawn(run.run());
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            feeds,
            peers,
            at,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.at.port())
    }

    pub(crate) fn feed(&self, id: &str) -> Feed {
        self.feeds.get(&id.parse().unwrap()).unwrap().clone()
    }

    /// Waits until a feed is told to be so.
    pub(crate) async fn until(
        &self,
        id: &str,
        what: &str,
        is_so: impl FnMut(&FeedStatus) -> bool,
    ) -> FeedStatus {
        let mut status = self.feed(id).status();
        let seen = tokio::time::timeout(PATIENCE, status.wait_for(is_so))
            .await
            .map(|s| s.unwrap().clone());
        seen.unwrap_or_else(|_| {
            panic!(
                "{id} is never {what}: {:?}",
                self.feed(id).status().borrow()
            )
        })
    }
}

async fn let_in(mut request: Request, next: Next) -> Response {
    let owner = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|v| v.to_str().ok()?.strip_prefix("Bearer "));
    if let Some(owner) = owner.map(|name| Owner(name.to_owned())) {
        request.extensions_mut().insert(owner);
    }
    next.run(request).await
}

/// Headless Chromium with fake devices.
pub(crate) struct Browser {
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl Browser {
    pub(crate) async fn start(room: &Room) -> Self {
        let folder = playwright().await;
        let driver = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/media/browser/driver.mjs"
        );
        let mut child = Command::new("node")
            .arg(driver)
            .arg(folder)
            .arg(room.url(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed");
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            stdin,
            stdout,
            child,
        }
    }

    /// Lets a page of that name do something.
    pub(crate) async fn act<T: DeserializeOwned>(
        &mut self,
        page: &str,
        act: &str,
        given: Value,
    ) -> T {
        let line = json!({ "page": page, "act": act, "given": given }).to_string() + "\n";
        self.stdin.write_all(line.as_bytes()).await.unwrap();
        let answer = tokio::time::timeout(PATIENCE, self.stdout.next_line()).await;
        let answer = answer
            .expect("the browser answers in time")
            .unwrap()
            .expect("the browser lives");
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer.get("failed").is_none(), "{page} {act}: {answer}");
        serde_json::from_value(answer["done"].take()).unwrap()
    }

    /// Stops all its processes, so that nothing it gets is read any more.
    pub(crate) fn freeze(&self) -> Frozen {
        let mut all = vec![self.child.id().expect("it runs")];
        // each process's children stand with the thread that started them
        for at in 0.. {
            let Some(parent) = all.get(at) else { break };
            let Ok(threads) = std::fs::read_dir(format!("/proc/{parent}/task")) else {
                continue;
            };
            for thread in threads.flatten() {
                let children = std::fs::read_to_string(thread.path().join("children"));
                let children = children.unwrap_or_default();
                all.extend(
                    children
                        .split_whitespace()
                        .map(|pid| pid.parse::<u32>().unwrap()),
                );
            }
        }
        let frozen = Frozen(all);
        frozen.signal(Signal::STOP);
        frozen
    }

    pub(crate) async fn look(&mut self, page: &str) -> Value {
        self.act(page, "look", json!(null)).await
    }

    /// Looks at a page until it shows what is wanted.
    pub(crate) async fn until(
        &mut self,
        page: &str,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.look(page).await;
            if is_so(&seen) {
                return seen;
            }
            assert!(
                Instant::now() < deadline,
                "{page} never shows {what}: {seen}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A browser that does nothing until this is dropped.
pub(crate) struct Frozen(Vec<u32>);

impl Frozen {
    fn signal(&self, signal: Signal) {
        for pid in &self.0 {
            let pid = Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
            // some have ended by themselves
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.signal(Signal::CONT);
    }
}

/// The folder that playwright-core is in: the pages' own, or one where it is installed once.
async fn playwright() -> PathBuf {
    let pages = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/console/ui"));
    if pages.join("node_modules/playwright-core").exists() {
        return pages;
    }
    static INSTALLING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _one = INSTALLING.lock().await;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("browser");
    if !folder.join("node_modules/playwright-core").exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let npm = Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg("playwright-core@1.65.1")
            .status();
        assert!(
            npm.await.expect("npm is installed").success(),
            "playwright-core can be installed"
        );
    }
    folder
}
