//! The peers' processes, which scripts start for the demo room as well.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

static PORT: AtomicU16 = AtomicU16::new(0);

/// A port range of this test's own: tests of one binary run in processes of their own.
fn port() -> u16 {
    // below the ports that the system gives out
    let base = 10_000 + u16::try_from(std::process::id() % 60).unwrap() * 300;
    base + PORT.fetch_add(300, Ordering::SeqCst)
}

/// A peer that ends with the test.
pub(crate) struct Peer {
    child: Child,
}

impl Peer {
    fn start(script: &str, arguments: &[String]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new("/usr/bin/python3")
            .arg(root.join("scripts").join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let _ready: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|e| panic!("{script}: {e}: {line}"));
        Self { child }
    }

    /// Gateway and phones; the gateway's port.
    pub(crate) fn phones(folder: &Path, more: &[&str]) -> (Self, u16) {
        let port = port();
        let mut arguments = vec!["--hurry".to_owned(), "--port".to_owned(), port.to_string()];
        arguments.extend(["--folder".to_owned(), folder.display().to_string()]);
        arguments.extend(more.iter().map(|m| (*m).to_owned()));
        (Self::start("phones.py", &arguments), port)
    }

    /// A modem.
    pub(crate) fn modem(folder: &Path, model: &str) -> Self {
        let arguments = [
            "--hurry",
            "--model",
            model,
            "--folder",
            &folder.display().to_string(),
        ];
        Self::start("modem.py", &arguments.map(str::to_owned))
    }

    /// Says something to it.
    pub(crate) fn tell(&mut self, word: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{word}").unwrap();
        stdin.flush().unwrap();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}
