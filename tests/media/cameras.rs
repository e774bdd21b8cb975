//! Owns `scripts/cameras.py` as a process of its own: a real RTSP server to test against.

use bidroom::media::capture::{Password, RtspSource, Source};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub(crate) const USER: &str = "viewer";
pub(crate) const PASSWORD: &str = "a test's own";

#[derive(Debug)]
pub(crate) struct Cameras {
    child: Child,
    pub(crate) port: u16,
}

impl Cameras {
    /// Serves these cameras on a free port.
    pub(crate) fn serve(only: &str) -> Self {
        Self::serve_at(only, 0)
    }

    /// Serves these cameras with B-frames in their main streams.
    pub(crate) fn serve_with_b_frames(only: &str) -> Self {
        Self::start(only, 0, &["--b-frames"])
    }

    /// Serves these cameras on that port; `0` is a free one.
    pub(crate) fn serve_at(only: &str, port: u16) -> Self {
        Self::start(only, port, &[])
    }

    pub(crate) fn start(only: &str, port: u16, more: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/cameras.py");
        let mut child = Command::new("/usr/bin/python3")
            .args([
                script,
                "--user",
                USER,
                "--password",
                PASSWORD,
                "--only",
                only,
            ])
            .args(["--port", &port.to_string()])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let told: serde_json::Value =
            serde_json::from_str(&line).expect("cameras.py says its port");
        let port = u16::try_from(told["port"].as_u64().unwrap()).unwrap();
        Self { child, port }
    }

    /// Both streams of a camera, as a profile would name them.
    pub(crate) fn source(&self, camera: &str) -> Source {
        Source::Rtsp {
            main: stream(self.port, &format!("{camera}/main")),
            sub: Some(stream(self.port, &format!("{camera}/sub"))),
        }
    }

    /// Stops it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Freezes it: its connections stay open and nothing comes.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([&format!("-{name}"), &id])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Cameras {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn stream(port: u16, path: &str) -> RtspSource {
    RtspSource {
        url: format!("rtsp://127.0.0.1:{port}/{path}").parse().unwrap(),
        username: USER.into(),
        password: Password::from(PASSWORD.to_owned()),
    }
}
