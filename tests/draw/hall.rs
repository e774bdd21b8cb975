//! Owns a room whose call-out is on, with lines and a drawing worker, but without phones: tests are the phones.

use bidroom::room::*;
use serde_json::json;

const BOX: &str = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";
const SUPERVISOR: &str = "5050505050505050505050505050505050505050505050505050505050505050";

/// What is to be set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) lines: u8,
    pub(crate) spare: u8,
    pub(crate) places: u8,
    pub(crate) pool: u32,
    pub(crate) probed: bool,
}

pub(crate) struct Hall {
    pub(crate) setting: Setting,
    pub(crate) room: Room,
    pub(crate) now: Now,
    pub(crate) entries: Vec<Entry>,
}

impl Hall {
    pub(crate) fn open(setting: Setting) -> Self {
        let stamp = Stamp {
            at: Utc(1_795_600_000_000),
            mono: 1_000,
            boot: "boot-1".parse().unwrap(),
        };
        let mut hall = Self {
            setting,
            room: Room::default(),
            now: Now {
                stamp,
                utc_offset: 8 * 3600,
                seed: 1,
            },
            entries: Vec::new(),
        };
        for (actor, command) in opening(setting, hall.now.stamp.at) {
            hall.give(&actor, command).unwrap();
        }
        hall
    }

    /// Gives a command, and lets the drawing worker do what it leads to.
    pub(crate) fn give(&mut self, actor: &Actor, command: Command) -> Result<(), Refusal> {
        let drafts = decide(&self.room, &self.now, actor, Some(&session()), &command)?;
        for draft in drafts {
            let entry = Entry {
                seq: self.room.seq.next(),
                stamp: self.now.stamp.clone(),
                session: draft.session,
                actor: actor.clone(),
                command: None,
                event: draft.event,
            };
            apply(&mut self.room, &entry);
            self.entries.push(entry);
        }
        if let Some(report) = drawing(&self.room, self.setting.pool) {
            self.give(&part(Part::Draw), report)?;
        }
        Ok(())
    }

    pub(crate) fn phones(&mut self, command: Command) {
        self.give(&part(Part::Phones), command).unwrap();
    }

    /// Lets time pass, with every deadline at its moment.
    pub(crate) fn wait(&mut self, ms: u64) {
        let mut left = ms;
        while let Some(due) = next_deadline(&self.room, &self.now).filter(|due| due.0 <= left) {
            self.pass(due.0);
            left -= due.0;
            let before = self.entries.len();
            self.give(&part(Part::Clock), Command::PassDeadlines)
                .unwrap();
            assert!(self.entries.len() > before, "a deadline led to nothing");
        }
        self.pass(left);
    }

    fn pass(&mut self, ms: u64) {
        self.now.stamp.mono += ms;
        self.now.stamp.at = self.now.stamp.at + Span(ms);
    }

    pub(crate) fn ends(&mut self, attempt: &AttemptId, end: CallEnd) {
        self.phones(Command::ReportCallEnded {
            attempt: attempt.clone(),
            end,
            recording: None,
        });
    }

    pub(crate) fn callout(&self) -> &CallOut {
        self.session().callout.as_ref().unwrap()
    }

    pub(crate) fn session(&self) -> &Session {
        &self.room.sessions[&session()]
    }
}

/// The commands that bring a room to a call-out.
pub(crate) fn opening(setting: Setting, at: Utc) -> Vec<(Actor, Command)> {
    let seats = (1..=setting.places).map(|no| Seat {
        no: SeatNo(no),
        x: 1,
        y: 1,
    });
    let layout = Layout {
        seats: seats.collect(),
        ..Layout::default()
    };
    let mut policies = Policies::default();
    policies.call_out.spare = setting.spare;
    let plan = json!({"type": "plan_session", "plan": {
        "id": session(), "kind": "real", "start": at.0 + 24 * 3_600_000, "expected": 3_600_000,
        "experts": setting.places, "tenderer_representatives": 0}});
    let basis = json!({"type": "prepare_draw", "basis": {
        "rows": setting.pool, "eligible": setting.pool, "excluded": {}, "named": [],
        "groups": [{"speciality": "房屋建筑", "count": setting.places, "eligible": setting.pool}],
        "root": Hex32::sha256("pool"), "rules": Hex32::sha256("rules"),
        "commitment": Hex32::sha256(BOX)}});
    let commitment = Hex32::sha256(SUPERVISOR);
    let lines: Vec<LineSpec> = (1..=setting.lines)
        .map(|no| LineSpec {
            id: line(no),
            kind: LineKind::Sip,
            probed: setting.probed,
            texts: false,
        })
        .collect();
    let digest = "spoken".to_owned();
    let mut all = vec![
        (
            part(Part::App),
            Command::ConfigureRoom {
                layout,
                policies,
                profile_sha256: String::new(),
            },
        ),
        (technician(), serde_json::from_value(plan).unwrap()),
        (technician(), serde_json::from_value(basis).unwrap()),
        (supervisor(), Command::CommitToDraw { commitment }),
        (part(Part::Phones), Command::ReportPhonesStarted { lines }),
        (part(Part::Phones), Command::ReportNoticeReady { digest }),
    ];
    all.extend((1..=setting.lines).map(|no| {
        let (line, state) = (line(no), LineState::Ready);
        (part(Part::Phones), Command::ReportLine { line, state })
    }));
    let secret = SUPERVISOR.parse().unwrap();
    all.push((supervisor(), Command::RevealToDraw { secret }));
    all
}

/// What the drawing worker would report, from a pool of so many.
pub(crate) fn drawing(room: &Room, pool: u32) -> Option<Command> {
    let (session, wish) = wanted(room).draws.into_iter().next()?;
    let WantedDraw::Candidates(groups) = wish else {
        let secret = BOX.parse().unwrap();
        return Some(Command::ReportDrawSecret { secret });
    };
    let taken = room.sessions[&session]
        .callout
        .as_ref()
        .unwrap()
        .candidates
        .len();
    let rows = (0..pool).skip(taken).zip(groups);
    let candidates: Vec<DrawnCandidate> = rows
        .map(|(row, group)| {
            let no = u16::try_from(row + 1).unwrap();
            DrawnCandidate {
                candidate: CandidateId(no),
                group,
                row,
                person: format!("d{no}").parse().unwrap(),
            }
        })
        .collect();
    Some(match candidates.is_empty() {
        true => Command::ReportPoolExhausted { group: 0 },
        false => Command::ReportDrawn { candidates },
    })
}

pub(crate) fn line(no: u8) -> LineId {
    format!("sip-{no}").parse().unwrap()
}

pub(crate) fn session() -> SessionId {
    "S-1".parse().unwrap()
}

pub(crate) fn part(part: Part) -> Actor {
    Actor::Daemon { part }
}

pub(crate) fn technician() -> Actor {
    let account = "technician".parse().unwrap();
    Actor::Technician { account }
}

pub(crate) fn supervisor() -> Actor {
    let account = "supervisor".parse().unwrap();
    Actor::Supervisor { account }
}
