//! A session is recorded on without any network: in a network namespace of its own, whose only link goes down.

use crate::cameras::Cameras;
use crate::kills::start_session;
use crate::recorded::{self, folder_of, gaps, segments};
use crate::support::{Room, disks, until};
use bidroom::archive::index::records;
use rustix::process::Signal;
use std::process::Command;

const CAMERA: &str = "camera-1";

fn ip(words: &str) {
    let status = Command::new("ip").args(words.split(' ')).status();
    assert!(
        status.expect("iproute2 is installed").success(),
        "ip {words}"
    );
}

#[test]
fn recording_goes_on_when_the_network_goes() {
    if !disks::can_mount() {
        return;
    }
    let output = Command::new("unshare")
        .arg("--net")
        .arg(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "no_network::child_that_records_in_a_namespace",
            "--nocapture",
        ])
        .env("BIDROOM_TEST_NAMESPACE", "1")
        .output()
        .expect("unshare");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("recorded without a network"), "{told}");
}

/// Not a check of its own: what the test before it starts.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_records_in_a_namespace() {
    if std::env::var_os("BIDROOM_TEST_NAMESPACE").is_none() {
        return;
    }
    for words in [
        "link set lo up",
        "link add room type veth peer name city",
        "address add 10.99.0.1/24 dev room",
        "link set room up",
        "link set city up",
        "route add default via 10.99.0.2",
    ] {
        ip(words);
    }
    let cameras = Cameras::serve(CAMERA);
    let profile = recorded::profile(&cameras, &[CAMERA], None);
    let profile = profile.replace(
        "bind = [\"127.0.0.1\"]",
        "bind = [\"127.0.0.1\", \"10.99.0.1\"]",
    );
    let mut room = Room::start_with(&profile).await;
    start_session(&room.data()).await;
    let folder = folder_of(&room.data(), CAMERA);
    let closed = || segments(&records(&folder).unwrap_or_default()).count();
    until("a file is closed", || closed() >= 1).await;
    ip("link set room down");
    let before = closed();
    until("two more are", || closed() >= before + 2).await;
    room.end(Signal::TERM);
    let records = recorded::sound(&folder);
    assert_eq!(gaps(&records).count(), 0, "{records:#?}");
    recorded::nothing_is_missing_unsaid(&records);
    eprintln!(
        "recorded without a network: {} files",
        segments(&records).count()
    );
}
