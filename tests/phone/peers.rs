//! The peers' processes, which scripts start for the demo room as well.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A peer that ends with the test.
pub(crate) struct Peer {
    child: Child,
}

impl Peer {
    /// The peer, and what it says once it is ready.
    fn start(script: &str, arguments: &[String]) -> (Self, serde_json::Value) {
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
        let ready: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|e| panic!("{script}: {e}: {line}"));
        (Self { child }, ready)
    }

    /// Gateway and phones; the gateway's port.
    pub(crate) fn phones(folder: &Path, more: &[&str]) -> (Self, u16) {
        let folder = folder.display().to_string();
        let mut arguments = ["--hurry", "--port", "0", "--folder", &folder]
            .map(str::to_owned)
            .to_vec();
        arguments.extend(more.iter().map(|m| (*m).to_owned()));
        let (phones, ready) = Self::start("phones.py", &arguments);
        (
            phones,
            serde_json::from_value(ready["port"].clone()).unwrap(),
        )
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
        Self::start("modem.py", &arguments.map(str::to_owned)).0
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
