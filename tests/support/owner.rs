//! The pool's owner, who draws with a box of his own, signs the order, and encrypts it to a room by openssl alone.

use super::id_number;
use bidroom::draw::{GivenFile, GroupWish, Opening, Tables, Wishes, prepare};
use bidroom::keys::{KeySources, Keys, random};
use bidroom::room::{Actor, DrawCommitments, GivenOrder, Hex32, Now, Part, SessionId, Stamp, Utc};
use bidroom::vault::{Document, Vault};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::fs;
use std::process::Command;

/// The owner of a pool.
pub(crate) struct Owner(Ed25519KeyPair);

impl Owner {
    /// The one of all tests.
    pub(crate) fn new() -> Self {
        Self::of_seed(9)
    }

    /// One of several.
    pub(crate) fn of_seed(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    /// His key, 64 hex digits.
    pub(crate) fn key(&self) -> String {
        hex::encode(self.0.public_key().as_ref())
    }

    /// Draws from a table for a session that begins then: a signed order, in clear.
    pub(crate) fn draws(
        &self,
        session: &str,
        start: i64,
        pool: &str,
        groups: &[(&str, u8)],
    ) -> GivenFile {
        let folder = tempfile::tempdir().unwrap();
        let sources = KeySources {
            folder: folder.path().join("keys"),
            credentials: None,
        };
        let start = Utc(start);
        let keys = Keys::open(sources, &["localhost".parse().unwrap()], start).unwrap();
        let vault = Vault::open(&folder.path().join("vault.sqlite"), keys).unwrap();
        let session: SessionId = session.parse().unwrap();
        let actor = Actor::Daemon { part: Part::Draw };
        let now = Now {
            stamp: Stamp {
                at: start,
                mono: 1,
                boot: "owner".parse().unwrap(),
            },
            utc_offset: 8 * 3600,
            seed: 1,
        };
        let groups: Vec<GroupWish> = groups
            .iter()
            .map(|(speciality, count)| GroupWish {
                speciality: (*speciality).to_owned(),
                count: *count,
            })
            .collect();
        let wishes = Wishes {
            tables: Tables {
                pool: pool.as_bytes(),
                recusals: None,
                named: None,
            },
            groups: &groups,
            look_back_years: 3,
            hub: None,
            start,
        };
        let basis = prepare(&vault, &session, &wishes, &actor, &now)
            .unwrap()
            .basis;
        let document = Document::Draw(basis.root.clone());
        let text = vault.document(&session, &document, &actor, start);
        let opening: Opening = serde_json::from_slice(&text.unwrap().unwrap()).unwrap();
        let supervisor_secret = Hex32::of(*random::<32>());
        let mut order = GivenOrder {
            key: self.key().parse().unwrap(),
            attempt: 1,
            supervisor: Hex32::sha256(supervisor_secret.as_str()),
            supervisor_secret,
            box_secret: opening.secret.clone(),
            signature: "0".repeat(128).parse().unwrap(),
        };
        let commitments = DrawCommitments::of(order.attempt, &basis, &order.supervisor);
        let signed = self.0.sign(order.text(&session, &commitments).as_bytes());
        order.signature = hex::encode(signed.as_ref()).parse().unwrap();
        GivenFile {
            algorithm: "bidroom-draw/1".to_owned(),
            session,
            attempt: order.attempt,
            supervisor_commitment: order.supervisor,
            supervisor_secret: order.supervisor_secret,
            box_secret: order.box_secret,
            rules: opening.rules,
            rows: opening.rows,
            key: order.key,
            signature: order.signature,
        }
    }
}

/// A pool of so many people who all can do the same.
pub(crate) fn pool(people: usize, speciality: &str) -> String {
    let row = |no: usize| {
        let phone = format!("138{no:08}");
        let id = id_number(200 + no);
        format!(
            "{},{phone},{id},云南某设计院有限公司,{speciality}\n",
            name(no)
        )
    };
    let rows: String = (0..people).map(row).collect();
    format!("姓名,手机号,身份证号,单位,专业\n{rows}")
}

/// The name of somebody in it.
pub(crate) fn name(no: usize) -> String {
    const FAMILIES: [&str; 5] = ["司马", "欧阳", "诸葛", "上官", "东方"];
    const GIVEN: [&str; 6] = ["雀", "鸟", "燕", "莺", "鹂", "鹊"];
    format!("{}金丝{}", FAMILIES[no % 5], GIVEN[no / 5 % 6])
}

/// Encrypts to a certificate (PEM) as whoever has openssl does.
pub(crate) fn encrypt(certificate: &str, plain: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("box.pem"), certificate).unwrap();
    fs::write(at("order.json"), plain).unwrap();
    let done = Command::new("openssl")
        .args(["cms", "-encrypt", "-binary", "-aes-256-gcm"])
        .args(["-outform", "DER", "-in"])
        .arg(at("order.json"))
        .arg("-out")
        .arg(at("order.cms"))
        .arg("-recip")
        .arg(at("box.pem"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}");
    fs::read(at("order.cms")).unwrap()
}

/// The same of an order.
pub(crate) fn sealed(certificate: &str, order: &GivenFile) -> Vec<u8> {
    encrypt(certificate, &serde_json::to_vec(order).unwrap())
}
