//! Owns a mosquitto of the test's own: plain MQTT on loopback, killed and started at will.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A broker.
pub(crate) struct Broker {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Broker {
    /// Starts one that keeps nothing on the disk: whatever a kill can lose, it loses.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// The same, with more settings.
    pub(crate) fn start_with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let settings = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n{more}\n"
        );
        fs::write(folder.path().join("mosquitto.conf"), settings).unwrap();
        let mut broker = Self {
            folder,
            port,
            child: None,
        };
        broker.go_on();
        broker
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Kills it as a power cut does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again.
    pub(crate) fn go_on(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let program = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"]
            .map(PathBuf::from)
            .into_iter()
            .find(|program| program.exists())
            .expect("mosquitto is installed: apt-get install mosquitto");
        let child = Command::new(program)
            .arg("-c")
            .arg(self.folder.path().join("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "no broker");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Publishes bytes to a topic, as anybody may who reaches the broker.
    pub(crate) fn publish(&self, topic: &str, payload: &[u8], retained: bool) {
        let file = self
            .folder
            .path()
            .join(format!("{:x}", rand::random::<u64>()));
        fs::write(&file, payload).unwrap();
        let mut publish = Command::new("mosquitto_pub");
        publish
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-q",
                "1",
                "-t",
                topic,
                "-f",
            ])
            .arg(&file);
        if retained {
            publish.arg("-r");
        }
        let done = publish.output().expect("apt-get install mosquitto-clients");
        assert!(done.status.success(), "{done:?}");
    }

    /// Everything that is said under a filter, from now on.
    pub(crate) fn listen(&self, filter: &str) -> Ears {
        self.listen_for(filter, "%t\t%r\t%p")
    }

    /// The same, but what MQTT 5 says beside each message: the topic to answer to, the correlation data, seconds until it expires.
    pub(crate) fn listen_beside(&self, filter: &str) -> Ears {
        self.listen_for(filter, "%t\t%r\t%R|%D|%E")
    }

    fn listen_for(&self, filter: &str, format: &str) -> Ears {
        let file = self
            .folder
            .path()
            .join(format!("heard-{:x}", rand::random::<u64>()));
        let heard = fs::File::create(&file).unwrap();
        let child = Command::new("mosquitto_sub")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-q", "1"])
            .args(["-V", "mqttv5", "-F", format, "-t", filter])
            .stdin(Stdio::null())
            .stdout(heard)
            .spawn()
            .expect("apt-get install mosquitto-clients");
        std::thread::sleep(Duration::from_millis(200));
        Ears { file, child }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What somebody heard.
pub(crate) struct Ears {
    file: PathBuf,
    child: Child,
}

impl Ears {
    /// The messages so far: topic, whether it was retained, payload.
    pub(crate) fn heard(&self) -> Vec<(String, bool, String)> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        text.lines()
            .filter_map(|line| {
                let mut parts = line.splitn(3, '\t');
                let (topic, retained) = (parts.next()?, parts.next()?);
                Some((topic.to_owned(), retained == "1", parts.next()?.to_owned()))
            })
            .collect()
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
