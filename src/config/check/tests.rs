//! The check finds what is there and what is not: real folders, ports, certificates and elements;
//! sources as a probe would report them.

use super::clock::KernelClock;
use super::*;
use crate::config::{Lang, Profile};
use crate::keys::{KeySources, Keys};
use crate::room::{SourceFault, Span, Utc};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const NOW: Utc = Utc(1_790_000_000_000);

/// Ports that were free a moment ago.
fn free_ports() -> (u16, u16, u16) {
    let tcp = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let [https, ice] = tcp.each_ref().map(|t| t.local_addr().unwrap().port());
    (https, udp.local_addr().unwrap().port(), ice)
}

fn profile_with(extra: &str) -> Profile {
    let (https, udp, ice) = free_ports();
    let text = format!(
        r#"
[room]
id = "test"
name = "评标室"
city = "保山"
time_zone = "Asia/Shanghai"
[[seats]]
no = 1
x = 50
y = 50
[[cameras]]
id = "camera-1"
name = "前方"
place = "evaluation-room"
main = "rtsp://127.0.0.1:1/main"
sub = "rtsp://127.0.0.1:1/sub"
username = "u"
credential = "camera-password"
[policies]
committee_min = 1
[network]
bind = ["127.0.0.1"]
https_port = {https}
webrtc_udp_port = {udp}
ice_tcp_port = {ice}
host_names = ["localhost"]
{extra}
"#
    );
    Profile::parse(text.as_bytes(), "p.toml").unwrap_or_else(|e| panic!("{e}"))
}

fn codec(name: &str, live: bool) -> Codec {
    Codec {
        name: name.to_owned(),
        live,
    }
}

fn stream(video: Codec, audio: Option<Codec>) -> StreamSeen {
    StreamSeen {
        video: Some(video),
        size: Some((1280, 720)),
        audio,
        incomplete: false,
    }
}

fn good() -> SourceSeen {
    let main = stream(codec("H.265", false), Some(codec("AAC", false)));
    SourceSeen {
        main: Ok(main),
        sub: Some(Ok(stream(codec("H.264", true), None))),
    }
}

struct TestBox {
    folder: tempfile::TempDir,
    premises: Premises,
}

fn a_box() -> TestBox {
    let folder = tempfile::tempdir().unwrap();
    let credentials = folder.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("camera-password"), "hunter2\n").unwrap();
    let data = folder.path().join("data");
    let premises = Premises {
        data,
        credentials: Some(credentials),
        now: NOW,
    };
    TestBox { folder, premises }
}

async fn report(profile: &Profile, of: &TestBox, seen: SourceSeen) -> Report {
    check(
        profile,
        &of.premises,
        |source| {
            let Source::Camera(_, Some(sign_in)) = source else {
                panic!("a camera with its sign-in")
            };
            assert_eq!(sign_in.password.expose(), "hunter2");
            let seen = seen.clone();
            async move { seen }
        },
        std::future::ready(sealable()),
    )
    .await
}

/// An audit certificate that is good for a year, and no authority.
fn sealable() -> SealingSeen {
    SealingSeen {
        audit: Some(Ok(Utc(NOW.0 + 365 * 86_400_000))),
        pool: PoolSeen::NoHub,
        sm2: None,
        tsa: None,
    }
}

#[test]
fn what_sealing_needs_is_judged() {
    let days = |days: i64| Some(Ok(Utc(NOW.0 + days * 86_400_000)));
    let found = |audit, tsa| {
        let seen = SealingSeen {
            audit,
            tsa,
            ..sealable()
        };
        sealing::judge(seen, NOW)
    };
    let rsa = Some(Err("audit.pem: its key is RSA".to_owned()));
    for (audit, level, word) in [
        (None, Level::Warning, "none is set"),
        (days(60), Level::Ok, "valid for 60 days"),
        (days(59), Level::Warning, "ends soon"),
        (days(-2), Level::Warning, "expired"),
        (rsa, Level::Fault, "cannot be used"),
    ] {
        let [finding] = &found(audit, None)[..] else {
            panic!("an authority that is not set is no finding")
        };
        assert_eq!(finding.level, level, "{finding:?}");
        assert!(finding.result.of(Lang::En).contains(word), "{finding:?}");
        assert_eq!(finding.remedy.is_none(), level == Level::Ok);
    }
    for (sm2, level, word) in [
        (days(60), Level::Ok, "valid for 60 days"),
        (days(59), Level::Warning, "ends soon"),
        (
            Some(Err("sm2.pem: the key is no SM2 key".to_owned())),
            Level::Fault,
            "cannot be used",
        ),
    ] {
        let seen = SealingSeen { sm2, ..sealable() };
        let finding = &sealing::judge(seen, NOW)[1];
        assert_eq!(finding.level, level, "{finding:?}");
        assert!(finding.result.of(Lang::En).contains(word), "{finding:?}");
    }
    for (pool, level, word) in [
        (PoolSeen::NotSet, Level::Ok, "no attendance is stated"),
        (
            PoolSeen::Until(Utc(NOW.0 + 60 * 86_400_000)),
            Level::Ok,
            "valid for 60 days",
        ),
        (
            PoolSeen::Unfit("pool.pem: its key is RSA".to_owned()),
            Level::Warning,
            "cannot be used",
        ),
    ] {
        let seen = SealingSeen { pool, ..sealable() };
        let finding = &sealing::judge(seen, NOW)[1];
        assert_eq!(finding.level, level, "{finding:?}");
        assert!(finding.result.of(Lang::En).contains(word), "{finding:?}");
    }
    let asked = |answer| Some(("http://tsa/".to_owned(), answer));
    let good = &found(days(90), asked(Ok(())))[1];
    let bad = &found(days(90), asked(Err("no answer in time".to_owned())))[1];
    assert_eq!((good.level, bad.level), (Level::Ok, Level::Warning));
    assert!(
        bad.cause
            .as_ref()
            .unwrap()
            .of(Lang::Zh)
            .contains("no answer in time")
    );
}

fn finding<'a>(report: &'a Report, id: &str) -> &'a Finding {
    report
        .findings
        .iter()
        .find(|f| f.id == id)
        .unwrap_or_else(|| panic!("no finding {id}"))
}

const SMALL_DISK: &str = "[storage]\nmin_free = \"100 MB\"";

#[tokio::test]
async fn a_good_room_is_found_good_and_nothing_is_left_behind() {
    let of = a_box();
    let report = report(&profile_with(SMALL_DISK), &of, good()).await;
    for finding in &report.findings {
        // the clock and the disk are this machine's
        let ours = !["clock", "disk-recordings"].contains(&finding.id.as_str());
        assert!(
            !ours || finding.level == Level::Ok,
            "{}",
            report.told(Lang::En)
        );
        assert!(finding.level == Level::Ok || finding.cause.is_some() && finding.remedy.is_some());
    }
    let camera = finding(&report, "camera-1");
    assert_eq!(camera.result.of(Lang::En), "H.265 1280x720 + AAC");
    let left: Vec<_> = std::fs::read_dir(of.folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["credentials"], "the check leaves nothing behind");
    let json = serde_json::to_string(&report).unwrap();
    for said in [json, report.told(Lang::Zh), report.told(Lang::En)] {
        assert!(!said.contains("hunter2"));
    }
    assert!(
        report
            .told(Lang::Zh)
            .contains("[正常] 摄像机 前方（camera-1）：H.265 1280x720 + AAC")
    );
}

#[tokio::test]
async fn a_port_in_use_is_a_fault_unless_bidroom_itself_has_it() {
    let of = a_box();
    let profile = profile_with(SMALL_DISK);
    let _holder = TcpListener::bind(("127.0.0.1", profile.network.https_port)).unwrap();
    let found = report(&profile, &of, good()).await;
    assert_eq!(finding(&found, "port-https").level, Level::Fault);
    assert_eq!(finding(&found, "port-media").level, Level::Ok);
    assert_eq!(found.exit_code(), 2);
    let remedy = finding(&found, "port-https").remedy.clone().unwrap();
    assert!(remedy.of(Lang::En).contains("https_port"), "{remedy:?}");
    std::fs::create_dir_all(&of.premises.data).unwrap();
    let _running =
        std::os::unix::net::UnixListener::bind(of.premises.data.join("ctl.sock")).unwrap();
    let found = report(&profile, &of, good()).await;
    assert_eq!(finding(&found, "port-https").level, Level::Ok);
}

#[tokio::test]
async fn storage_that_is_too_small_or_closed_is_a_fault() {
    let of = a_box();
    let found = report(
        &profile_with("[storage]\nmin_free = \"90000 GB\""),
        &of,
        good(),
    )
    .await;
    let disk = finding(&found, "disk-recordings");
    assert_eq!(disk.level, Level::Fault);
    assert!(
        disk.cause
            .as_ref()
            .unwrap()
            .of(Lang::En)
            .contains("min_free = 90 TB")
    );
    // not even root writes there
    let found = report(
        &profile_with("[storage]\nrecordings = \"/proc/bidroom\""),
        &of,
        good(),
    )
    .await;
    let disk = finding(&found, "disk-recordings");
    assert_eq!(
        (disk.level, disk.result.of(Lang::En)),
        (Level::Fault, "not writable")
    );
}

#[tokio::test]
async fn keys_open_to_others_and_certificates_that_end_are_found() {
    let of = a_box();
    let profile = profile_with(SMALL_DISK);
    let keys = of.premises.data.join("keys");
    let sources = KeySources {
        folder: keys.clone(),
        credentials: None,
    };
    std::fs::create_dir_all(&of.premises.data).unwrap();
    Keys::open(sources, &profile.network.host_names, NOW).unwrap();
    let found = report(&profile, &of, good()).await;
    assert_eq!(finding(&found, "keys").level, Level::Ok);
    assert_eq!(finding(&found, "certificate").level, Level::Ok);

    let credentials = of.premises.credentials.clone().unwrap();
    std::fs::copy(keys.join("server.pem"), credentials.join("server.pem")).unwrap();
    let found = report(&profile, &of, good()).await;
    assert_eq!(finding(&found, "certificate").level, Level::Ok, "{found:?}");
    let elsewhere = profile_with(SMALL_DISK);
    let mut elsewhere_named = elsewhere.clone();
    elsewhere_named.network.host_names = vec!["room1.example.cn".parse().unwrap()];
    let found = report(&elsewhere_named, &of, good()).await;
    assert_eq!(finding(&found, "certificate").level, Level::Fault);
    let later = Utc(NOW.0 + 30 * 365 * 86_400_000);
    let aged = TestBox {
        premises: Premises {
            now: later,
            ..of.premises.clone()
        },
        folder: of.folder,
    };
    let found = report(&profile, &aged, good()).await;
    assert_eq!(
        finding(&found, "certificate").result.of(Lang::En),
        "expired"
    );

    open_to_all(&keys.join("vault.key"));
    let found = report(&profile, &aged, good()).await;
    let cause = finding(&found, "keys").cause.as_ref().unwrap();
    assert!(cause.of(Lang::En).contains("vault.key"), "{cause:?}");
}

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
}

#[tokio::test]
async fn a_password_that_is_not_there_is_named_with_its_place() {
    let of = a_box();
    std::fs::remove_file(
        of.premises
            .credentials
            .as_ref()
            .unwrap()
            .join("camera-password"),
    )
    .unwrap();
    let seen = |_| async { panic!("nothing is tried without the password") };
    let found = check(
        &profile_with(SMALL_DISK),
        &of.premises,
        seen,
        std::future::ready(sealable()),
    )
    .await;
    let camera = finding(&found, "camera-1");
    assert_eq!(camera.level, Level::Fault);
    assert!(
        camera
            .cause
            .as_ref()
            .unwrap()
            .of(Lang::En)
            .contains("camera-password")
    );
}

#[test]
fn what_a_camera_sends_is_judged() {
    let judge = |seen| sources::judge(&"camera-1".parse().unwrap(), "前方", seen, true);
    let h264 = || stream(codec("H.264", true), None);
    let h265 = || stream(codec("H.265", false), None);
    let silent = StreamSeen {
        video: None,
        size: None,
        audio: Some(codec("AAC", false)),
        incomplete: false,
    };
    let fault = |stage| StreamFault {
        stage,
        fault: SourceFault::Closed,
    };
    let unfinished = StreamSeen {
        incomplete: true,
        ..h264()
    };
    for (main, sub, level, word) in [
        (Ok(h264()), None, Level::Ok, ""),
        (Ok(h265()), Some(Ok(h264())), Level::Ok, ""),
        (Ok(h265()), None, Level::Fault, "H.264 sub stream"),
        (
            Ok(h265()),
            Some(Ok(h265())),
            Level::Fault,
            "H.264 sub stream",
        ),
        (Ok(silent), None, Level::Fault, "no picture"),
        (Ok(unfinished), None, Level::Warning, "announced"),
        (
            Err(fault(Stage::Connect)),
            None,
            Level::Fault,
            "closed by the camera",
        ),
        (
            Ok(h264()),
            Some(Err(fault(Stage::SignIn))),
            Level::Fault,
            "closed by the camera",
        ),
    ] {
        let found = judge(SourceSeen { main, sub });
        assert_eq!(found.level, level, "{found:?}");
        let cause = found.cause.map(|c| c.en.into_string()).unwrap_or_default();
        assert!(cause.contains(word), "{cause}");
    }
}

#[test]
fn the_clock_is_judged_by_the_policy() {
    let clock = |synchronised, offset_us, max_error_us| {
        let clock = KernelClock {
            synchronised,
            offset_us,
            max_error_us,
        };
        clock::judge(Ok(clock), Span::seconds(1)).level
    };
    assert_eq!(clock(true, 1200, 50_000), Level::Ok);
    assert_eq!(clock(false, 0, 0), Level::Warning);
    assert_eq!(clock(true, -1_000_001, 0), Level::Fault);
    assert_eq!(clock(true, 0, 2_000_000), Level::Warning);
    assert_eq!(
        clock::judge(Err(std::io::ErrorKind::PermissionDenied.into()), Span::ZERO).level,
        Level::Warning
    );
    // the kernel answers, whatever it says
    assert!(KernelClock::read().unwrap().max_error_us >= 0);
}

#[test]
fn missing_software_names_its_debian_packages() {
    let missing = [
        ("x264enc", "gstreamer1.0-plugins-ugly"),
        ("rtspsrc", "gstreamer1.0-plugins-good"),
    ];
    let found = software::judge(missing.into_iter()).unwrap();
    let remedy = found.remedy.unwrap();
    assert_eq!(
        remedy.of(Lang::Zh),
        "apt-get install gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly"
    );
    assert!(software::judge(std::iter::empty()).is_none());
}

#[tokio::test]
async fn replicas_are_looked_at_before_they_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, keys) = (folder.path().join("disk"), folder.path().join("keys"));
    let profile = profile_with(&format!(
        "[[storage.replicas]]\nid = \"disk\"\nto = {disk:?}\n\
         [[storage.replicas]]\nid = \"s3\"\nto = \"s3://abc\"\nendpoint = \"https://s3\"\ncredentials_file = {keys:?}\n"
    ));
    let premises = Premises {
        data: folder.path().join("data"),
        credentials: None,
        now: NOW,
    };
    let levels = |profile: &Profile| {
        let findings = replicas::check(profile, &premises);
        findings
            .iter()
            .map(|finding| finding.level)
            .collect::<Vec<_>>()
    };
    assert_eq!(levels(&profile), [Level::Fault, Level::Fault]);
    std::fs::create_dir(&disk).unwrap();
    std::fs::write(&keys, "aws_access_key_id = x").unwrap();
    let mode = |mode| std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(mode));
    mode(0o644).unwrap();
    // the disk is the one of the recordings
    assert_eq!(levels(&profile), [Level::Warning, Level::Warning]);
    mode(0o600).unwrap();
    let elsewhere = Premises {
        data: "/proc".into(),
        ..premises.clone()
    };
    let findings = replicas::check(&profile, &elsewhere);
    assert!(findings.iter().all(|finding| finding.level == Level::Ok));
}

#[test]
fn a_relays_token_and_ca_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, credentials) = (folder.path().join("ca.pem"), folder.path().join("c"));
    let profile = profile_with(&format!(
        "[hub]\ncity = \"baoshan\"\nbrokers = [\"mqtt://127.0.0.1\"]\n\
         keys = [\"3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29\"]\n\
         [[hub.relays]]\nid = \"city\"\nwhip = \"https://sfu.example.cn/{{feed}}\"\n\
         feeds = [\"camera-1\"]\ncredential = \"relay-city\"\nca = {ca:?}\n"
    ));
    let premises = Premises {
        data: folder.path().join("data"),
        credentials: Some(credentials.clone()),
        now: NOW,
    };
    let found = || {
        let mut findings = relays::check(&profile, &premises);
        assert_eq!(findings.len(), 1);
        findings.remove(0)
    };
    assert!(found().result.of(Lang::En).contains("token"));
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("relay-city"), "geheim\n").unwrap();
    assert!(found().result.of(Lang::En).contains("CA"));
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for wrong in ["", "-----BEGIN", certificate] {
        std::fs::write(&ca, wrong).unwrap();
        assert_eq!(found().level, Level::Warning, "{wrong}");
    }
    let keys = premises.data.join("keys");
    let sources = KeySources {
        folder: keys.clone(),
        credentials: None,
    };
    std::fs::create_dir_all(&premises.data).unwrap();
    Keys::open(sources, &profile.network.host_names, NOW).unwrap();
    std::fs::copy(keys.join("ca.pem"), &ca).unwrap();
    assert_eq!(found().level, Level::Ok, "{:?}", found());
}
