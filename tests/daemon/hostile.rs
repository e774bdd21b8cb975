//! Clients that send what no browser sends: each gets a clear no, the daemon stays as it was, and nobody
//! else notices.

use crate::offers::{PUBLISH, watch};
use crate::support::{Browser, Room};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Method, StatusCode};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FACE: &str = "/api/whip/seat-1-face";
const CAMERA: &str = "/api/whep/camera-1";
/// How long the daemon has for its no. It waits 20 s for what comes slowly.
const PATIENCE: Duration = Duration::from_secs(40);

/// The daemon's port without an HTTP client between.
#[derive(Clone)]
struct Wire {
    port: u16,
    config: Arc<ClientConfig>,
    bearer: String,
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

impl Wire {
    fn to(room: &Room, bearer: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(room.data().join("keys/ca.pem")).unwrap();
        roots.add(ca).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots);
        let port = std::fs::read_to_string(room.data().join("port")).unwrap();
        Self {
            port: port.parse().unwrap(),
            config: Arc::new(config.with_no_client_auth()),
            bearer: bearer.to_owned(),
        }
    }

    fn open(&self) -> Stream {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let session = ClientConnection::new(self.config.clone(), name).unwrap();
        StreamOwned::new(session, socket)
    }

    /// A request's head, up to the headers that the case adds.
    fn head(&self, method: &str, path: &str) -> String {
        let bearer = &self.bearer;
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {bearer}\r\n\
             connection: close\r\n"
        )
    }

    /// Sends bytes and no more; the status of the answer, none where the connection is only closed.
    fn send(&self, bytes: &[u8]) -> Option<u16> {
        let mut stream = self.open();
        // a no may come before all is sent
        let _ = stream.write_all(bytes).and_then(|()| stream.flush());
        status(&mut stream)
    }
}

/// Reads to the end of the connection.
fn status(stream: &mut Stream) -> Option<u16> {
    let (began, mut answer, mut chunk) = (Instant::now(), Vec::new(), [0; 4096]);
    loop {
        assert!(began.elapsed() < PATIENCE, "no answer");
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&chunk[..n]),
            Err(e) => {
                assert!(e.kind() != std::io::ErrorKind::WouldBlock, "no answer");
                break;
            }
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    Some(status.parse().unwrap())
}

/// A client with a token for one feed each way.
async fn stranger(room: &Room) -> (Browser, String) {
    let security = room.signed_in("security").await;
    let scopes = json!([{"publish": "seat-1-face"}, {"view": "camera-1"}]);
    let order = json!({"name": "stranger", "scopes": scopes, "expires": null});
    let made: Value = security
        .post("/api/tokens", order)
        .await
        .json()
        .await
        .unwrap();
    let token = made["token"].as_str().unwrap().to_owned();
    (room.browser().with_token(&token), token)
}

/// Resident memory in KiB, and open file descriptors.
fn held(room: &Room) -> (u64, usize) {
    let folder = format!("/proc/{}", room.pid());
    let told = std::fs::read_to_string(format!("{folder}/status")).unwrap();
    let line = told.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    let resident = line.split_ascii_whitespace().nth(1).unwrap();
    let open = std::fs::read_dir(format!("{folder}/fd")).unwrap().count();
    (resident.parse().unwrap(), open)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_get_a_clear_no() {
    let room = Room::start().await;
    let (browser, token) = stranger(&room).await;
    let wire = Wire::to(&room, &token);
    let sdp = "content-type: application/sdp\r\n";
    let post = |headers: &str, body: &[u8]| {
        let head = wire.head("POST", FACE);
        [head.as_bytes(), headers.as_bytes(), b"\r\n", body].concat()
    };
    let sized = |headers: &str, body: &[u8]| {
        post(
            &format!("{headers}content-length: {}\r\n", body.len()),
            body,
        )
    };
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x-long: {}\r\n", "y".repeat(1 << 20));
    let chunked = format!("{sdp}transfer-encoding: chunked\r\n");
    let chunk = format!("1000\r\n{}\r\n", "a=x:yz\r\n".repeat(0x1000 / 8));
    let far = format!("/api/whip/{}", "a".repeat(100_000));
    let tags = format!("if-match: {}\r\n", "\"x\",".repeat(2_000));
    let nobody = format!("{FACE}/00000000000000000000000000000000");
    let plain = |method: &str, path: &str, more: &str| {
        format!("{}{more}content-length: 0\r\n\r\n", wire.head(method, path)).into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
        ("no HTTP", b"\x16\x03\x01\0\0hello\r\n\r\n".to_vec(), &[400]),
        (
            "no version",
            b"POST /api/whip/seat-1-face\r\n\r\n".to_vec(),
            &[400],
        ),
        ("a strange method", plain("BREW", FACE, ""), &[405]),
        ("a method with a space", plain("PO ST", FACE, ""), &[400]),
        ("another method", plain("PUT", FACE, ""), &[405]),
        (
            "a way up",
            plain("POST", "/api/whip/..%2f..%2fetc", sdp),
            &[403, 404],
        ),
        (
            "a NUL in the path",
            plain("POST", "/api/whip/%00", sdp),
            &[403, 404],
        ),
        (
            "no UTF-8 in the path",
            plain("POST", "/api/whip/%ff", sdp),
            &[400, 403, 404],
        ),
        (
            "a path without end",
            plain("POST", &far, sdp),
            &[400, 403, 404, 414, 431],
        ),
        ("no type", sized("", PUBLISH.as_bytes()), &[415]),
        (
            "another type",
            sized("content-type: text/html\r\n", PUBLISH.as_bytes()),
            &[415],
        ),
        ("two hundred headers", sized(&many, b"x"), &[431]),
        ("a header of a megabyte", sized(&long, b"x"), &[431]),
        (
            "a header that is none",
            post("content type application/sdp\r\n", b""),
            &[400],
        ),
        ("no length", post(sdp, b""), &[400]),
        (
            "a negative length",
            post(&format!("{sdp}content-length: -1\r\n"), b"v=0"),
            &[400],
        ),
        (
            "two lengths",
            post(
                &format!("{sdp}content-length: 1\r\ncontent-length: 2\r\n"),
                b"v=0",
            ),
            &[400],
        ),
        (
            "a terabyte",
            post(
                &format!("{sdp}content-length: 1000000000000\r\n"),
                chunk.as_bytes(),
            ),
            &[400, 413],
        ),
        (
            "more than an offer has",
            sized(sdp, &[b'a'; 70_000]),
            &[413],
        ),
        (
            "the same in chunks",
            post(&chunked, chunk.repeat(20).as_bytes()),
            &[413],
        ),
        (
            "a chunk that is none",
            post(&chunked, b"zz\r\nv=0\r\n"),
            &[400],
        ),
        (
            "a chunk of no end",
            post(&chunked, b"ffffffffffffffffff\r\nv=0\r\n"),
            &[400],
        ),
        ("no UTF-8", sized(sdp, b"v=0\r\n\xff\xfe\r\n"), &[400]),
        ("zeros", sized(sdp, &[0; 100]), &[400]),
        (
            "a fragment for nobody",
            plain(
                "PATCH",
                &nobody,
                "content-type: application/trickle-ice-sdpfrag\r\n",
            ),
            &[404],
        ),
        ("two thousand tags", plain("PATCH", &nobody, &tags), &[404]),
        ("an end of nothing", plain("DELETE", &nobody, ""), &[404]),
        (
            "a resource that is none",
            plain("DELETE", &format!("{FACE}/%00"), ""),
            &[404],
        ),
    ];
    for (what, bytes, expected) in &cases {
        let wire = wire.clone();
        let bytes = bytes.clone();
        let got = tokio::task::spawn_blocking(move || wire.send(&bytes))
            .await
            .unwrap();
        assert!(
            got.is_some_and(|got| expected.contains(&got)),
            "{what}: {got:?}"
        );
    }
    assert_eq!(browser.get("/healthz").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_slowly_is_not_waited_for() {
    let room = Room::start().await;
    let (browser, token) = stranger(&room).await;
    let wire = Wire::to(&room, &token);
    let before = held(&room).1;
    let body = format!(
        "{}content-type: application/sdp\r\ncontent-length: 9000\r\n\r\nv=0\r\n",
        wire.head("POST", FACE)
    );
    let head = wire.head("POST", FACE);
    let mut slow = tokio::task::JoinSet::new();
    for begin in [body, head, String::new()] {
        for _ in 0..8 {
            let (wire, begin) = (wire.clone(), begin.clone());
            slow.spawn_blocking(move || {
                let mut stream = wire.open();
                let began = Instant::now();
                let mut sent = stream.write_all(begin.as_bytes());
                // a byte now and then, until the daemon has enough of it
                while sent.is_ok() && !begin.is_empty() {
                    assert!(began.elapsed() < PATIENCE, "it is waited for");
                    std::thread::sleep(Duration::from_millis(500));
                    sent = stream.write_all(b"a").and_then(|()| stream.flush());
                    let _ = stream.sock.set_read_timeout(Some(Duration::from_millis(1)));
                    let mut answer = [0; 12];
                    match stream.read(&mut answer) {
                        Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                        Ok(0) | Err(_) => return,
                        Ok(_) => return assert_eq!(&answer, b"HTTP/1.1 400"),
                    }
                }
                status(&mut stream);
            });
        }
    }
    assert_eq!(browser.get("/healthz").await.status(), StatusCode::OK);
    while let Some(ended) = slow.join_next().await {
        ended.unwrap();
    }
    let began = Instant::now();
    while held(&room).1 > before + 2 {
        assert!(began.elapsed() < PATIENCE, "file descriptors stay open");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_gone_wrong_are_refused_or_served_and_cost_nothing() {
    let room = Room::start().await;
    let (browser, _) = stranger(&room).await;
    let mut chance = StdRng::seed_from_u64(9725);
    let offers = [(FACE, PUBLISH.to_owned()), (CAMERA, watch())];
    let mut settled = None;
    for round in 0..600 {
        let (path, offer) = &offers[round % 2];
        let mut bytes = offer.clone().into_bytes();
        for _ in 0..chance.random_range(1..6) {
            spoil(&mut bytes, &mut chance);
        }
        let sent = browser
            .request(Method::POST, path)
            .header("content-type", "application/sdp")
            .body(bytes.clone());
        let answer = sent.send().await.expect("an answer");
        let status = answer.status();
        let place = answer.headers().get("location").cloned();
        let text = answer.text().await.unwrap();
        let spoilt = String::from_utf8_lossy(&bytes);
        assert!(
            status == StatusCode::CREATED || status.is_client_error(),
            "{status} {text}\n{spoilt}\n{}",
            room.log().lines().last().unwrap_or_default()
        );
        if let Some(place) = place {
            let ended = browser.request(Method::DELETE, place.to_str().unwrap());
            let ended = ended.send().await.expect("an answer");
            assert_eq!(ended.status(), StatusCode::OK);
        }
        if round == 200 {
            settled = Some(held(&room));
        }
    }
    let (memory, open) = settled.unwrap();
    let now = held(&room);
    assert!(
        now.0 < memory + 32 * 1024,
        "{memory} KiB, then {} KiB",
        now.0
    );
    assert!(now.1 <= open + 8, "{open} files, then {}", now.1);
}

/// One change: a byte, a line less, a line twice, two lines changed round, or a large number.
fn spoil(bytes: &mut Vec<u8>, chance: &mut StdRng) {
    let mut lines: Vec<Vec<u8>> = bytes
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    if lines.is_empty() {
        return;
    }
    let (a, b) = (
        chance.random_range(0..lines.len()),
        chance.random_range(0..lines.len()),
    );
    match chance.random_range(0..6) {
        0 => {
            let at = chance.random_range(0..lines[a].len());
            lines[a][at] = chance.random();
        }
        1 => drop(lines.remove(a)),
        2 => lines.push(lines[a].clone()),
        3 => lines.swap(a, b),
        4 => {
            let at = chance.random_range(0..lines[a].len());
            lines[a].splice(at..at, *b"99999999999999999999");
        }
        _ => {
            let at = chance.random_range(0..lines[a].len());
            lines[a].truncate(at);
            lines[a].extend_from_slice(b"\r\n");
        }
    }
    *bytes = lines.concat();
}
