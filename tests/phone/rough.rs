//! A rough network between gateway and phone: packets late, in another order, or lost. The notice is still understood, by a recogniser of
//! speech, and every key is right; where 40 % is lost the same measure fails.

use crate::desk::{Desk, line, tones};
use crate::peers::Peer;
use bidroom::phone::sip::{Transport, Trunk, TrunkSettings};
use bidroom::phone::voice::Engine;
use bidroom::phone::{OpenLine, wav};
use bidroom::room::{
    Answer, AttemptId, CallEnd, CallProgress, Key, LineId, LineKind, LineState, Script,
};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const NOTICE: &str = "您好，这里是评标专家自动语音通知。请您于十一月二十七日上午九点到保山市评标一室参加评标。预计用时三小时。参加请按一，不参加请按二，重复收听请按星号键。";

/// Ten keywords; each by the spellings of its sound that a recogniser may choose.
const KEYWORDS: [&[&str]; 10] = [
    &["自动", "自動"],
    &["语音", "語音", "与阴", "于音", "与音", "雨音"],
    &["通知", "同志"],
    &["11月", "十一月"],
    &["27日", "二十七日"],
    &["上午"],
    &["9点", "九点", "9點", "九點"],
    &["宝山", "保山", "寶山"],
    &["3小时", "三小时", "三小時", "3小時"],
    &["不参加", "不參加"],
];

pub(crate) fn ears() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/tools/ears/bin/python");
    assert!(
        python.exists(),
        "no recogniser: run scripts/test, or need_ears of scripts/lib.sh"
    );
    let mut command = Command::new(python);
    command.arg(root.join("tests/phone/ears.py"));
    command
}

/// The notice in Mandarin, spoken by a model.
fn spoken(folder: &Path) -> PathBuf {
    let file = folder.join("notice.wav");
    let mut child = ears()
        .arg("speak")
        .arg(&file)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(NOTICE.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    file
}

/// What a recogniser writes down of each file.
pub(crate) fn written_down(files: &[PathBuf]) -> Vec<String> {
    let heard = ears().arg("hear").args(files).output().unwrap();
    assert!(
        heard.status.success(),
        "{}",
        String::from_utf8_lossy(&heard.stderr)
    );
    let heard = String::from_utf8(heard.stdout).unwrap();
    println!("{heard}");
    heard.lines().map(str::to_owned).collect()
}

/// How many keywords stand in a text, by any of their spellings.
pub(crate) fn keywords(text: &str, all: &[&[&str]]) -> usize {
    let has = |spellings: &&&[&str]| spellings.iter().any(|s| text.contains(s));
    all.iter().filter(has).count()
}

/// How many keywords stand in what was heard of each file.
fn understood(files: &[PathBuf]) -> Vec<usize> {
    let heard = written_down(files);
    heard.iter().map(|text| keywords(text, &KEYWORDS)).collect()
}

/// What a phone has heard, as it dumped it once the call was over.
fn heard(phone: &Path) -> PathBuf {
    let began = std::time::Instant::now();
    loop {
        let files = std::fs::read_dir(phone).unwrap().map(|f| f.unwrap().path());
        let name = |file: &PathBuf| file.to_string_lossy().ends_with("-dec.wav");
        if let Some(file) = files.into_iter().find(name) {
            return file;
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "no dump in {}",
            phone.display()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn lines(port: u16, many: usize) -> Vec<(LineId, OpenLine)> {
    let trunk = Trunk::new(TrunkSettings {
        host: "127.0.0.1".to_owned(),
        port,
        transport: Transport::Udp,
        user: "bidroom".to_owned(),
        password: None,
        register: false,
        sound_ports: None,
        authorities: Vec::new(),
    });
    tokio::spawn(trunk.clone().run());
    let shared = Arc::new(trunk);
    (1..=many)
        .map(|n| line(&format!("sip-{n}"), shared.clone(), LineKind::Sip))
        .collect()
}

fn keys(desk: &Desk, attempt: &AttemptId) -> usize {
    let key = CallProgress::Key { key: Key::ONE };
    desk.progress(attempt).iter().filter(|p| **p == key).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_rough_network_the_notice_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_owned();
    let notice = tokio::task::spawn_blocking(move || spoken(&at))
        .await
        .unwrap();
    let phones = folder.path().join("phones");
    // they press once they have heard all of it
    let (_phones, port) = Peer::phones(&phones, &["--faults", "--listen", "38"]);
    let short = folder.path().join("short.wav");
    std::fs::write(&short, wav::write(&vec![3_000; 8_000], 1)).unwrap();
    // the notice in full, all else in a second
    let says = format!(
        "if grep -q 预计; then cat {}; else cat {}; fi",
        notice.display(),
        short.display()
    );
    let engine = Engine::Program {
        command: ["sh", "-c", &says].map(str::to_owned).to_vec(),
    };
    let place = tempfile::tempdir().unwrap();
    let desk = Desk::start_in(place, lines(port, 2), Duration::from_secs(10), engine).await;
    desk.until_line("sip-1", LineState::Ready).await;
    let rough = desk.place("sip-1", "13800138898", Script::Notice);
    let hopeless = desk.place("sip-2", "13800138897", Script::Notice);
    let (end, _) = desk.ended(&rough).await;
    assert_eq!(end, CallEnd::Confirmed(Answer::Attends));
    assert_eq!(keys(&desk, &rough), 2);
    // whether it is understood there does not matter: what was heard until now is as much
    desk.want(&hopeless, None);
    desk.ended(&hopeless).await;
    let heard = [898, 897].map(|n| heard(&phones.join(format!("phone-{n}"))));
    let understood = understood(&heard);
    println!(
        "keywords of 10: {} at 5 %, {} at 40 %",
        understood[0], understood[1]
    );
    assert!(understood[0] >= 9, "{understood:?}");
    assert!(
        understood[1] < 9,
        "a recogniser that hears through everything shows nothing: {understood:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_rough_network_keys_are_right() {
    let folder = tempfile::tempdir().unwrap();
    let (_phones, port) = Peer::phones(&folder.path().join("phones"), &["--faults"]);
    let engine = tones(&folder.path().join("engine"));
    let place = tempfile::tempdir().unwrap();
    let desk = Desk::start_in(place, lines(port, 1), Duration::from_secs(10), engine).await;
    desk.until_line("sip-1", LineState::Ready).await;
    let calls = std::env::var("ROUGH_CALLS").ok();
    let calls: usize = calls.and_then(|n| n.parse().ok()).unwrap_or(3);
    for call in 0..calls {
        let attempt = desk.place("sip-1", "13800138898", Script::Notice);
        let (end, _) = desk.ended(&attempt).await;
        let progress = desk.progress(&attempt);
        assert_eq!(
            end,
            CallEnd::Confirmed(Answer::Attends),
            "call {call}: {progress:?}"
        );
        assert_eq!(keys(&desk, &attempt), 2, "call {call}: {progress:?}");
    }
}
