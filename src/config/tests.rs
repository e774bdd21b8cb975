//! The shipped profiles are right, every wrong one is refused at its line, and nothing panics.

use super::*;
use crate::room::{
    Anomaly, FeedKind, PhaseKind, Place, Policies, RuleNumbers, SeatNo, Span, TimeOfDay,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const GOOD: &str = r#"[room]
id = "test-1"
name = "评标一室"
city = "保山"
time_zone = "Asia/Shanghai"

[[seats]]
no = 1
x = 10
y = 10

[[seats]]
no = 2
x = 90
y = 10

[[cameras]]
id = "camera-1"
name = "前方"
place = "evaluation-room"
main = "rtsp://10.0.0.1:554/main"
sub = "rtsp://10.0.0.1/sub"
username = "u"
password = "hunter2-secret"

[policies]
committee_min = 2
grace = "30m"

[[recording]]
kinds = ["camera"]
phases = ["in-session"]

[network]
https_port = 8443
host_names = ["localhost"]
ice_tcp_port = 8444
"#;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("room-profiles")
        .join(name)
}

fn parse(text: &str) -> Result<Profile, ProfileError> {
    Profile::parse(text.as_bytes(), "p.toml")
}

fn faults(text: &str) -> Vec<Fault> {
    parse(text)
        .err()
        .map(|e| e.faults().to_vec())
        .unwrap_or_default()
}

#[test]
fn shipped_profiles_are_right() {
    for (name, seats, cameras) in [("municipal-9", 9, 6), ("county-7", 7, 4), ("demo", 9, 6)] {
        let profile = Profile::load(shipped(&format!("{name}.toml")))
            .unwrap_or_else(|e| panic!("{}", e.told(Lang::En)));
        let layout = profile.layout();
        assert_eq!(
            (layout.seats.len(), profile.cameras.len()),
            (seats, cameras),
            "{name}"
        );
        let places: BTreeSet<_> = profile.cameras.iter().map(|c| c.place).collect();
        let rooms = [Place::EvaluationRoom, Place::QaRoom, Place::SupervisionRoom];
        assert_eq!(places, BTreeSet::from(rooms), "{name}");
        let ids: BTreeSet<_> = layout.feeds.iter().map(|f| &f.id).collect();
        assert_eq!(
            ids.len(),
            cameras + 2 * seats + 1,
            "{name}: a face and a screen a seat"
        );
        assert!(!layout.feeds.iter().any(|f| f.simulated), "{name}");
        assert_ne!(profile.sha256(), [0; 32]);
    }
}

/// Whoever takes the marks of comment away has a profile that is right.
#[test]
fn what_shipped_profiles_only_suggest_is_right_too() {
    let is_setting = |line: &str| {
        let key = line.split_once(" = ").map_or("", |(key, _)| key);
        line.starts_with('[')
            || (!key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    for name in ["municipal-9", "county-7"] {
        let text = std::fs::read_to_string(shipped(&format!("{name}.toml"))).unwrap();
        let mut suggested = 0;
        let lines = text.lines().map(|line| match line.strip_prefix("# ") {
            Some(setting) if is_setting(setting) => {
                suggested += 1;
                setting
            }
            Some(_) | None => line,
        });
        let whole = lines.collect::<Vec<_>>().join("\n");
        assert!(suggested > 15, "{name}: {suggested}");
        let profile = parse(&whole).unwrap_or_else(|e| panic!("{name}: {}", e.told(Lang::En)));
        assert_eq!(profile.storage.replicas.len(), 2);
        assert!(profile.storage.tsa.is_some() && profile.hub.is_some());
    }
}

#[test]
fn a_written_out_default_is_the_default() {
    let municipal = Profile::load(shipped("municipal-9.toml")).unwrap();
    assert_eq!(municipal.policies(), Policies::default());
    let demo = Profile::load(shipped("demo.toml")).unwrap();
    assert_eq!(
        demo.policies(),
        Policies {
            overnight_lock: None,
            ..Policies::default()
        }
    );
    let standard = parse(GOOD).unwrap();
    assert_eq!(standard.access, municipal.access);
    assert_eq!(standard.media, municipal.media);
    assert_eq!(standard.detectors, municipal.detectors);
}

#[test]
fn values_become_domain_types() {
    let profile = parse(GOOD).unwrap();
    assert_eq!(profile.seats[1].no, SeatNo(2));
    assert_eq!(profile.policies().grace, Span::minutes(30));
    assert_eq!(
        profile.policies().recording[0].phases,
        BTreeSet::from([PhaseKind::InSession])
    );
    let layout = profile.layout();
    let face = layout.feed(&"seat-2-face".parse().unwrap()).unwrap();
    assert_eq!(
        (face.kind, face.place),
        (FeedKind::Face, Place::Seat(SeatNo(2)))
    );
    let VideoSource::Rtsp(source) = &profile.cameras[0].source else {
        panic!("a network camera")
    };
    assert_eq!(
        source.sub.as_ref().unwrap().to_string(),
        "rtsp://10.0.0.1:554/sub"
    );
    let sign_in = source.sign_in(None).unwrap().unwrap();
    assert_eq!(
        (sign_in.username.as_str(), sign_in.password.expose()),
        ("u", "hunter2-secret")
    );
    assert!(
        !format!("{profile:?}").contains("hunter2"),
        "a password is shown"
    );
}

#[test]
fn a_camera_at_the_box_and_a_made_one() {
    let with = |lines: &str| {
        let network = GOOD.lines().filter(|l| {
            !["main", "sub", "user", "passw"]
                .iter()
                .any(|k| l.starts_with(k))
        });
        let text: Vec<_> = network
            .map(|l| l.replace("place = ", &format!("{lines}\nplace = ")))
            .collect();
        parse(&text.join("\n")).unwrap_or_else(|e| panic!("{e}"))
    };
    let device = with("device = \"/dev/video0\"\naudio = \"hw:1\"\nformat = \"raw\"");
    let VideoSource::Device { format, audio, .. } = &device.cameras[0].source else {
        panic!("a device")
    };
    assert_eq!(
        (*format, audio.as_deref()),
        (PictureFormat::Raw, Some("hw:1"))
    );
    assert!(!device.layout().feeds[0].simulated);
    let made = with("test_pattern = \"640x360@15 500 kbit/s\"");
    assert!(
        made.layout().feeds[0].simulated,
        "a made picture can rehearse only"
    );
}

/// What is changed in the good profile, the line the fault must name, its key, and a word of it.
#[rustfmt::skip]
const WRONG: &[(&str, &str, usize, &str, &str)] = &[
    ("name = \"评标一室\"", "nmae = \"评标一室\"", 3, "room.nmae", "did you mean name"),
    ("id = \"test-1\"\n", "", 1, "room.id", "missing"),
    ("id = \"test-1\"", "id = \"评标\"", 2, "room.id", "lower-case"),
    ("city = \"保山\"", "city = 5", 4, "room.city", "double quotes"),
    ("Asia/Shanghai", "Asia/Beijing", 5, "room.time_zone", "Asia/Shanghai"),
    ("no = 2", "no = 1", 13, "seats.no", "line 8"),
    ("no = 2", "no = 0", 13, "seats[2].no", "1 to 99"),
    ("x = 90", "x = 101", 14, "seats[2].x", "outside the map"),
    ("x = 90", "x = 12", 13, "seats.x", "covers seat 1"),
    ("x = 90", "x = -1", 14, "seats[2].x", "0 to 255"),
    ("evaluation-room", "kitchen", 20, "cameras[1].place", "qa-room"),
    ("id = \"camera-1\"", "id = \"seat-1-face\"", 18, "cameras.id", "taken"),
    ("rtsp://10.0.0.1:554/main", "http://10.0.0.1/main", 21, "cameras[1].main", "rtsp://"),
    ("rtsp://10.0.0.1:554/main", "rtsp://u:hunter2@10.0.0.1/main", 21, "cameras[1].main", "username ="),
    ("rtsp://10.0.0.1:554/main", "rtsp://u:hunter2/x@10.0.0.1/main", 21, "cameras[1].main", "username ="),
    ("rtsp://10.0.0.1:554/main", "rtsp://10.0.0.1/m?user=u&password=hunter2", 21, "cameras[1].main", "username ="),
    ("rtsp://10.0.0.1:554/main", "rtsp://10.0.0.1:99999/main", 21, "cameras[1].main", "port"),
    ("rtsp://10.0.0.1:554/main", "rtsp:///main", 21, "cameras[1].main", "host"),
    ("rtsp://10.0.0.1:554/main", "rtsp://10.0.0.1/ma in", 21, "cameras[1].main", "%XX"),
    ("password = \"hunter2-secret\"\n", "", 23, "cameras[1].username", "without a password"),
    ("username = \"u\"\n", "", 23, "cameras[1].username", "without a user"),
    ("username = \"u\"", "username = \"u\"\npassword_file = \"x\"", 25, "cameras[1].password", "more than once"),
    ("password = \"hunter2-secret\"", "password = 5", 24, "cameras[1].password", "double quotes"),
    ("username = \"u\"", "device = \"/dev/video0\"\nusername = \"u\"", 23, "cameras[1].device", "exclude"),
    ("username = \"u\"", "audio = \"hw:1\"\nusername = \"u\"", 23, "cameras[1].audio", "unknown"),
    ("committee_min = 2", "committee_min = 3", 27, "policies.committee_min", "2 seats"),
    ("committee_min = 2", "committee_min = \"2\"", 27, "policies.committee_min", "without quotes"),
    ("grace = \"30m\"", "grace = \"30 minutes\"", 28, "policies.grace", "\"10m\""),
    ("grace = \"30m\"", "grace = 30", 28, "policies.grace", "double quotes"),
    ("grace = \"30m\"", "grace = \"48h\"", 28, "policies.grace", "0ms to 1d"),
    ("grace = \"30m\"", "meals = [\"12:00\", \"25:00\"]", 28, "policies.meals[2]", "23:59"),
    ("grace = \"30m\"", "expert_share = \"3/2\"", 28, "policies.expert_share", "2/3"),
    ("kinds = [\"camera\"]", "kinds = [\"camera\", \"drone\"]", 31, "recording[1].kinds[2]", "talk-back"),
    ("phases = [\"in-session\"]", "phases = [\"lunch\"]", 32, "recording[1].phases[1]", "overnight"),
    ("phases = [\"in-session\"]", "phases = []", 32, "recording[1].phases", "at least one"),
    ("ice_tcp_port = 8444", "ice_tcp_port = 8443", 37, "network.ice_tcp_port", "both 8443"),
    ("https_port = 8443", "https_port = 70000", 35, "network.https_port", "65535"),
    ("host_names = [\"localhost\"]", "host_names = [\"a b\"]", 36, "network.host_names[1]", "host name"),
    ("host_names = [\"localhost\"]\n", "", 34, "network.host_names", "missing"),
    ("[network]", "[network]\nannounce = [\"0.0.0.0\"]", 35, "network.announce", "reach"),
    ("[network]", "[storage]\nmin_free = \"5\"\n[network]", 35, "storage.min_free", "500 GB"),
    ("[network]", "[storage]\nrecordings = \"../x\"\n[network]", 35, "storage.recordings", "begins with /"),
    ("grace = \"30m\"", "retention = \"forever\"", 28, "policies.retention", "permanent"),
    ("grace = \"30m\"", "retention = \"0y\"", 28, "policies.retention", "15y"),
    ("grace = \"30m\"", "retention = \"1h\"", 28, "policies.retention", "1d to"),
    ("[network]", "[[storage.replicas]]\nid = \"a\"\nto = \"second-disk\"\n[network]", 36, "storage.replicas[1].to", "s3://bucket/prefix"),
    ("[network]", "[[storage.replicas]]\nid = \"a\"\nto = \"s3://k:hunter2@x\"\n[network]", 36, "storage.replicas[1].to", "credentials_file"),
    ("[network]", "[[storage.replicas]]\nid = \"a\"\nto = \"s3://abc/../x\"\n[network]", 36, "storage.replicas[1].to", "bucket"),
    ("[network]", "[[storage.replicas]]\nid = \"A\"\nto = \"/mnt/b\"\n[network]", 35, "storage.replicas[1].id", "lower-case"),
    ("[network]", "[[storage.replicas]]\nid = \"a\"\nto = \"/mnt/b\"\nregion = \"x\"\n[network]", 37, "storage.replicas[1].region", "unknown key"),
    ("[network]", "[[storage.replicas]]\nid = \"a\"\nto = \"s3://abc\"\n[network]", 34, "storage.replicas[1].endpoint", "missing"),
    ("[network]", "[[storage.replicas]]\nid = \"a\"\nto = \"s3://abc\"\nendpoint = \"http://10.0.0.9\"\n[network]", 37, "storage.replicas[1].endpoint", "this machine only"),
    ("[network]", "[[storage.replicas]]\nid = \"a\"\nto = \"/b\"\n[[storage.replicas]]\nid = \"a\"\nto = \"/c\"\n[network]", 38, "storage.replicas[2].id", "already"),
    ("[network]", "[storage]\nreplica_rate = \"2 TB\"\n[network]", 35, "storage.replica_rate", "1 GB"),
    ("[network]", "[call_out]\nattempts = 0\n[network]", 35, "call_out.attempts", "1 to 9"),
    ("[network]", "[call_out]\nunanswered = \"8/6\"\n[network]", 35, "call_out.unanswered", "2/3"),
    ("[network]", "[call_out]\nearliest = \"soon\"\n[network]", 35, "call_out.earliest", "\"10m\""),
    ("[network]", "[call_out]\nterminal_phone = \"0875-1234567\"\n[network]", 35, "call_out.terminal_phone", "digits"),
    ("[network]", "[media]\nface = \"1280x720\"\n[network]", 35, "media.face", "1.5 Mbit/s"),
    ("[network]", "[access]\nsecond_factor = \"no\"\n[network]", 35, "access.second_factor", "required"),
    ("[network]", "[netwrok]", 34, "netwrok", "did you mean network"),
    ("[[seats]]\nno = 1", "[seats]\nno = 1", 12, "", "TOML"),
    ("grace = \"30m\"", "grace = “30m”", 28, "", "Chinese quotes"),
];

#[test]
fn every_fault_names_line_key_and_remedy() {
    for (from, to, line, key, word) in WRONG {
        assert!(GOOD.contains(from), "{from} is not in the good profile");
        let text = GOOD.replacen(from, to, 1);
        let found = faults(&text);
        let hit = found.iter().any(|f| {
            let said = [&f.what, &f.allowed, &f.remedy]
                .map(|t| t.of(Lang::En))
                .join(" ");
            f.line == *line && f.key == *key && said.contains(word)
        });
        assert!(
            hit,
            "{to}: expected line {line}, {key}, {word}; got {found:#?}"
        );
        let told = parse(&text).unwrap_err();
        for said in [told.to_string(), told.told(Lang::Zh), format!("{told:?}")] {
            assert!(!said.contains("hunter2"), "a password is shown: {said}");
        }
        assert!(told.told(Lang::Zh).contains("处理办法"));
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = GOOD
        .replace("name = \"评标一室\"", "nmae = 1")
        .replace("x = 90", "x = 190")
        .replace("kinds = [\"camera\"]", "kinds = [\"drone\"]")
        .replace("8444", "8443");
    let lines: Vec<_> = faults(&text).iter().map(|f| f.line).collect();
    assert_eq!(lines, [1, 3, 14, 31, 37]);
}

#[test]
fn an_unknown_key_is_answered_with_the_known_ones_once_each() {
    let fault = &faults(&GOOD.replace("city =", "city_name = 1\ncity ="))[0];
    assert_eq!(
        fault.allowed.of(Lang::En),
        "id, name, city, time_zone, language"
    );
}

#[test]
fn ports_may_be_any_that_are_free() {
    let any = GOOD.replace("8443", "0").replace("8444", "0");
    let network = parse(&any).unwrap().network;
    assert_eq!((network.https_port, network.ice_tcp_port), (0, 0));
}

#[test]
fn columns_count_characters() {
    let text = GOOD.replace("city = \"保山\"", "city = { \"保山保山\" = 1 }");
    let fault = &faults(&text)[0];
    assert_eq!((fault.line, fault.column), (4, 8));
    let gbk = [GOOD.as_bytes(), b"# \xc6\xc0\n"].concat();
    let error = Profile::parse(&gbk, "p.toml").unwrap_err();
    assert_eq!((error.faults()[0].line, error.faults()[0].column), (38, 3));
    assert!(
        error
            .told(Lang::Zh)
            .starts_with("p.toml:38:3: 此处不是 UTF-8"),
        "{error}"
    );
}

#[test]
fn units_are_exact() {
    assert_eq!(units::span("1h 30m"), Some(Span::minutes(90)));
    assert_eq!(units::span("1h30m"), Some(Span::minutes(90)));
    assert_eq!(units::span("250ms"), Some(Span(250)));
    for wrong in [
        "",
        "10",
        "m",
        "10 minutes",
        "-1s",
        "1.5h",
        "99999999999999999999h",
        "200000d",
    ] {
        assert_eq!(units::span(wrong), None, "{wrong}");
    }
    assert_eq!(units::size("1.5 TB"), Some(Size(1_500_000_000_000)));
    assert_eq!(units::size("64MiB"), Some(Size(64 << 20)));
    for wrong in [
        "",
        "5",
        "GB",
        "5 gb",
        "1.2345 GB",
        "1..5 GB",
        ". GB",
        "99999999999 TB",
    ] {
        assert_eq!(units::size(wrong), None, "{wrong}");
    }
    assert_eq!(Size(38_259_000_000_000).to_string(), "38.2 TB");
    assert_eq!(units::time_of_day("23:59"), Some(TimeOfDay(1439)));
    for wrong in ["24:00", "1:00", "12:60", "+1:00", "12:00:00", "１２:００"] {
        assert_eq!(units::time_of_day(wrong), None, "{wrong}");
    }
    let picture = PictureLimit {
        width: 1280,
        height: 720,
        fps: 25,
        bits_per_second: 1_500_000,
    };
    assert_eq!(units::picture("1280x720@25 1.5 Mbit/s"), Some(picture));
    for wrong in [
        "1280x720@25",
        "1280x720 1 Mbit/s",
        "0x0@25 1 Mbit/s",
        "1x@ 1 Mbit/s",
    ] {
        assert_eq!(units::picture(wrong), None, "{wrong}");
    }
}

#[test]
fn a_password_is_read_from_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("camera");
    let read = |text: &[u8]| {
        std::fs::write(&file, text).unwrap();
        Password::Credential("camera".into()).read(Some(folder.path()))
    };
    assert_eq!(read("pa ss词\n".as_bytes()).unwrap().expose(), "pa ss词");
    for wrong in [&b""[..], b"\n", b"a\nb", b"\xff", &[b'x'; 1000]] {
        assert!(
            matches!(read(wrong), Err(PasswordError::NotAPassword { .. })),
            "{wrong:?}"
        );
    }
    let absent = Password::File(folder.path().join("none")).read(None);
    assert!(matches!(absent, Err(PasswordError::Unreadable { .. })));
    let unhanded = Password::Credential("camera".into()).read(None);
    assert!(matches!(unhanded, Err(PasswordError::NoCredentials { .. })));
    let beside = GOOD.replace(
        "password = \"hunter2-secret\"",
        "password_file = \"camera\"",
    );
    let profile = Profile::parse(beside.as_bytes(), folder.path().join("p.toml")).unwrap();
    let VideoSource::Rtsp(source) = &profile.cameras[0].source else {
        panic!("a network camera")
    };
    assert_eq!(source.password, Some(Password::File(file.clone())));
}

/// One random change of a text: a piece replaced by another piece, by bytes, or by nothing.
fn mutate(text: &str, changes: &[(usize, usize, String)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, length, put) in changes {
        let at = at % (bytes.len() + 1);
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, put.bytes());
    }
    bytes
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z_]{1,12} = [0-9\"\\[\\]{}a-z]{0,12}\n",
        Just("[[".to_owned()),
        Just("\"\"\"".to_owned()),
        Just("= \"rtsp://[::1]:0x/@\u{202e}\"".to_owned()),
        Just("no = 99999999999999999999".to_owned()),
        Just("x = 0x1F\n".to_owned()),
        Just("[room.room]\n".to_owned()),
        Just("[[[".repeat(50)),
        (0..GOOD.len(), 0..60_usize).prop_map(|(at, n)| GOOD.chars().skip(at).take(n).collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_panics_or_goes_unexplained(
        changes in proptest::collection::vec((any::<usize>(), 0..40_usize, piece()), 1..6),
    ) {
        let bytes = mutate(GOOD, &changes);
        if let Err(error) = Profile::parse(&bytes, "p.toml") {
            let lines = bytes.iter().filter(|b| **b == b'\n').count() + 1;
            prop_assert!(!error.faults().is_empty());
            for fault in error.faults() {
                prop_assert!((1..=lines).contains(&fault.line) && fault.column >= 1);
                prop_assert!(!fault.remedy.zh.is_empty() && !fault.allowed.en.is_empty());
            }
        }
    }

    #[test]
    fn an_unknown_key_is_refused_in_its_line(key in "[a-z][a-z_]{2,14}x9", after in 0..37_usize) {
        let lines: Vec<_> = GOOD.lines().collect();
        // at the end of whatever section that line is in
        let text = [&lines[..after], &[&format!("{key} = 1")[..]], &lines[after..]].concat().join("\n");
        let found = faults(&text);
        prop_assert_eq!(found.len(), 1, "{:#?}", found);
        prop_assert_eq!(found[0].line, after + 1);
        prop_assert!(found[0].key.ends_with(&key) && found[0].what.en.starts_with("unknown key"));
    }

    #[test]
    fn a_span_reads_back_as_it_is_shown(ms in 0..100 * 365 * 86_400_000_u64) {
        prop_assert_eq!(units::span(&units::show_span(Span(ms))), Some(Span(ms)));
    }
}

#[test]
fn detectors_have_units_and_an_empty_list_switches_one_off() {
    let with = |lines: &str| format!("{GOOD}\n[detectors]\n{lines}\n");
    let read = parse(&with(
        "black = []\nsilent_below = \"-60 dBFS\"\nblack_below = \"8 %\"\nfrozen_after = \"5s\"",
    ));
    let detectors = read.unwrap().detectors;
    assert_eq!(detectors.kinds[&Anomaly::Black], BTreeSet::new());
    let usual = BTreeSet::from([FeedKind::Camera, FeedKind::Face]);
    assert_eq!(detectors.kinds[&Anomaly::Frozen], usual);
    assert_eq!(detectors.silent_below, Decibels(-60));
    assert_eq!(detectors.black_below, Percent(8));
    assert_eq!(detectors.after[&Anomaly::Frozen], Span::seconds(5));
    assert!(!detectors.phases.contains(&PhaseKind::Overnight));
    for wrong in [
        "silent_below = \"-70\"",
        "silent_below = \"-20 dBFS\"",
        "too_loud_above = \"3 dBFS\"",
        "black_below = \"5\"",
        "black_below = \"200 %\"",
        "frozen_after = \"0s\"",
        "frozen = [\"cameras\"]",
        "blank = []",
    ] {
        let found = faults(&with(wrong));
        assert_eq!(found.len(), 1, "{wrong}: {found:?}");
        let key = wrong.split(' ').next().unwrap();
        assert!(found[0].key.contains(key), "{wrong}: {found:?}");
        assert_eq!(found[0].line, GOOD.lines().count() + 3, "{wrong}");
    }
}

const HUB: &str = r#"
[hub]
city = "baoshan"
brokers = ["mqtts://mqtt.example.cn:8883", "mqtt://127.0.0.1"]
keys = ["3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"]
certificate = "/etc/bidroom/hub.pem"
ca = "/etc/bidroom/hub-ca.pem"
"#;

#[test]
fn a_hub_is_named_or_there_is_none() {
    assert!(parse(GOOD).expect("good").hub.is_none());
    let hub = parse(&format!("{GOOD}{HUB}")).expect("good").hub;
    let hub = hub.expect("a hub");
    assert_eq!(hub.city.to_string(), "baoshan");
    let brokers = hub.brokers.brokers.iter().map(ToString::to_string);
    let brokers: Vec<String> = brokers.collect();
    assert_eq!(
        brokers,
        ["mqtts://mqtt.example.cn:8883", "mqtt://127.0.0.1:1883"]
    );
    assert_eq!(hub.keys[0][0], 0x3b);
}

#[test]
fn a_hub_that_is_described_wrongly_is_refused_at_its_line() {
    let with = |from: &str, to: &str| faults(&format!("{GOOD}{}", HUB.replace(from, to)));
    let key = |found: Vec<Fault>| {
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].key.clone()
    };
    assert_eq!(
        key(with(
            "mqtts://mqtt.example.cn:8883",
            "mqtt://mqtt.example.cn"
        )),
        "hub.brokers[1]"
    );
    assert_eq!(
        key(with("mqtts://mqtt", "mqtts://user:secret@mqtt")),
        "hub.brokers[1]"
    );
    assert_eq!(key(with("3b6a", "")), "hub.keys[1]");
    assert_eq!(key(with("\"baoshan\"", "\"保山\"")), "hub.city");
    assert_eq!(key(with("ca = \"/etc/bidroom/hub-ca.pem\"", "")), "hub.ca");
    assert_eq!(key(with("city", "town = 1\ncity")), "hub.town");
    let reserved = faults(&format!(
        "{}{HUB}",
        GOOD.replace("id = \"test-1\"", "id = \"hub\"")
    ));
    assert_eq!(key(reserved), "room.id");
    let secret = with("mqtts://mqtt", "mqtts://user:secret@mqtt");
    assert!(!format!("{secret:?}").contains("secret"));
}

#[test]
fn a_relay_that_is_described_wrongly_is_refused() {
    const RELAY: &str = r#"
[[hub.relays]]
id = "city"
whip = "https://sfu.example.cn/{room}-{feed}/whip"
feeds = ["camera-1"]
credential = "relay-city"
"#;
    let good = format!("{GOOD}{HUB}{RELAY}");
    let hub = parse(&good).expect("good").hub.expect("a hub");
    assert_eq!(hub.relays[0].spec.host, "sfu.example.cn");
    for (from, to, key) in [
        ("https://sfu", "http://sfu", "hub.relays[1].whip"),
        (
            "https://sfu",
            "https://user:geheim@sfu",
            "hub.relays[1].whip",
        ),
        ("-{feed}", "", "hub.relays[1].whip"),
        ("camera-1\"]\ncred", "camera-9\"]\ncred", "hub.relays.feeds"),
        (
            "camera-1\"]\ncred",
            "microphone\"]\ncred",
            "hub.relays.feeds",
        ),
        ("\"city\"\nwhip", "\"城\"\nwhip", "hub.relays[1].id"),
        ("credential", "token", "hub.relays[1].token"),
    ] {
        let found = faults(&good.replace(from, to));
        let keys: Vec<_> = found.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, [key], "{to}: {found:?}");
        assert!(!format!("{found:?}").contains("geheim"), "{found:?}");
    }
    let twice = faults(&format!("{good}{RELAY}"));
    assert_eq!(twice[0].key, "hub.relays.id");
}

#[test]
fn a_hubs_own_settings_are_read_or_refused() {
    let good = r#"
city = "baoshan"
name = "保山市公共资源交易中心"
brokers = ["mqtt://127.0.0.1:1883"]
rooms = ["baoshan-1", "baoshan-2"]
[network]
host_names = ["localhost"]
"#;
    let file = Path::new("hub.toml");
    let settings = HubSettings::parse(good.as_bytes(), file).expect("good");
    assert_eq!(settings.rooms.len(), 2);
    assert_eq!(settings.database, None);
    let section = "[database]\nhost = \"localhost\"\n[network]";
    let server = good.replace("[network]", section);
    let settings = HubSettings::parse(server.as_bytes(), file).expect("good");
    let database = settings.database.expect("a server");
    assert_eq!((database.port, &*database.name), (5432, "bidroom"));
    for (from, to, key) in [
        // a server on another machine is reached by TLS
        (
            "[network]",
            "[database]\nhost = \"db\"\n[network]",
            "database.ca",
        ),
        (
            "[network]",
            "[database]\nport = 1\n[network]",
            "database.host",
        ),
        ("\"baoshan-1\"", "\"BAOSHAN\"", "rooms[1]"),
        ("name =", "nam =", "name"),
        (
            "brokers = [\"mqtt://127.0.0.1:1883\"]",
            "brokers = []",
            "brokers",
        ),
    ] {
        let wrong = good.replace(from, to);
        let error = HubSettings::parse(wrong.as_bytes(), file).expect_err("wrong");
        assert!(
            error.faults().iter().any(|fault| fault.key == key),
            "{key}: {error:?}"
        );
    }
}

const PHONES: &str = r#"
[phone]
ring = "30s"

[phone.speech]
engine = "recordings"
folder = "/etc/bidroom/speech"

[[phone.lines]]
id = "sip-1"
kind = "sip"
gateway = "10.0.0.50:5080"
transport = "tls"
user = "room1"
password = "hunter2-secret"
register = true
channels = 4
prefix = "9"
test_number = "10000"

[[phone.lines]]
id = "modem-1"
kind = "modem"
model = "simcom-sim7600"
device = "/dev/ttyUSB2"
sound = "/dev/ttyUSB1"
enabled = false
text_messages = true
"#;

#[test]
fn phone_lines_are_read_a_channel_each() {
    let phone = parse(&format!("{GOOD}{PHONES}")).unwrap().phone;
    assert_eq!(phone.rings, Span::seconds(30));
    assert_eq!(
        phone.speech,
        Speech::Recordings("/etc/bidroom/speech".into())
    );
    let ids: Vec<String> = phone
        .line_specs()
        .into_iter()
        .map(|spec| spec.id.to_string())
        .collect();
    assert_eq!(ids, ["sip-1-1", "sip-1-2", "sip-1-3", "sip-1-4", "modem-1"]);
    let LinePort::Sip(gateway) = &phone.lines[0].port else {
        panic!("a gateway");
    };
    assert_eq!((gateway.host.as_str(), gateway.port), ("10.0.0.50", 5080));
    assert_eq!(gateway.transport, SipTransport::Tls);
    assert!(!phone.lines[1].enabled);
    let texts: Vec<bool> = phone.line_specs().iter().map(|spec| spec.texts).collect();
    assert_eq!(texts, [false, false, false, false, true]);
    assert!(!phone.takes_calls, "a caller's number can be forged");
    assert!(!format!("{phone:?}").contains("hunter2"));
    let none = parse(GOOD).unwrap().phone;
    assert_eq!((none.lines.len(), none.speech), (0, Speech::Espeak));
}

#[test]
fn wrong_phone_lines_are_told_with_their_key() {
    let wrong = |from: &str, to: &str, key: &str| {
        let text = format!("{GOOD}{PHONES}");
        assert!(text.contains(from), "{from}");
        let found = faults(&text.replace(from, to));
        let keys: Vec<&str> = found.iter().map(|fault| fault.key.as_str()).collect();
        assert!(
            keys.iter().any(|k| k.ends_with(key)),
            "{from} → {to}: {keys:?}"
        );
    };
    wrong("10.0.0.50:5080", "10.0.0.50:0", "gateway");
    wrong("10.0.0.50:5080", "user@10.0.0.50", "gateway");
    wrong("\"10000\"", "\"+8610000\"", "test_number");
    wrong("prefix = \"9\"", "prefix = \"9,\"", "prefix");
    wrong("channels = 4", "channels = 0", "channels");
    wrong("\"simcom-sim7600\"", "\"sim900\"", "model");
    wrong("id = \"modem-1\"", "id = \"sip-1-2\"", "id");
    wrong("/dev/ttyUSB2", "ttyUSB2", "device");
    wrong("folder = \"/etc/bidroom/speech\"", "", "folder");
    wrong("\"recordings\"", "\"program\"", "command");
    wrong("ring = \"30s\"", "ring = \"5m\"", "ring");
    wrong("register = true", "regster = true", "regster");
}

#[test]
fn the_numbers_of_the_law_are_the_profile_s() {
    let usual = parse(GOOD).unwrap().policies();
    assert_eq!(usual.numbers, RuleNumbers::default());
    let text = "[rules]\nprocurement_min = 9\ndraw_days = 1\nretention = \"20 years\"\nholidays = [\"2026-10-01\"]\n";
    let text = text.replace("\"20 years\"", "\"175680h\"");
    let numbers = parse(&format!("{GOOD}{text}")).unwrap().policies().numbers;
    assert_eq!((numbers.procurement_min, numbers.draw_days), (9, 1));
    assert_eq!(numbers.retention, Span::hours(20 * 366 * 24));
    assert_eq!(numbers.holidays.len(), 1);
    let wrong = faults(&format!(
        "{GOOD}{}",
        text.replace("2026-10-01", "1 October")
    ));
    assert!(wrong[0].key.starts_with("rules.holidays"), "{wrong:?}");
}

#[test]
fn what_speaks_and_where_sound_goes_are_settings() {
    let sherpa = PHONES.replace(
        "engine = \"recordings\"\nfolder = \"/etc/bidroom/speech\"",
        "engine = \"sherpa-onnx\"\nmodel = \"/opt/voice\"\nspeaker = 3",
    );
    let ports = sherpa.replace(
        "channels = 4",
        "channels = 4\nsound_ports = \"20000-20099\"",
    );
    let phone = parse(&format!("{GOOD}{ports}")).unwrap().phone;
    let expected = Speech::Sherpa {
        python: "python3".to_owned(),
        model: "/opt/voice".into(),
        speaker: 3,
    };
    assert_eq!(phone.speech, expected);
    let LinePort::Sip(gateway) = &phone.lines[0].port else {
        panic!("a gateway");
    };
    assert_eq!(gateway.sound_ports, Some((20_000, 20_099)));
    for (text, key) in [
        (sherpa.replace("model = \"/opt/voice\"\n", ""), "model"),
        (ports.replace("20000-20099", "20099-20000"), "sound_ports"),
    ] {
        let found = faults(&format!("{GOOD}{text}"));
        assert!(
            found.iter().any(|fault| fault.key.ends_with(key)),
            "{found:?}"
        );
    }
}
