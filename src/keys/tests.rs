//! The box's keys: made once, kept private, and found out when changed.

use super::*;
use crate::room::Utc;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

/// 2026-03-01.
const NOW: Utc = Utc(1_772_323_200_000);
const DAY: i64 = 24 * 3600 * 1000;

fn names(list: &[&str]) -> Vec<HostName> {
    list.iter().map(|n| n.parse().unwrap()).collect()
}

fn open(folder: &Path, at: Utc) -> Result<Keys, KeyError> {
    open_for(
        folder,
        &["localhost", "127.0.0.1", "room-1.bs.gov.cn", "10.1.2.3"],
        at,
    )
}

fn open_for(folder: &Path, list: &[&str], at: Utc) -> Result<Keys, KeyError> {
    let sources = KeySources {
        folder: folder.join("keys"),
        credentials: None,
    };
    Keys::open(sources, &names(list), at)
}

fn openssl(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    let mut stdin = child.stdin.take().unwrap();
    // it may have seen enough before all is written
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_first_start_makes_private_keys_and_later_ones_read_them() {
    let data = tempfile::tempdir().unwrap();
    let first = open(data.path(), NOW).unwrap();
    let folder = data.path().join("keys");
    assert_eq!(mode(&folder), 0o700);
    for file in [
        "ca.pem",
        "server.pem",
        "signing.pem",
        "mac.key",
        "vault.key",
        "made",
    ] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    assert!(!data.path().join("keys.new").exists());

    let second = open(data.path(), Utc(NOW.0 + DAY)).unwrap();
    assert_eq!(first.public_key(), second.public_key());
    assert_eq!(first.ca_certificate_pem(), second.ca_certificate_pem());
    assert_eq!(
        first.hmac(MacPurpose::Code, b"x"),
        second.hmac(MacPurpose::Code, b"x")
    );
    assert_ne!(
        first.hmac(MacPurpose::Code, b"x"),
        first.hmac(MacPurpose::Attempt, b"x")
    );
    let sealed = first.seal(SealPurpose::SecondFactor, b"here", b"secret");
    let opened = |purpose, place: &[u8]| second.open_sealed(purpose, place, &sealed);
    assert_eq!(
        opened(SealPurpose::SecondFactor, b"here")
            .unwrap()
            .as_slice(),
        b"secret"
    );
    assert!(opened(SealPurpose::SecondFactor, b"there").is_err());
    assert!(opened(SealPurpose::SessionKey, b"here").is_err());

    let other = tempfile::tempdir().unwrap();
    assert_ne!(
        open(other.path(), NOW).unwrap().public_key(),
        first.public_key()
    );
}

#[test]
fn openssl_accepts_the_certificate_for_its_names_only() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path(), NOW).unwrap();
    let ca = data.path().join("ca.crt");
    fs::write(&ca, keys.ca_certificate_pem()).unwrap();
    let server = data.path().join("keys/server.pem");
    let (ca, server) = (ca.to_str().unwrap(), server.to_str().unwrap());
    let at = (NOW.0 / 1000).to_string();
    let verify = |more: &[&str]| {
        let args = [
            &["verify", "-x509_strict", "-attime", &at, "-CAfile", ca],
            more,
            &[server],
        ]
        .concat();
        openssl(&args, b"")
    };
    for good in [
        ["-verify_hostname", "localhost"],
        ["-verify_hostname", "room-1.bs.gov.cn"],
        ["-verify_ip", "127.0.0.1"],
        ["-verify_ip", "10.1.2.3"],
        ["-purpose", "sslserver"],
    ] {
        let output = verify(&good);
        assert!(output.status.success(), "{good:?}: {}", text(&output));
    }
    assert!(
        !verify(&["-verify_hostname", "example.com"])
            .status
            .success()
    );
    assert!(!verify(&["-verify_ip", "10.1.2.4"]).status.success());

    let ca_text = text(&openssl(&["x509", "-in", ca, "-noout", "-text"], b""));
    for wanted in [
        "CA:TRUE, pathlen:0",
        "Name Constraints: critical",
        "DNS:room-1.bs.gov.cn",
        "prime256v1",
    ] {
        assert!(ca_text.contains(wanted), "{wanted} is not in {ca_text}");
    }
    assert!(
        ca_text.contains("Not After : Mar  1 00:00:00 2046"),
        "{ca_text}"
    );
    let server_text = text(&openssl(&["x509", "-in", server, "-noout", "-text"], b""));
    assert!(
        server_text.contains("TLS Web Server Authentication"),
        "{server_text}"
    );
}

#[test]
fn the_ca_cannot_vouch_for_the_rest_of_the_net() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path(), NOW).unwrap();
    let error = open_for(data.path(), &["www.gov.cn"], NOW).unwrap_err();
    assert!(
        matches!(&error, KeyError::NameNotPermitted { name, .. } if name == "www.gov.cn"),
        "{error}"
    );
    assert!(open_for(data.path(), &["8.8.8.8"], NOW).is_err());
    assert!(open_for(data.path(), &["192.168.7.7", "fd00::1", "box.local"], NOW).is_ok());

    // even who steals the CA's key gets nothing that others believe
    let pem = fs::read_to_string(data.path().join("keys/ca.pem")).unwrap();
    let key = rcgen::KeyPair::from_pem(&pem).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_pem(&keys.ca_certificate_pem(), key).unwrap();
    let params = rcgen::CertificateParams::new(vec!["www.gov.cn".to_owned()]).unwrap();
    let forged = params
        .signed_by(&rcgen::KeyPair::generate().unwrap(), &issuer)
        .unwrap();
    let (ca, leaf) = (data.path().join("ca.crt"), data.path().join("forged.crt"));
    fs::write(&ca, keys.ca_certificate_pem()).unwrap();
    fs::write(&leaf, forged.pem()).unwrap();
    let output = openssl(
        &[
            "verify",
            "-CAfile",
            ca.to_str().unwrap(),
            leaf.to_str().unwrap(),
        ],
        b"",
    );
    assert!(
        text(&output).contains("permitted subtree violation"),
        "{}",
        text(&output)
    );
}

#[test]
fn the_certificate_is_renewed_when_due_and_not_before() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("keys/server.pem");
    let read = || fs::read_to_string(&path).unwrap();
    let keys = open(data.path(), NOW).unwrap();
    let first = read();
    open(data.path(), Utc(NOW.0 + 700 * DAY)).unwrap();
    assert_eq!(read(), first);
    assert!(!keys.renew(Utc(NOW.0 + 700 * DAY)).unwrap());
    assert!(keys.renew(Utc(NOW.0 + 800 * DAY)).unwrap());
    let second = read();
    assert_ne!(second, first);
    open_for(data.path(), &["localhost"], Utc(NOW.0 + 800 * DAY)).unwrap();
    let third = read();
    assert_ne!(third, second);
    // made by a clock that was far ahead: browsers would not take it yet
    open_for(data.path(), &["localhost"], NOW).unwrap();
    assert_ne!(read(), third);
    // its own certificate needs no backup
    fs::write(&path, &third[..third.len() / 2]).unwrap();
    open_for(data.path(), &["localhost"], NOW).unwrap();
    assert!(read().ends_with("-----END CERTIFICATE-----\n"));
}

#[test]
fn a_stranger_can_shake_hands() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path(), Utc(seconds_now_ms())).unwrap();
    let ca = data.path().join("ca.crt");
    fs::write(&ca, keys.ca_certificate_pem()).unwrap();
    for (version, accepted) in [("-tls1_3", true), ("-tls1_2", true), ("-tls1_1", false)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let config = Arc::new(keys.server_config().unwrap());
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut tls = rustls::ServerConnection::new(config).unwrap();
            let mut stream = rustls::Stream::new(&mut tls, &mut socket);
            let _ = stream.read(&mut [0; 64]);
        });
        let args = [
            "s_client",
            version,
            "-cipher",
            "DEFAULT@SECLEVEL=0",
            "-connect",
            &address,
            "-CAfile",
            ca.to_str().unwrap(),
            "-verify_return_error",
            "-verify_hostname",
            "localhost",
            "-servername",
            "localhost",
            "-alpn",
            "h2",
        ];
        let output = openssl(&args, b"hello\n");
        server.join().unwrap();
        let text = text(&output);
        assert!(
            !accepted || text.contains("Verify return code: 0 (ok)"),
            "{version}: {text}"
        );
        assert_eq!(
            text.contains("ALPN protocol: h2"),
            accepted,
            "{version}: {text}"
        );
    }
}

/// OpenSSL's client looks at the clock itself.
fn seconds_now_ms() -> i64 {
    let now = Command::new("date").arg("+%s").output().unwrap().stdout;
    String::from_utf8(now)
        .unwrap()
        .trim()
        .parse::<i64>()
        .unwrap()
        * 1000
}

#[test]
fn openssl_verifies_what_the_box_signs() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path(), NOW).unwrap();
    let (public, message, signature) = (
        data.path().join("public.pem"),
        data.path().join("message"),
        data.path().join("signature"),
    );
    fs::write(&public, keys.public_key_pem()).unwrap();
    fs::write(&message, b"head of the chain").unwrap();
    fs::write(&signature, keys.sign(b"head of the chain")).unwrap();
    let args = [
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        public.to_str().unwrap(),
        "-in",
        message.to_str().unwrap(),
        "-sigfile",
        signature.to_str().unwrap(),
    ];
    assert!(openssl(&args, b"").status.success());
    fs::write(&message, b"head of the chaim").unwrap();
    assert!(!openssl(&args, b"").status.success());
    // the private key's file is one that OpenSSL reads
    let private = data.path().join("keys/signing.pem");
    let output = openssl(&["pkey", "-in", private.to_str().unwrap(), "-pubout"], b"");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        keys.public_key_pem()
    );
}

#[test]
fn a_damaged_key_is_named_and_never_replaced() {
    let data = tempfile::tempdir().unwrap();
    open(data.path(), NOW).unwrap();
    for name in ["ca.pem", "signing.pem", "mac.key", "vault.key"] {
        let path = data.path().join("keys").join(name);
        let good = fs::read(&path).unwrap();
        let refuses = |bytes: &[u8], what: &str| {
            fs::write(&path, bytes).unwrap();
            let error = open(data.path(), NOW).expect_err(&format!("{name} {what} was accepted"));
            let message = error.to_string();
            assert!(
                message.contains(name) && message.contains("restore"),
                "{name} {what}: {message}"
            );
            assert_eq!(fs::read(&path).unwrap(), bytes, "{name} was replaced");
        };
        let step = if good.len() > 500 { 37 } else { 1 };
        for length in (0..good.len() - 30).step_by(step) {
            refuses(&good[..length], "cut off");
        }
        // within the private part, one bit changes the key without breaking the form
        let begin = if name.ends_with(".pem") {
            100
        } else {
            name.len() + 20
        };
        for at in begin..begin + 20 {
            let mut bytes = good.clone();
            bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
            if bytes != good {
                refuses(&bytes, "changed");
            }
        }
        fs::remove_file(&path).unwrap();
        let error = open(data.path(), NOW).unwrap_err();
        assert!(matches!(error, KeyError::Missing { .. }), "{error}");
        fs::write(&path, &good).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = open(data.path(), NOW).unwrap_err();
        assert!(
            matches!(error, KeyError::Exposed { mode: 0o644, .. }),
            "{error}"
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        open(data.path(), NOW).unwrap();
    }
}

#[test]
fn a_crash_while_keys_are_made_leaves_none() {
    let data = tempfile::tempdir().unwrap();
    // as a crash would leave it: the folder beside, with half a file
    let unfinished = data.path().join("keys.new");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("ca.pem"), b"-----BEGIN").unwrap();
    let keys = open(data.path(), NOW).unwrap();
    assert!(!unfinished.exists());
    // and one within a later renewal
    fs::write(data.path().join("keys/server.new"), b"-----BEG").unwrap();
    assert_eq!(
        open(data.path(), NOW).unwrap().public_key(),
        keys.public_key()
    );
    assert!(open_for(data.path(), &["localhost"], NOW).is_ok());
}

#[test]
fn credentials_go_before_the_folder() {
    let data = tempfile::tempdir().unwrap();
    let credentials = data.path().join("credentials");
    let elsewhere = tempfile::tempdir().unwrap();
    let given = open(elsewhere.path(), NOW).unwrap();
    fs::create_dir(&credentials).unwrap();
    for name in ["signing.pem", "vault.key"] {
        fs::copy(
            elsewhere.path().join("keys").join(name),
            credentials.join(name),
        )
        .unwrap();
        fs::set_permissions(credentials.join(name), fs::Permissions::from_mode(0o440)).unwrap();
    }
    let sources = KeySources {
        folder: data.path().join("keys"),
        credentials: Some(credentials.clone()),
    };
    let keys = Keys::open(sources.clone(), &names(&["localhost"]), NOW).unwrap();
    assert_eq!(keys.public_key(), given.public_key());
    assert!(!data.path().join("keys/vault.key").exists());
    // once they are not handed in any more, nothing is made in their place
    fs::remove_file(credentials.join("vault.key")).unwrap();
    let error = Keys::open(sources, &names(&["localhost"]), NOW).unwrap_err();
    assert!(
        matches!(
            error,
            KeyError::Missing {
                name: "vault.key",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn host_names_are_checked() {
    for good in ["localhost", "Room-1.bs.gov.cn", "10.0.0.1", "fe80::1"] {
        assert!(good.parse::<HostName>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "a b",
        "-a",
        "a..b",
        "10.0.0.300",
        "评标室",
        "a_b",
        "https://a",
    ] {
        assert!(bad.parse::<HostName>().is_err(), "{bad}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let data = tempfile::tempdir().unwrap();
    let keys = open(data.path(), NOW).unwrap();
    let vault = fs::read_to_string(data.path().join("keys/vault.key")).unwrap();
    let shown = format!(
        "{keys:?} {:?} {:?}",
        Secret::new("hunter22222"),
        keys.server_config().unwrap()
    );
    assert!(!shown.contains("hunter22222"));
    assert!(!shown.contains(vault.split(' ').nth(2).unwrap()));
}
