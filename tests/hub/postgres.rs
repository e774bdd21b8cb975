//! A hub whose store is in PostgreSQL: reached by TLS, waited for when it is gone, and written to by one hub alone.

use crate::broker::{Broker, free_port};
use crate::given::{Hub, folder, head, profile};
use crate::secure::Certificates;
use crate::support::{Room, until};
use bidroom::journal::Reader;
use bidroom::room::Seq;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "a password of the test";

/// A server of the test's own.
struct Server {
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

fn programs() -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is installed: apt-get install postgresql")
        .map(|entry| entry.unwrap().path().join("bin"))
        .collect();
    versions.sort();
    versions.pop().unwrap()
}

/// PostgreSQL does not run as root.
fn unprivileged(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn hand_over(path: &Path) {
    if rustix::process::geteuid().is_root() {
        let id = |what| {
            let told = Command::new("id")
                .args([what, "postgres"])
                .output()
                .unwrap();
            String::from_utf8(told.stdout).unwrap().trim().parse().ok()
        };
        chown(path, id("-u"), id("-g")).unwrap();
    }
}

impl Server {
    /// Starts one that takes passwords over TLS only.
    fn start(certificates: &Certificates) -> Self {
        let folder = tempfile::tempdir().unwrap();
        hand_over(folder.path());
        let mut server = Self {
            folder,
            port: free_port(),
            child: None,
        };
        let password = server.path("password");
        fs::write(&password, PASSWORD).unwrap();
        hand_over(&password);
        let made = unprivileged(&programs().join("initdb"))
            .args([
                "-U",
                "bidroom",
                "-A",
                "scram-sha-256",
                "-E",
                "UTF8",
                "--no-sync",
            ])
            .arg("--pwfile")
            .arg(&password)
            .arg("-D")
            .arg(server.path("data"))
            .current_dir("/")
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let identity = server.path("identity.pem");
        fs::copy(certificates.of("localhost"), &identity).unwrap();
        hand_over(&identity);
        fs::set_permissions(
            &identity,
            std::os::unix::fs::PermissionsExt::from_mode(0o600),
        )
        .unwrap();
        let access = "local all all trust\nhostssl all all all scram-sha-256\n";
        fs::write(server.path("data/pg_hba.conf"), access).unwrap();
        server.go_on();
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn go_on(&mut self) {
        let identity = self.path("identity.pem");
        let sets = [
            "listen_addresses=127.0.0.1".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", identity.display()),
            format!("ssl_key_file={}", identity.display()),
            format!("unix_socket_directories={}", self.folder.path().display()),
        ];
        let log = fs::File::create(self.path("log")).unwrap();
        let mut command = unprivileged(&programs().join("postgres"));
        command
            .arg("-D")
            .arg(self.path("data"))
            .args(["-p", &self.port.to_string()]);
        for set in sets {
            command.arg("-c").arg(set);
        }
        let child = command
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        self.child = Some(child.stderr(log).spawn().unwrap());
        let began = Instant::now();
        while self.try_ask("SELECT 1").is_none() {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(20), "{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it without a word to its clients.
    fn kill(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        // the server itself, not who runs it: SIGQUIT is its immediate shutdown
        let pid = fs::read_to_string(self.path("data/postmaster.pid")).unwrap_or_default();
        let pid = pid.lines().next().and_then(|line| line.parse().ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::QUIT);
        }
        let _ = child.wait();
    }

    fn try_ask(&self, sql: &str) -> Option<String> {
        let told = Command::new(programs().join("psql"))
            .args(["-U", "bidroom", "-d", "postgres", "-At", "-p"])
            .arg(self.port.to_string())
            .arg("-h")
            .arg(self.folder.path())
            .args(["-c", sql])
            .output()
            .unwrap();
        let text = String::from_utf8(told.stdout).unwrap();
        told.status.success().then(|| text.trim().to_owned())
    }

    fn stored(&self) -> u64 {
        let told = self.try_ask("SELECT coalesce(max(seq), 0) FROM events");
        told.and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

#[tokio::test]
async fn a_city_that_outgrew_a_file_loses_and_doubles_nothing_when_its_database_is_killed() {
    let certificates = Certificates::new();
    let mut server = Server::start(&certificates);
    let password = certificates.folder.path().join("password");
    fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    assert_eq!(
        fs::metadata(&password).unwrap().uid(),
        rustix::process::getuid().as_raw()
    );
    let section = format!(
        "[database]\nhost = \"localhost\"\nport = {}\nname = \"postgres\"\npassword_file = {password:?}\nca = {:?}\n",
        server.port,
        certificates.ca()
    );
    let broker = Broker::start();
    let hub = Hub::start_with(&broker.url(), &["baoshan-1"], &section);
    let place = folder(&profile("baoshan-1", &broker.url(), &hub.key), 2_500);
    let room = Room::start_in(place);
    until("some entries are stored", || server.stored() > 100).await;
    server.kill();
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.go_on();
    until("all is stored", || server.stored() == head(&room)).await;
    // one hub writes; another one says so and goes
    let mut second = Hub::start_with(&broker.url(), &["baoshan-1"], &section);
    until("the second one has said why it goes", || {
        second
            .log()
            .contains("another bidroom hub uses this database")
            || second.has_ended()
    })
    .await;
    assert!(
        second
            .log()
            .contains("another bidroom hub uses this database"),
        "{}",
        second.log()
    );
    // what the board reads comes from there
    let operator = hub.operator().await;
    let events = operator
        .get_json("/api/rooms/baoshan-1/events?limit=3")
        .await;
    assert_eq!(events[0]["seq"], head(&room));
    let lines = Reader::open(&room.data().join("journal.sqlite"))
        .unwrap()
        .lines(Seq(0), usize::MAX)
        .unwrap();
    let all = server
        .try_ask("SELECT seq || ' ' || encode(line, 'hex') FROM events ORDER BY seq")
        .unwrap();
    let mut count = 0;
    for (stored, (seq, line)) in all.lines().zip(&lines) {
        assert_eq!(stored, format!("{} {}", seq.0, hex::encode(line)));
        count += 1;
    }
    assert_eq!(count, lines.len());
    assert_eq!(server.try_ask("SELECT count(*) FROM trail").unwrap(), "0");
    assert!(!fs::exists(hub.data().join("hub.sqlite")).unwrap());
}
