//! The preflight finds what is missing before a committee waits for it, on the page as on the command line.

use crate::archive::{authority, certificate, does};
use crate::cameras::{Cameras, PASSWORD, USER};
use crate::session::{Evaluation, profile_with};
use crate::support::{Browser, Room, committee, profile};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// `bidroom check` with more in the profile's section on storage. Gives its exit code and findings.
fn check(folder: &Path, storage: &str, environment: &[(&str, &Path)]) -> (i32, Value) {
    let text = profile().replace("[storage]\n", &format!("[storage]\n{storage}"));
    let file = folder.join("profile.toml");
    fs::write(&file, text).expect("written");
    let told = Command::new(env!("CARGO_BIN_EXE_bidroom"))
        .arg("check")
        .arg("--profile")
        .arg(&file)
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--json")
        .envs(environment.iter().copied())
        .output()
        .expect("it runs");
    let report: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    (told.status.code().expect("a code"), report)
}

#[track_caller]
fn finding<'a>(report: &'a Value, id: &str) -> &'a Value {
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("no finding {id}: {report}"))
}

#[test]
fn check_says_whether_personal_data_can_be_sealed_and_the_moment_confirmed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    certificate(folder, "soon", &[]);
    certificate(folder, "long", &["-days", "400"]);
    let rsa =
        "req -x509 -newkey rsa:2048 -nodes -days 400 -subj /CN=rsa -keyout rsa.key -out rsa.pem";
    does(folder, "openssl", &rsa.split(' ').collect::<Vec<_>>());
    let named = |name: &str| format!("audit_certificate = {:?}\n", folder.join(name));
    for (storage, level, word) in [
        (String::new(), "warning", "none is set"),
        (named("soon.pem"), "warning", "ends soon"),
        (named("long.pem"), "ok", "valid for"),
        (named("rsa.pem"), "fault", "cannot be used"),
        (named("missing.pem"), "fault", "cannot be used"),
    ] {
        let (_, report) = check(folder, &storage, &[]);
        let found = finding(&report, "audit-certificate");
        assert_eq!(found["level"], level, "{found}");
        assert!(
            found["result"]["en"].as_str().expect("text").contains(word),
            "{found}"
        );
        let told = ["cause", "remedy"].map(|part| &found[part]["zh"]);
        assert!(
            level == "ok" || told.iter().all(|text| text.is_string()),
            "{found}"
        );
    }

    let port = authority(folder, None);
    let site = &[
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    certificate(folder, "site", site);
    let secret = authority(folder, Some("site"));
    let trusted = folder.join("site.pem");
    let tsa = |url: String| format!("tsa = \"{url}\"\n");
    for (storage, environment, level, word) in [
        (tsa(format!("http://127.0.0.1:{port}/tsr")), None, "ok", ""),
        (
            tsa(format!("https://localhost:{secret}/tsr")),
            Some(&trusted),
            "ok",
            "",
        ),
        (
            tsa(format!("https://localhost:{secret}/tsr")),
            None,
            "warning",
            "certificate",
        ),
        (
            tsa("http://127.0.0.1:9/".to_owned()),
            None,
            "warning",
            "refused",
        ),
    ] {
        let environment: Vec<_> = environment
            .iter()
            .map(|file| ("SSL_CERT_FILE", file.as_path()))
            .collect();
        let (code, report) = check(folder, &storage, &environment);
        let found = finding(&report, "time-stamp");
        assert_eq!(found["level"], level, "{found}");
        let cause = found["cause"]["en"].as_str().unwrap_or_default();
        assert!(cause.contains(word), "{found}");
        // the camera does not answer
        assert_eq!(code, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preflight_records_and_plays_back_a_test_and_says_what_is_missing() {
    let cameras = Cameras::serve("camera-1,old-camera");
    let folder = tempfile::tempdir().expect("a folder");
    let rsa =
        "req -x509 -newkey rsa:2048 -nodes -days 400 -subj /CN=rsa -keyout rsa.key -out rsa.pem";
    does(
        folder.path(),
        "openssl",
        &rsa.split(' ').collect::<Vec<_>>(),
    );
    let storage = format!(
        "[storage]\naudit_certificate = {:?}\ntsa = \"http://127.0.0.1:9/\"\n",
        folder.path().join("rsa.pem")
    );
    // one that sends motion JPEG, and sound that could be recorded
    let old = format!(
        "[[cameras]]\nid = \"old-camera\"\nname = \"旧\"\nplace = \"evaluation-room\"\n\
         main = \"rtsp://127.0.0.1:{}/old-camera/main\"\nusername = \"{USER}\"\npassword = \"{PASSWORD}\"\n[policies]",
        cameras.port
    );
    let profile = profile_with(&cameras).replace("[storage]\n", &storage);
    let room = Room::start_with(&profile.replace("[policies]", &old)).await;
    let technician = room.signed_in("technician").await;
    let view = "/api/live/technician";
    let began = Instant::now();
    let is_settled = |view: &Value| {
        let feeds = view["feeds"].to_string();
        view["feeds"][0]["source"] == "live" && feeds.contains("nothing_usable")
    };
    while !is_settled(&technician.view(view).await) {
        assert!(began.elapsed() < Duration::from_secs(30), "{}", room.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let results = run(&room, &technician).await;
    let of = |item: &str| of(&results, item);
    let judged = |item: &str| {
        (
            of(item)["verdict"].clone(),
            of(item)["fault"]["kind"].clone(),
        )
    };
    assert_eq!(
        judged("test-recording"),
        (json!("passed"), Value::Null),
        "{results}"
    );
    assert!(
        of("test-recording")["detail"]
            .as_str()
            .expect("text")
            .starts_with("1 · "),
        "{results}"
    );
    assert_eq!(
        judged("camera-1"),
        (json!("passed"), Value::Null),
        "{results}"
    );
    let of_old = &of("old-camera")["fault"];
    assert_eq!(
        *of_old,
        json!({"kind": "not_showable", "codec": "JPEG"}),
        "{results}"
    );
    assert_eq!(judged("certificate").0, "passed", "{results}");
    assert_eq!(
        judged("audit-certificate"),
        (json!("failed"), json!("audit_certificate_unfit"))
    );
    assert_eq!(
        judged("time-stamp"),
        (json!("attention"), json!("no_time_stamp"))
    );
    assert_eq!(
        judged("seat-1"),
        (json!("attention"), json!("not_enrolled"))
    );
    // a disk that does not say that it is well is not said to be: here smartctl decides
    assert_eq!(
        of("disk-health")["verdict"] == "passed",
        says_well(&room.data()),
        "{results}"
    );
    let sessions = room.data().join("preflight");
    assert!(!sessions.exists(), "the test recording is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_recorded_is_not_disturbed_by_a_test_recording() {
    let names = ["张三丰", "李四光", "王五六", "赵六七", "钱七八"];
    let evaluation = Evaluation::started(&committee(&names)).await;
    let results = run(&evaluation.room, &evaluation.technician).await;
    let tested = of(&results, "test-recording");
    assert_eq!(tested["verdict"], "attention", "{results}");
    assert_eq!(tested["fault"]["kind"], "session_recorded", "{results}");
    assert!(!evaluation.room.data().join("preflight").exists());
}

/// Runs the preflight, and gives its results.
pub(crate) async fn run(room: &Room, technician: &Browser) -> Value {
    let began = Instant::now();
    let before = technician.view("/api/live/technician").await["preflight"].clone();
    let id = format!("p-{}", jiff::Timestamp::now().as_nanosecond());
    let order = json!({"id": id, "session": null, "command": {"type": "run_preflight"}});
    let taken = technician.post("/api/commands", order).await;
    assert!(taken.status().is_success());
    loop {
        let view = technician.view("/api/live/technician").await;
        if view["preflight"]["state"] == "done" && view["preflight"] != before {
            return view["preflight"]["results"].clone();
        }
        assert!(began.elapsed() < Duration::from_secs(90), "{}", room.log());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[track_caller]
pub(crate) fn of(results: &Value, item: &str) -> Value {
    let mut all = results.as_array().expect("results").iter();
    let found = all.find(|result| result["item"] == item);
    found
        .unwrap_or_else(|| panic!("no {item}: {results}"))
        .clone()
}

/// What smartctl itself says of the disk below a folder.
fn says_well(folder: &Path) -> bool {
    let shown = folder.to_str().expect("a path");
    let device = does(folder, "findmnt", &["-no", "SOURCE", "-T", shown]);
    let device = String::from_utf8_lossy(&device).trim().to_owned();
    let told = Command::new("/usr/sbin/smartctl")
        .args(["-H", &device])
        .output()
        .expect("smartmontools is installed");
    String::from_utf8_lossy(&told.stdout).contains("PASSED")
}
