//! Owns a box without a daemon: a vault on the disk and a journal of entries, which a kill leaves as they are.

use bidroom::draw::{
    GivenFile, GroupWish, Opening, OrderWish, PrepareError, Prepared, PublicRecord, Tables, Turn,
    Wishes, prepare, public_record, release, take_order, withdraw,
};
use bidroom::keys::{KeySources, Keys};
use bidroom::room::*;
use bidroom::vault::{Document, Vault};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;
use std::fmt::Write;

pub(crate) const SUPERVISOR: &str =
    "5050505050505050505050505050505050505050505050505050505050505050";
const NAMES: &str =
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章";

#[derive(Debug, Clone, Copy)]
pub(crate) enum Damage {
    Lost,
    Exchanged,
}

pub(crate) struct Box {
    folder: tempfile::TempDir,
    vault: Vault,
    pub(crate) room: Room,
    pub(crate) entries: Vec<Entry>,
    now: Now,
    keys: Keys,
    hub: Option<Ed25519KeyPair>,
}

impl Box {
    /// With a draw of five from a pool of so many.
    pub(crate) fn prepared(pool: u16) -> Self {
        let mut this = Self::planned(None);
        this.prepare(pool);
        this
    }

    /// The same, in a city whose hub signs.
    pub(crate) fn with_hub(pool: u16) -> Self {
        let mut this = Self::planned(Some(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()));
        this.prepare(pool);
        this
    }

    /// With a session that nothing was drawn for.
    pub(crate) fn planned(hub: Option<Ed25519KeyPair>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (vault, keys) = open(&folder);
        let stamp = Stamp {
            at: Utc(1_795_600_000_000),
            mono: 1_000,
            boot: "boot-1".parse().unwrap(),
        };
        let mut this = Self {
            folder,
            vault,
            room: Room::default(),
            entries: Vec::new(),
            now: Now {
                stamp,
                utc_offset: 8 * 3600,
                seed: 1,
            },
            keys,
            hub,
        };
        let configure = Command::ConfigureRoom {
            layout: Layout {
                name: "评标一室".to_owned(),
                seats: (1..=9)
                    .map(|no| Seat {
                        no: SeatNo(no),
                        x: 1,
                        y: 1,
                    })
                    .collect(),
                ..Layout::default()
            },
            policies: Policies::default(),
            profile_sha256: String::new(),
        };
        this.give(&part(Part::App), configure).unwrap();
        let plan = json!({"type": "plan_session", "plan": {
            "id": session(), "kind": "real", "start": 1_795_600_000_000_i64 + 4 * 3_600_000,
            "expected": 3_600_000, "experts": 5, "tenderer_representatives": 0}});
        let plan = serde_json::from_value(plan).unwrap();
        this.give(&technician(), plan).unwrap();
        this
    }

    pub(crate) fn prepare(&mut self, pool: u16) {
        self.try_prepare(pool).unwrap();
    }

    pub(crate) fn try_prepare(&mut self, pool: u16) -> Result<(), Refusal> {
        let prepared = self.seal(pool).unwrap();
        let basis = prepared.basis;
        let command = Command::PrepareDraw {
            basis: basis.clone(),
        };
        self.give(&technician(), command).inspect_err(|_| {
            let current = self.room.sessions[&session()].draw.as_ref();
            withdraw(&self.vault, &session(), &basis, current).unwrap();
        })
    }

    fn seal(&self, pool: u16) -> Result<Prepared, PrepareError> {
        release(&self.vault, &session(), &self.room.sessions[&session()]).unwrap();
        let table = table(pool);
        let recusals = "类型,名称,别名\n单位,云南滇西建设集团有限公司,滇西建设\n";
        let tables = Tables {
            pool: table.as_bytes(),
            recusals: Some(recusals.as_bytes()),
            named: None,
        };
        let groups = [("房屋建筑", 3), ("工程造价", 2)].map(|(name, count)| GroupWish {
            speciality: name.to_owned(),
            count,
        });
        let hub = self.draw_hub();
        let wishes = Wishes {
            tables,
            groups: &groups,
            look_back_years: 3,
            hub: hub.as_ref(),
            start: self.room.sessions[&session()].plan.start,
        };
        prepare(&self.vault, &session(), &wishes, &technician(), &self.now)
    }

    pub(crate) fn commit(&mut self) {
        let commitment = Hex32::sha256(SUPERVISOR);
        self.give(&supervisor(), Command::CommitToDraw { commitment })
            .unwrap();
    }

    pub(crate) fn reveal(&mut self, secret: &str) {
        self.try_reveal(secret).unwrap();
    }

    pub(crate) fn try_reveal(&mut self, secret: &str) -> Result<(), Refusal> {
        let secret = secret.parse().unwrap();
        self.give(&supervisor(), Command::RevealToDraw { secret })
    }

    fn draw_hub(&self) -> Option<DrawHub> {
        let key = self.hub.as_ref()?.public_key().as_ref();
        Some(DrawHub {
            key: Hex32::of(key.try_into().unwrap()),
            wait: Span::seconds(120),
        })
    }

    /// The hub signs what was committed to.
    pub(crate) fn countersign(&mut self) -> Result<(), Refusal> {
        let (_, commitments) = self.draw().unsigned().unwrap();
        let hub = self.hub.as_ref().unwrap();
        let signature = hub.sign(commitments.text(&session()).as_bytes());
        let command = Command::CountersignDraw {
            attempt: commitments.attempt,
            signature: hex::encode(signature.as_ref()).parse().unwrap(),
        };
        self.give(&part(Part::Hub), command)
    }

    /// So much time passes.
    pub(crate) fn pass(&mut self, seconds: u64) {
        let by = Span::seconds(seconds);
        self.now.stamp.at = self.now.stamp.at + by;
        self.now.stamp.mono += by.0;
        if next_deadline(&self.room, &self.now) == Some(Span::ZERO) {
            self.give(&part(Part::Clock), Command::PassDeadlines)
                .unwrap();
        }
    }

    /// The order that this box has drawn, as its pool's owner would give it to another box: signed, in clear.
    pub(crate) fn as_given(&self, owner: &Ed25519KeyPair) -> GivenFile {
        let (record, opening) = (self.record(), self.opening());
        let mut file = GivenFile {
            algorithm: record.algorithm,
            session: session(),
            attempt: record.attempt,
            supervisor_commitment: record.supervisor_commitment.unwrap(),
            supervisor_secret: record.supervisor_secret.unwrap(),
            box_secret: record.box_secret.unwrap(),
            rules: opening.rules,
            rows: opening.rows,
            key: Hex32::of(owner.public_key().as_ref().try_into().unwrap()),
            signature: "0".repeat(128).parse().unwrap(),
        };
        let text = [
            "bidroom-draw-given/1",
            &format!("{} {}", file.session, file.attempt),
            record.root.as_str(),
            record.rules.as_str(),
            record.box_commitment.as_str(),
            file.supervisor_commitment.as_str(),
            file.supervisor_secret.as_str(),
            file.box_secret.as_str(),
        ]
        .join("\n");
        let signature = hex::encode(owner.sign(text.as_bytes()).as_ref());
        file.signature = signature.parse().unwrap();
        file
    }

    /// The certificate that others encrypt to.
    pub(crate) fn certificate(&self) -> String {
        self.keys.envelope_certificate().unwrap()
    }

    /// Takes an order that was drawn already.
    pub(crate) fn take_order(
        &mut self,
        container: &[u8],
        trusted: &[Hex32],
    ) -> Result<(), PrepareError> {
        let groups = [("工程造价", 2), ("房屋建筑", 3)].map(|(name, count)| GroupWish {
            speciality: name.to_owned(),
            count,
        });
        let wish = OrderWish {
            container,
            named: None,
            groups: &groups,
            trusted,
            start: self.room.sessions[&session()].plan.start,
        };
        let prepared = take_order(
            &self.vault,
            &self.keys,
            &session(),
            &wish,
            &technician(),
            &self.now,
        )?;
        let basis = prepared.basis;
        self.give(&technician(), Command::PrepareDraw { basis })
            .unwrap();
        Ok(())
    }

    /// The supervisor accepts it.
    pub(crate) fn accept_order(&mut self) {
        self.give(&supervisor(), Command::AcceptGivenOrder).unwrap();
    }

    /// Both of the supervisor's steps.
    pub(crate) fn seed(&mut self) {
        self.commit();
        self.reveal(SUPERVISOR);
    }

    /// Works until nothing is wanted. `kills` says whether the daemon dies after the vault was written and before what
    /// it reports is journalled; gives how often it did.
    pub(crate) fn work(&mut self, mut kills: impl FnMut(&Command) -> bool) -> usize {
        let mut restarts = 0;
        while let Some((id, wish)) = wanted(&self.room).draws.into_iter().next() {
            let at = self.now.stamp.at;
            let turn = Turn::compute(&self.vault, &self.room, &id, &wish, at).unwrap();
            let Some(command) = turn else { break };
            if kills(&command) {
                self.restart();
                restarts += 1;
                continue;
            }
            self.give(&part(Part::Draw), command).unwrap();
        }
        restarts
    }

    /// Another process: the room from the journal, the vault from the disk.
    fn restart(&mut self) {
        let text = serde_json::to_string(&self.entries).unwrap();
        self.entries = serde_json::from_str(&text).unwrap();
        let mut room = Room::default();
        self.entries
            .iter()
            .for_each(|entry| apply(&mut room, entry));
        assert_eq!(room, self.room);
        self.room = room;
        (self.vault, self.keys) = open(&self.folder);
    }

    /// One candidate who is asked declines.
    pub(crate) fn one_declines(&mut self) {
        let callout = self.room.sessions[&session()].callout.as_ref().unwrap();
        let mut asked = callout.candidates.iter();
        let (candidate, _) = asked.find(|(_, c)| c.standing.is_asked()).unwrap();
        let candidate = *candidate;
        self.happen(Some(session()), Event::CandidateDeclined { candidate });
    }

    /// The supervisor stops the call-out.
    pub(crate) fn stop(&mut self) {
        let reason = Note::new("put off").unwrap();
        self.give(&supervisor(), Command::StopCallOut { reason })
            .unwrap();
    }

    pub(crate) fn damage(&mut self, damage: Damage) {
        let root = self.draw().basis.root.clone();
        let document = Document::Draw(root);
        match damage {
            Damage::Lost => self.vault.forget(&session(), &document).unwrap(),
            Damage::Exchanged => {
                let mut opening = self.opening();
                opening.secret = Hex32::sha256("a secret that suits better");
                let text = serde_json::to_vec(&opening).unwrap();
                self.vault.keep(&session(), &document, &text).unwrap();
            }
        }
    }

    pub(crate) fn draw(&self) -> &Draw {
        self.room.sessions[&session()].draw.as_ref().unwrap()
    }

    pub(crate) fn record(&self) -> PublicRecord {
        let found = &self.room.sessions[&session()];
        let at = self.now.stamp.at;
        public_record(
            &self.vault,
            &session(),
            found,
            self.draw(),
            &supervisor(),
            at,
        )
        .unwrap()
    }

    pub(crate) fn opening(&self) -> Opening {
        let document = Document::Draw(self.draw().basis.root.clone());
        let at = self.now.stamp.at;
        let text = self
            .vault
            .document(&session(), &document, &supervisor(), at);
        serde_json::from_slice(&text.unwrap().unwrap()).unwrap()
    }

    /// How many people the session has in the vault.
    pub(crate) fn people(&self) -> usize {
        self.vault.people(&session()).unwrap().len()
    }

    fn give(&mut self, actor: &Actor, command: Command) -> Result<(), Refusal> {
        let drafts = decide(&self.room, &self.now, actor, Some(&session()), &command)?;
        for draft in drafts {
            self.happen(draft.session, draft.event);
        }
        Ok(())
    }

    fn happen(&mut self, session: Option<SessionId>, event: Event) {
        let entry = Entry {
            seq: self.room.seq.next(),
            stamp: self.now.stamp.clone(),
            session,
            actor: part(Part::App),
            command: None,
            event,
        };
        apply(&mut self.room, &entry);
        self.entries.push(entry);
    }
}

fn open(folder: &tempfile::TempDir) -> (Vault, Keys) {
    let sources = KeySources {
        folder: folder.path().join("keys"),
        credentials: None,
    };
    let keys = Keys::open(
        sources,
        &["localhost".parse().unwrap()],
        Utc(1_795_600_000_000),
    );
    let keys = keys.unwrap();
    let vault = Vault::open(&folder.path().join("vault.sqlite"), keys.clone()).unwrap();
    (vault, keys)
}

fn session() -> SessionId {
    "S-1".parse().unwrap()
}

fn part(part: Part) -> Actor {
    Actor::Daemon { part }
}

fn technician() -> Actor {
    let account = "technician".parse().unwrap();
    Actor::Technician { account }
}

fn supervisor() -> Actor {
    let account = "supervisor".parse().unwrap();
    Actor::Supervisor { account }
}

/// A pool: every third can do both specialities, and every tenth works for a bidder.
fn table(rows: u16) -> String {
    let mut table = "姓名,手机号,身份证号,单位,专业\n".to_owned();
    for no in 0..rows {
        let employer = if no % 10 == 9 {
            "滇西建设"
        } else {
            "设计院"
        };
        let specialities = match no % 3 {
            0 => "房屋建筑、工程造价",
            1 => "房屋建筑",
            _ => "工程造价",
        };
        writeln!(
            table,
            "{},{},{},{employer},{specialities}",
            name(no),
            phone(no),
            id_number(no)
        )
        .unwrap();
    }
    table
}

fn name(no: u16) -> String {
    let surname = NAMES.chars().nth(usize::from(no)).unwrap();
    format!("{surname}评评")
}

fn phone(no: u16) -> String {
    format!("139172648{no:02}")
}

/// All that must be seen nowhere.
pub(crate) fn canaries() -> Vec<String> {
    let all = (0..40).flat_map(|no| [name(no), phone(no), id_number(no)]);
    all.chain(["滇西建设".to_owned()]).collect()
}

/// A valid ID number with that serial number.
fn id_number(serial: u16) -> String {
    let body = format!("31011319700307{serial:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = body.bytes().map(|b| u32::from(b - b'0'));
    let sum: u32 = digits.zip(weights).map(|(b, w)| b * w).sum();
    let check = ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"];
    format!("{body}{}", check[(sum % 11) as usize])
}
