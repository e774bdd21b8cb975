//! A session that is over becomes an archive that strangers' tools verify, and in which every alteration is found.

use crate::session::{Evaluation, SESSION};
use crate::support::committee;
use bidroom::archive::detection::{self, DETECTION, DETECTION_SIGNATURE, Detection, Playable};
use bidroom::archive::papers;
use bidroom::archive::seal::{PERSONAL, SIGNATURE, SIGNED, TOKEN};
use bidroom::archive::sm2::{SM2_CERTIFICATES, SM2_SIGNATURE};
use bidroom::archive::verify::{Order, Trust, Verdict, verify};
use bidroom::journal::Reader;
use bidroom::keys::{KeySources, Keys};
use bidroom::room::{Event, Seal, Utc};
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

const NAMES: [&str; 5] = ["张三丰", "李四光", "王五六", "赵六七", "钱七八"];
const DEADLINE: Duration = Duration::from_secs(60);

fn run(folder: &Path, program: &str, words: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.current_dir(folder).args(words);
    command
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"))
}

#[track_caller]
pub(crate) fn does(folder: &Path, program: &str, words: &[&str]) -> Vec<u8> {
    let output = run(folder, program, words);
    let told = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{program} {words:?}: {said}{told}");
    output.stdout
}

/// A key and a certificate of its own for it.
pub(crate) fn certificate(folder: &Path, name: &str, usage: &[&str]) {
    let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
    let subject = format!("/CN={name}");
    let mut words = vec![
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    words.extend([
        "-nodes", "-days", "30", "-subj", &subject, "-keyout", &key, "-out", &pem,
    ]);
    words.extend(usage);
    does(folder, "openssl", &words);
}

/// A time-stamping authority: `openssl ts` behind HTTP, or HTTPS with a site's certificate. Gives its port.
pub(crate) fn authority(folder: &Path, site: Option<&str>) -> u16 {
    let usage = ["-addext", "extendedKeyUsage=critical,timeStamping"];
    certificate(folder, "tsa", &usage);
    let config = "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\nsigner_digest = sha256\n\
                  default_policy = 1.2.3.4.1\ndigests = sha256\ness_cert_id_alg = sha256\n";
    fs::write(folder.join("tsa.cnf"), config).expect("written");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let tls = site.map(|site| Arc::new(served(folder, site)));
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            let mut stream: Box<dyn Stream> = match &tls {
                None => Box::new(stream),
                Some(tls) => {
                    let tls = ServerConnection::new(tls.clone()).expect("a connection");
                    Box::new(StreamOwned::new(tls, stream))
                }
            };
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            let question = loop {
                // a client that does not trust the site goes away
                let n = stream.read(&mut chunk).unwrap_or(0);
                if n == 0 {
                    break None;
                }
                request.extend_from_slice(&chunk[..n]);
                let head = request.windows(4).position(|w| w == b"\r\n\r\n");
                let Some(head) = head else { continue };
                let length = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
                let length = length.split("content-length: ").nth(1).expect("a length");
                let length: usize = length.lines().next().expect("a line").parse().expect("n");
                if request.len() >= head + 4 + length {
                    break Some(request.split_off(head + 4));
                }
            };
            let Some(question) = question else { continue };
            fs::write(folder.join("question.tsq"), question).expect("written");
            let words = [
                "ts",
                "-reply",
                "-config",
                "tsa.cnf",
                "-section",
                "t",
                "-queryfile",
                "question.tsq",
                "-signer",
                "tsa.pem",
                "-inkey",
                "tsa.key",
                "-out",
                "answer.tsr",
            ];
            does(&folder, "openssl", &words);
            let answer = fs::read(folder.join("answer.tsr")).expect("an answer");
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\n\r\n",
                answer.len()
            );
            stream.write_all(head.as_bytes()).expect("sent");
            stream.write_all(&answer).expect("sent");
        }
    });
    port
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn served(folder: &Path, site: &str) -> ServerConfig {
    let chain = CertificateDer::from_pem_file(folder.join(format!("{site}.pem"))).expect("PEM");
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{site}.key"))).expect("PEM");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("a pair")
}

/// How many files were damaged when the archive was read back, by the journal.
async fn read_back(evaluation: &Evaluation) -> u32 {
    read_back_within(evaluation, DEADLINE).await
}

async fn read_back_within(evaluation: &Evaluation, patience: Duration) -> u32 {
    let began = Instant::now();
    let journal = Reader::open(&evaluation.room.data().join("journal.sqlite")).expect("a journal");
    let session = SESSION.parse().expect("an id");
    loop {
        let entries = journal.session_entries(&session).expect("readable");
        let read_back = entries.iter().find_map(|entry| match &entry.event {
            Event::ArchiveReadBack { damaged, .. } => Some(*damaged),
            _ => None,
        });
        if let Some(damaged) = read_back {
            return damaged;
        }
        assert!(began.elapsed() < patience, "{}", evaluation.room.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn bag_of(evaluation: &Evaluation) -> PathBuf {
    evaluation.room.data().join("sessions").join(SESSION)
}

fn verified(bag: &Path, trusted: &[Vec<u8>]) -> Verdict {
    verify(&Order {
        bag: bag.to_owned(),
        trusted: trusted.to_vec(),
        witnesses: Vec::new(),
    })
    .expect("a bag")
}

fn der(pem: &Path) -> Vec<u8> {
    let words = [
        "x509",
        "-outform",
        "DER",
        "-in",
        pem.to_str().expect("a path"),
    ];
    does(Path::new("."), "openssl", &words)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_archive_is_verified_by_strangers_and_every_alteration_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    certificate(folder.path(), "audit", &[]);
    let port = authority(folder.path(), None);
    let audit = folder.path().join("audit.pem");
    let sm2 = sm2_key(folder.path());
    let storage = format!(
        "sm3 = true\naudit_certificate = {audit:?}\nsm2 = {sm2:?}\ntsa = \"http://127.0.0.1:{port}/tsr\"\n"
    );
    let evaluation = Evaluation::started_with(&committee(&NAMES), &storage).await;
    evaluation
        .until("some seconds are on the disk", |view| {
            view["feeds"][0]["recording"]["bytes"].as_u64() > Some(400_000)
        })
        .await;
    let taken_along = taken_along(&evaluation, folder.path()).await;
    evaluation.sealed().await;
    assert_eq!(read_back(&evaluation).await, 0);
    witnessed(&bag_of(&evaluation), &taken_along, folder.path());
    // over: there is nothing to witness, and it is said so
    let stick = folder.path().to_str().expect("a path");
    let data = evaluation.room.data();
    let words = [
        "ctl",
        "--data",
        data.to_str().unwrap(),
        "checkpoint",
        "export",
        stick,
    ];
    let refused = run(folder.path(), env!("CARGO_BIN_EXE_bidroom"), &words);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("no_session_runs"),
        "{said}"
    );

    // strangers' tools
    let bag = bag_of(&evaluation);
    let ca = evaluation.room.data().join("keys/ca.pem");
    let ca_only = folder.path().join("ca.pem");
    fs::write(
        &ca_only,
        does(
            Path::new("."),
            "openssl",
            &["x509", "-in", ca.to_str().unwrap()],
        ),
    )
    .expect("written");
    for manifest in ["manifest-sha256.txt", SIGNED] {
        does(&bag, "sha256sum", &["--strict", "-c", manifest]);
    }
    does(&bag, "python3", &["-m", "bagit", "--validate", "."]);
    let (ca_path, tsa) = (ca_only.to_str().unwrap(), folder.path().join("tsa.pem"));
    let signature = [
        "cms", "-verify", "-binary", "-inform", "DER", "-in", SIGNATURE,
    ];
    let with = [
        "-content",
        SIGNED,
        "-CAfile",
        ca_path,
        "-purpose",
        "any",
        "-out",
        "/dev/null",
    ];
    does(&bag, "openssl", &[&signature[..], &with[..]].concat());
    let tsa_path = tsa.to_str().unwrap();
    does(
        &bag,
        "openssl",
        &[
            "ts", "-verify", "-data", SIGNED, "-in", TOKEN, "-CAfile", tsa_path,
        ],
    );
    let key = folder.path().join("audit.key");
    let opened = does(
        &bag,
        "openssl",
        &[
            "cms",
            "-decrypt",
            "-inform",
            "DER",
            "-in",
            PERSONAL,
            "-inkey",
            key.to_str().unwrap(),
            "-recip",
            audit.to_str().unwrap(),
        ],
    );
    assert!(String::from_utf8(opened).expect("text").contains(NAMES[0]));
    for file in [
        "data/journal.jsonl",
        "data/attendance.json",
        "data/report.html",
        "bag-info.txt",
        DETECTION,
    ] {
        let text = fs::read_to_string(bag.join(file)).expect("text");
        assert!(!NAMES.iter().any(|name| text.contains(name)), "{file}");
    }
    // what sealing wrote claims no conclusion; those are of the read-back, and signed after it
    let at_sealing = fs::read_to_string(bag.join("data/report.html")).expect("text");
    assert!(!at_sealing.contains("合格") && at_sealing.contains(DETECTION));
    let detected = fs::read_to_string(bag.join(DETECTION)).expect("text");
    assert_eq!(detected.matches("<td>合格").count(), 4, "{detected}");
    assert!(detected.contains("不符 0 处；已记录的缺失"), "{detected}");
    let path = format!("/api/recordings/{SESSION}/detection");
    let served = evaluation.supervisor.get(&path).await;
    assert_eq!(served.text().await.expect("a report"), detected);
    let listed = evaluation.supervisor.get_json("/api/recordings").await;
    assert_eq!(listed[0]["damaged"], 0, "{listed}");
    let signature = [
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-in",
        DETECTION_SIGNATURE,
    ];
    let with = [
        "-content",
        DETECTION,
        "-CAfile",
        ca_path,
        "-purpose",
        "any",
        "-out",
        "/dev/null",
    ];
    does(&bag, "openssl", &[&signature[..], &with[..]].concat());
    let profile = fs::read_to_string(bag.join("data/profile.toml")).expect("text");
    assert!(profile.contains("camera-1") && !profile.contains("password"));

    national(&bag, folder.path(), &[der(&ca_only), der(&tsa)]);

    // our own
    let program = env!("CARGO_BIN_EXE_bidroom");
    let shown = bag.to_str().unwrap();
    let told = run(
        &bag,
        program,
        &["verify", shown, "--ca", ca_path, "--ca", tsa_path],
    );
    let said = String::from_utf8_lossy(&told.stdout);
    assert_eq!(told.status.code(), Some(0), "{said}");
    assert!(said.contains("no witness from"), "{said}");
    assert_eq!(
        run(&bag, program, &["verify", shown]).status.code(),
        Some(3)
    );
    assert_eq!(
        run(&bag, program, &["verify", "/etc"]).status.code(),
        Some(2)
    );
    let witness = bag.join("checkpoints.jsonl");
    let trusted = [der(&ca_only), der(&tsa)];
    let seen = verify(&Order {
        bag: bag.clone(),
        trusted: trusted.to_vec(),
        witnesses: vec![witness],
    });
    let seen = seen.expect("a bag");
    assert!(seen.faults.is_empty() && seen.exit_code() == 0, "{seen:?}");
    assert_eq!(seen.timestamp.map(|(_, trusted)| trusted), Some(true));

    // the container can be erased
    let copy = copied(&bag, folder.path());
    fs::remove_file(copy.join(PERSONAL)).expect("erased");
    let verdict = verified(&copy, &trusted);
    assert!(verdict.exit_code() == 0 && !verdict.personal, "{verdict:?}");
    does(&copy, "python3", &["-m", "bagit", "--validate", "."]);

    let mut random = StdRng::seed_from_u64(4);
    for n in 0..200 {
        let copy = copied(&bag, folder.path());
        let (what, file, remade) = mutate(&copy, n, &mut random);
        let verdict = verified(&copy, &trusted);
        let named = verdict.faults.iter().any(|fault| fault.file == file);
        assert!(
            named && verdict.exit_code() == 1,
            "{n}: {what} {file}: {verdict:#?}"
        );
        // the positive control: hashes alone believe whoever makes the manifests anew
        let believed = run(
            &copy,
            "sha256sum",
            &["--status", "--strict", "-c", "manifest-sha256.txt"],
        );
        assert!(!remade || believed.status.success(), "{n}: {what} {file}");
    }
    hostile(&bag, folder.path(), &trusted);
    another_bags_report(&evaluation, folder.path(), &trusted);
}

/// A report that the box made and signed for another bag is no report on this one.
fn another_bags_report(evaluation: &Evaluation, folder: &Path, trusted: &[Vec<u8>]) {
    let copy = copied(&bag_of(evaluation), folder);
    let data = folder.join("data");
    fs::create_dir_all(data.join("sessions")).expect("made");
    let session = SESSION.parse().expect("an id");
    let bag = data.join("sessions").join(SESSION);
    fs::rename(copy, &bag).expect("moved");
    let sources = KeySources {
        folder: evaluation.room.data().join("keys"),
        credentials: None,
    };
    let at = Utc(jiff::Timestamp::now().as_millisecond());
    let keys = Keys::open(sources, &[], at).expect("the box's keys");
    let seal = |sha256: String| Seal {
        sha256,
        files: 0,
        bytes: 0,
        timestamped: false,
    };
    let own = hex::encode(Sha256::digest(fs::read(bag.join(SIGNED)).expect("read")));
    for (sha256, faults) in [(own, 0), ("0".repeat(64), 1)] {
        let detection = Detection {
            seal: &seal(sha256),
            verdict: &Verdict::default(),
            playable: Playable::default(),
            told: papers::told(&[]),
            zone: &jiff::tz::TimeZone::UTC,
            at,
        };
        detection::write(&data, &session, &keys, &detection).expect("written");
        let verdict = verified(&bag, trusted);
        let found = verdict.faults.iter().filter(|f| f.file == DETECTION);
        assert_eq!(
            (found.count(), verdict.faults.len()),
            (faults, faults),
            "{verdict:?}"
        );
    }
}

/// An SM2 root, and a key with a certificate under it in one file, whose path it gives.
fn sm2_key(folder: &Path) -> PathBuf {
    let make = |words: &str| {
        let words: Vec<_> = words.split_whitespace().collect();
        does(folder, "openssl", &words);
    };
    for name in ["sm2-root", "sm2-leaf"] {
        make(&format!("genpkey -algorithm SM2 -out {name}.key"));
    }
    make(
        "req -x509 -new -key sm2-root.key -sm3 -sigopt distid:1234567812345678 -subj /CN=root -days 30 -out sm2-root.pem",
    );
    make(
        "req -new -key sm2-leaf.key -sm3 -sigopt distid:1234567812345678 -subj /CN=leaf -out leaf.csr",
    );
    make(
        "x509 -req -in leaf.csr -CA sm2-root.pem -CAkey sm2-root.key -CAcreateserial -sm3 \
         -sigopt distid:1234567812345678 -vfyopt distid:1234567812345678 -days 30 -out sm2-leaf.pem",
    );
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("PEM");
    let both = folder.join("sm2.pem");
    fs::write(&both, read("sm2-leaf.key") + &read("sm2-leaf.pem")).expect("written");
    both
}

/// The signature under the national algorithms: openssl's verdict, ours, and what is altered about it.
fn national(bag: &Path, folder: &Path, trusted: &[Vec<u8>]) {
    let id = "distid:1234567812345678";
    let root = folder.join("sm2-root.pem");
    let root_path = root.to_str().expect("a path");
    let words = [
        "verify",
        "-vfyopt",
        id,
        "-CAfile",
        root_path,
        SM2_CERTIFICATES,
    ];
    does(bag, "openssl", &words);
    let key = does(
        bag,
        "openssl",
        &["x509", "-in", SM2_CERTIFICATES, "-pubkey", "-noout"],
    );
    fs::write(folder.join("sm2.pub"), key).expect("written");
    let key = folder.join("sm2.pub");
    let words = [
        "pkeyutl", "-verify", "-pubin", "-rawin", "-digest", "sm3", "-pkeyopt", id,
    ];
    let with = [
        "-inkey",
        key.to_str().unwrap(),
        "-in",
        SIGNED,
        "-sigfile",
        SM2_SIGNATURE,
    ];
    does(bag, "openssl", &[&words[..], &with[..]].concat());

    assert!(matches!(
        verified(bag, trusted).sm2,
        Some(Trust::NotTrusted { .. })
    ));
    let trusted = [trusted, &[der(&root)]].concat();
    let whole = verified(bag, &trusted);
    assert!(
        matches!(&whole.sm2, Some(Trust::Trusted { signer }) if signer == "CN=leaf"),
        "{whole:?}"
    );
    let copy = copied(bag, folder);
    let mut signature = fs::read(copy.join(SM2_SIGNATURE)).expect("read");
    *signature.last_mut().expect("bytes") ^= 1;
    fs::write(copy.join(SM2_SIGNATURE), signature).expect("written");
    let altered = verified(&copy, &trusted);
    fs::remove_file(copy.join(SM2_SIGNATURE)).expect("removed");
    for verdict in [altered, verified(&copy, &trusted)] {
        let found = verdict.faults.iter().any(|f| f.file == SM2_SIGNATURE);
        assert!(found && verdict.exit_code() == 1, "{verdict:?}");
    }
}

/// What a supervisor takes along while the session is on: the file of the stick, and what the QR code says. Gives both files.
async fn taken_along(evaluation: &Evaluation, folder: &Path) -> [PathBuf; 2] {
    let stick = folder.join("stick");
    fs::create_dir(&stick).expect("made");
    let program = env!("CARGO_BIN_EXE_bidroom");
    let data = evaluation.room.data();
    let words = [
        "ctl",
        "--data",
        data.to_str().expect("a path"),
        "--json",
        "checkpoint",
        "export",
        stick.to_str().expect("a path"),
    ];
    let told: serde_json::Value =
        serde_json::from_slice(&does(folder, program, &words)).expect("JSON");
    let exported = PathBuf::from(told["file"].as_str().expect("a file"));
    let leaf = fs::read_to_string(told["leaf"].as_str().expect("a leaf")).expect("text");
    assert!(
        leaf.contains("bidroom verify") && leaf.contains("见证"),
        "{leaf}"
    );
    let newest = evaluation
        .supervisor
        .get_json("/api/checkpoints/newest")
        .await;
    let brief = folder.join("photographed");
    fs::write(&brief, newest["text"].as_str().expect("text")).expect("written");
    [exported, brief]
}

/// Both are witnesses of the archive, and against whoever shortens the box's own list of checkpoints.
fn witnessed(bag: &Path, taken_along: &[PathBuf; 2], folder: &Path) {
    let with = |bag: &Path, witness: &Path| {
        verify(&Order {
            bag: bag.to_owned(),
            witnesses: vec![witness.to_owned()],
            ..Order::default()
        })
        .expect("a bag")
    };
    for witness in taken_along {
        let verdict = with(bag, witness);
        assert_eq!(verdict.faults, [], "{}", witness.display());
        let nobodys = verified(bag, &[]).unwitnessed;
        assert_ne!(verdict.unwitnessed, nobodys, "{}", witness.display());
    }
    // an insider takes the checkpoints away and makes the manifests anew
    let copy = copied(bag, folder);
    fs::write(copy.join("checkpoints.jsonl"), "").expect("written");
    for signed in ["signatures", "detection"] {
        fs::remove_dir_all(copy.join(signed)).expect("removed");
    }
    remake(&copy);
    assert_eq!(verified(&copy, &[]).faults, []);
    let verdict = with(&copy, &taken_along[1]);
    let found = verdict.faults.iter().any(|f| f.file == "checkpoints.jsonl");
    assert!(found, "{verdict:?}");
    fs::remove_dir_all(copy).expect("removed");
}

fn copied(bag: &Path, folder: &Path) -> PathBuf {
    let copy = folder.join("copy");
    let _ = fs::remove_dir_all(&copy);
    does(
        folder,
        "cp",
        &["-r", bag.to_str().unwrap(), copy.to_str().unwrap()],
    );
    copy
}

/// The payload's files; segments only where asked.
fn files(bag: &Path, segments: bool) -> Vec<String> {
    let manifest = fs::read_to_string(bag.join("manifest-sha256.txt")).expect("a manifest");
    let paths = manifest
        .lines()
        .map(|line| line.split_once("  ").expect("an entry").1.to_owned());
    paths
        .filter(|path| !segments || path.ends_with(".mp4"))
        .collect()
}

/// Alters a bag. Gives what was done, the file in which it must be found, and whether the manifests were made anew.
fn mutate(bag: &Path, n: u32, random: &mut StdRng) -> (&'static str, String, bool) {
    let all = files(bag, n % 7 > 2);
    let file = all[random.random_range(0..all.len())].clone();
    let path = bag.join(&file);
    let mut bytes = fs::read(&path).expect("read");
    let remade = n % 2 == 1;
    let what = match n % 7 {
        0 | 3 => {
            let at = random.random_range(0..bytes.len());
            bytes[at] ^= 1 << random.random_range(0..8_u32);
            fs::write(&path, &bytes).expect("written");
            "flip"
        }
        1 | 4 => {
            bytes.truncate(random.random_range(0..bytes.len()));
            fs::write(&path, &bytes).expect("written");
            "cut"
        }
        2 => {
            let other = all.iter().find(|other| **other != file).expect("another");
            fs::write(&path, fs::read(bag.join(other)).expect("read")).expect("written");
            fs::write(bag.join(other), &bytes).expect("written");
            "swap"
        }
        5 => {
            let name = path.with_file_name("20200101T000000.000Z.mp4");
            fs::rename(&path, name).expect("renamed");
            "rename"
        }
        _ => {
            let last = all.last().expect("a segment").clone();
            fs::remove_file(bag.join(&last)).expect("removed");
            if remade {
                remake(bag);
            }
            return ("drop the last", last, remade);
        }
    };
    if remade {
        remake(bag);
        // a small paper that no chain holds is fixed by the signature alone
        let chained = file.ends_with(".mp4") || file.ends_with(".jsonl");
        if !chained {
            return (what, SIGNATURE.to_owned(), true);
        }
    }
    (what, file, remade)
}

/// What an insider does: all manifests anew.
fn remake(bag: &Path) {
    let mut text = String::new();
    let mut folders = vec![PathBuf::from("data")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(bag.join(&folder)).expect("a folder") {
            let path = folder.join(entry.expect("an entry").file_name());
            if bag.join(&path).is_dir() {
                folders.push(path);
                continue;
            }
            let hash = hex::encode(Sha256::digest(fs::read(bag.join(&path)).expect("read")));
            text.push_str(&format!("{hash}  {}\n", path.display()));
        }
    }
    fs::write(bag.join("manifest-sha256.txt"), text).expect("written");
    fs::remove_file(bag.join("manifest-sm3.txt")).expect("removed");
    let mut tags = String::new();
    for tag in [
        "bagit.txt",
        "bag-info.txt",
        "manifest-sha256.txt",
        "checkpoints.jsonl",
    ] {
        let hash = hex::encode(Sha256::digest(fs::read(bag.join(tag)).expect("read")));
        tags.push_str(&format!("{hash}  {tag}\n"));
    }
    fs::write(bag.join(SIGNED), tags).expect("written");
}

/// Bags that mean harm get a verdict, and nothing outside is touched.
fn hostile(bag: &Path, folder: &Path, trusted: &[Vec<u8>]) {
    let outside = folder.join("outside");
    fs::write(&outside, "theirs").expect("written");
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 9] = [
        ("a friendlier detection report", |bag| {
            let report = bag.join(DETECTION);
            let text = fs::read_to_string(&report).expect("read");
            fs::write(
                report,
                text.replace("没有时间戳", "时间戳 2026-01-01") + " ",
            )
            .expect("written");
        }),
        ("no signature of the detection report", |bag| {
            fs::remove_file(bag.join(DETECTION_SIGNATURE)).expect("removed");
        }),
        ("traversal", |bag| {
            let manifest = bag.join("manifest-sha256.txt");
            let text = fs::read_to_string(&manifest).expect("read");
            let line = format!("{}  data/../../outside\n", "0".repeat(64));
            fs::write(manifest, text + &line).expect("written");
        }),
        ("link", |bag| {
            std::os::unix::fs::symlink("../../outside", bag.join("data/link")).expect("a link");
        }),
        ("no tag manifest", |bag| {
            fs::remove_file(bag.join(SIGNED)).expect("removed")
        }),
        ("no bag-info", |bag| {
            fs::remove_file(bag.join("bag-info.txt")).expect("removed")
        }),
        ("no text", |bag| {
            fs::write(bag.join("manifest-sha256.txt"), [0xff, 0xfe, 0]).expect("written");
        }),
        ("no signature", |bag| {
            fs::write(bag.join(SIGNATURE), "0").expect("written")
        }),
        ("no journal", |bag| {
            fs::write(bag.join("data/journal.jsonl"), "{}\n[1]").expect("written");
        }),
    ];
    for (what, harm) in harms {
        let copy = copied(bag, folder);
        harm(&copy);
        let verdict = verified(&copy, trusted);
        assert_eq!(verdict.exit_code(), 1, "{what}: {verdict:?}");
    }
    assert_eq!(fs::read_to_string(outside).expect("there"), "theirs");
    // another's certificate
    let verdict = verified(bag, &[der(&folder.join("audit.pem"))]);
    assert_eq!(verdict.exit_code(), 3, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_while_it_seals_seals_after_all_and_a_replaced_segment_is_named() {
    let mut evaluation = Evaluation::started(&committee(&NAMES)).await;
    let began = Instant::now();
    let replaced = loop {
        let feed = bag_of(&evaluation).join("data/feeds/camera-1");
        let index = fs::read_to_string(feed.join("index.jsonl")).unwrap_or_default();
        let closed = index.lines().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(line["file"].as_str()?.to_owned())
        });
        if let Some(file) = closed {
            break feed.join(file);
        }
        assert!(began.elapsed() < DEADLINE, "no segment was closed");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let mut bytes = fs::read(&replaced).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&replaced, bytes).expect("written");
    evaluation.sealed().await;
    for after in [0, 5, 20, 50, 100, 200, 400] {
        tokio::time::sleep(Duration::from_millis(after)).await;
        evaluation.room.restart(Signal::KILL);
    }
    assert_eq!(read_back(&evaluation).await, 1);
    let verdict = verified(&bag_of(&evaluation), &[]);
    let name = replaced.file_name().unwrap().to_str().unwrap();
    let file = format!("data/feeds/camera-1/{name}");
    assert!(!verdict.faults.is_empty());
    for fault in &verdict.faults {
        assert_eq!(fault.file, file, "{verdict:#?}");
        assert!(fault.from.is_some() && fault.feed.as_deref() == Some("camera-1"));
    }
    // the detection says so: not whole, and nothing else
    let detected = fs::read_to_string(bag_of(&evaluation).join(DETECTION)).expect("a report");
    let row = |property: &str| {
        let rest = detected.split(property).nth(1).expect("a row");
        rest.split("<tr>")
            .next()
            .expect("its end")
            .contains("不合格")
    };
    assert!(row("<td>完整性") && detected.contains(&file), "{detected}");
    assert!(!row("<td>真实性") && !row("<td>可用性"), "{detected}");
    // without an audit certificate there is no container, which is no merit
    assert_eq!(detected.matches("不适用").count(), 1, "{detected}");
}

/// A recording of that many bytes, of files that take no place on the disk: what sealing and verifying do with
/// them is what they do with any.
fn long_recording(folder: &Path, bytes: u64) {
    const FILE: u64 = 2_500_000;
    const FEEDS: u64 = 26;
    let zeros = hex::encode(Sha256::digest(vec![0; FILE as usize]));
    let files = bytes.div_ceil(FILE * FEEDS);
    for feed in 0..FEEDS {
        let folder = folder.join(format!("long-{feed}"));
        fs::create_dir_all(&folder).expect("a folder");
        let mut index = Vec::new();
        let mut prev = "0".repeat(64);
        for n in 0..files {
            let from = 1_795_485_190_000 + i64::try_from(n).expect("few") * 10_000;
            let at = jiff::Timestamp::from_millisecond(from).expect("a time");
            let file = format!("{}.mp4", at.strftime("%Y%m%dT%H%M%S.%3fZ"));
            let made = fs::File::create(folder.join(&file)).expect("made");
            made.set_len(FILE).expect("sparse");
            let line = json!({
                "n": n + 1, "record": "segment", "file": file, "from": from, "to": from + 10_000,
                "tracks": [], "bytes": FILE, "sha256": zeros, "cause": "age", "prev": prev,
            });
            let line = serde_json::to_vec(&line).expect("JSON");
            prev = hex::encode(Sha256::digest(&line));
            index.extend(line);
            index.push(b'\n');
        }
        fs::write(folder.join("index.jsonl"), index).expect("written");
    }
}

/// `BIDROOM_SEAL_GB=95 scripts/test -E 'test(long_session)'` measures: sealing makes no hash of what was recorded.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_session_is_sealed_by_the_hashes_that_were_made_while_it_was_recorded() {
    let asked = std::env::var("BIDROOM_SEAL_GB").ok();
    let gigabytes: f64 = asked.map_or(0.2, |n| n.parse().expect("a number"));
    let evaluation = Evaluation::started(&committee(&NAMES)).await;
    let bag = bag_of(&evaluation);
    long_recording(&bag.join("data/feeds"), (gigabytes * 1e9) as u64);
    evaluation.sealed().await;
    let patience = DEADLINE + Duration::from_secs_f64(10.0 * gigabytes);
    assert_eq!(read_back_within(&evaluation, patience).await, 0);
    let journal = Reader::open(&evaluation.room.data().join("journal.sqlite")).expect("a journal");
    let entries = journal
        .session_entries(&SESSION.parse().expect("an id"))
        .expect("readable");
    let at = |is: fn(&Event) -> bool| {
        let entry = entries.iter().rfind(|entry| is(&entry.event));
        entry.expect("it happened").stamp.at.0
    };
    let sealed = at(|event| matches!(event, Event::ArchiveSealed { .. }));
    let closed = at(|event| matches!(event, Event::SessionSealed { .. }));
    let read = at(|event| matches!(event, Event::ArchiveReadBack { .. }));
    let timed = |program: &str, words: &[&str]| {
        let began = Instant::now();
        let output = run(&bag, program, words);
        (began.elapsed().as_secs_f64(), output)
    };
    let (ours, output) = timed(env!("CARGO_BIN_EXE_bidroom"), &["verify", "."]);
    assert_eq!(
        output.status.code(),
        Some(3),
        "whole, and nobody vouches: {output:?}"
    );
    let cores = std::thread::available_parallelism()
        .expect("cores")
        .to_string();
    let theirs = "find . -type f -print0 | xargs -0 -n 64 -P \"$0\" sha256sum";
    let (theirs, output) = timed("sh", &["-c", theirs, &cores]);
    assert!(output.status.success());
    println!(
        "{gigabytes} GB: sealed {} ms after the session ended, read back {} ms later; verified in {ours:.1} s, \
         by sha256sum on all cores in {theirs:.1} s",
        sealed - closed,
        read - sealed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_of_a_sealed_session_proves_to_strangers_where_it_is_from() {
    let evaluation = Evaluation::started(&committee(&NAMES)).await;
    let segments = |bag: &Path| {
        let index = fs::read_to_string(bag.join("data/feeds/camera-1/index.jsonl"));
        let lines: Vec<serde_json::Value> = index
            .unwrap_or_default()
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        lines
            .into_iter()
            .filter(|line| line["record"] == "segment")
            .collect::<Vec<_>>()
    };
    let began = Instant::now();
    while segments(&bag_of(&evaluation)).len() < 2 {
        assert!(began.elapsed() < DEADLINE, "no segments were closed");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let all = segments(&bag_of(&evaluation));
    // the first one may be sound alone, until a key frame came
    let one = &all[1];
    let (from, to) = (
        one["from"].as_i64().expect("ms"),
        one["to"].as_i64().expect("ms"),
    );
    let path = |feeds: &str, from: i64, to: i64| {
        format!("/api/recordings/{SESSION}/clip?feeds={feeds}&from={from}&to={to}")
    };
    let ask = async |path: String| {
        let request = evaluation.supervisor.request(Method::GET, &path);
        request.send().await.expect("an answer")
    };
    let refused = async |path: String| {
        let answer = ask(path).await;
        let status = answer.status();
        let problem: serde_json::Value = answer.json().await.expect("a problem");
        (status, problem["code"].as_str().expect("a code").to_owned())
    };
    let conflict = |code: &str| (StatusCode::CONFLICT, code.to_owned());
    let bad = (StatusCode::BAD_REQUEST, "bad_request".to_owned());
    assert_eq!(
        refused(path("camera-1", from, to)).await,
        conflict("not_sealed")
    );
    evaluation.sealed().await;
    read_back(&evaluation).await;
    assert_eq!(
        refused(path("camera-1", 0, 1)).await,
        conflict("nothing_recorded")
    );
    assert_eq!(
        refused(path("seat-1-face", from, to)).await,
        conflict("nothing_recorded")
    );
    assert_eq!(refused(path("../x", from, to)).await, bad);
    assert_eq!(refused(path("camera-1", to, from)).await, bad);

    let answer = ask(path("camera-1", from + 1, to - 1)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let zip = answer.bytes().await.expect("a ZIP file");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("clip.zip"), zip).expect("written");
    does(folder.path(), "unzip", &["-q", "clip.zip"]);
    let clip = folder.path().join(SESSION);
    let file = format!(
        "data/feeds/camera-1/{}",
        one["file"].as_str().expect("a name")
    );
    let payload = does(&clip, "find", &["data", "-type", "f"]);
    let payload = String::from_utf8(payload).expect("names");
    let mut payload: Vec<&str> = payload.lines().collect();
    payload.sort_unstable();
    assert_eq!(payload, [file.as_str(), "data/feeds/camera-1/index.jsonl"]);
    let check = [
        "--check",
        "--quiet",
        "--ignore-missing",
        "manifest-sha256.txt",
    ];
    does(&clip, "sha256sum", &check);
    does(&clip, "sha256sum", &["--check", "--quiet", SIGNED]);
    let ca = evaluation.room.data().join("keys/ca.pem");
    let only = ["x509", "-in", ca.to_str().expect("a path")];
    let authority = folder.path().join("ca.pem");
    fs::write(&authority, does(Path::new("."), "openssl", &only)).expect("written");
    let authority = authority.to_str().expect("a path");
    let cms = [
        "cms", "-verify", "-binary", "-inform", "DER", "-in", SIGNATURE, "-content", SIGNED,
    ];
    let purpose = ["-CAfile", authority, "-purpose", "any", "-out", "/dev/null"];
    does(&clip, "openssl", &[&cms[..], &purpose].concat());
    does(&clip, "ffprobe", &["-v", "error", &file]);

    let trusted = [der(Path::new(authority))];
    let verdict = verified(&clip, &trusted);
    assert_eq!(
        (verdict.exit_code(), &verdict.faults[..]),
        (4, &[][..]),
        "{verdict:#?}"
    );
    assert_eq!(verdict.session, SESSION);
    // the archive itself leaves nothing out
    assert_eq!(verified(&bag_of(&evaluation), &trusted).exit_code(), 0);
    let mut bytes = fs::read(clip.join(&file)).expect("read");
    bytes[1000] ^= 1;
    fs::write(clip.join(&file), bytes).expect("written");
    let verdict = verified(&clip, &trusted);
    assert_eq!(verdict.exit_code(), 1);
    assert!(
        verdict.faults.iter().all(|fault| fault.file == file),
        "{verdict:#?}"
    );
}
