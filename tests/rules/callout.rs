//! Owns the words of stories about draw and call-out, and stands in for the worker that draws.
//!
//! ```text
//! given phones sip-1 sip-2 probed        lines that are ready; `probed` ones have a test number, `texts` send messages
//! given a draw of 5 from 9               prepared, over a pool of 9
//! given a seeded draw of 5 from 9        … and both secrets revealed
//! given the notice is ready              it is spoken
//! phones: 3 ends busy                    the open call to candidate 3 ends; `attends` and `declines` go on with thanks
//! phones: test on sip-1 ends reached     the open call to a test number ends
//! phones: text to 3 ends sent             what became of a text message to candidate 3
//! phones: 3 calls sip-1                  candidate 3, or `somebody`, calls us, and the line is to take it
//! phones: sip-1 is ready                 a line stands otherwise
//! -> calls 1@sip-1 test@sip-2            exactly these calls are open
//! -> standing 3 accepted                 where a candidate stands
//! -> says 3 thanks                       what is wanted to be said to him
//! ```

use crate::story::{Play, account, daemon};
use bidroom::room::*;
use serde_json::json;

/// The secrets of box and supervisor.
const BOX: &str = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";
const SUPERVISOR: &str = "5050505050505050505050505050505050505050505050505050505050505050";

impl Play {
    pub(crate) fn given_of_callout(&mut self, words: &[&str]) -> bool {
        let numbers: Vec<u32> = words.iter().filter_map(|w| w.parse().ok()).collect();
        match words {
            ["phones", lines @ ..] => {
                let probed = lines.last() == Some(&"probed");
                let texts = lines.last() == Some(&"texts");
                let lines: Vec<LineSpec> = lines
                    .iter()
                    .filter(|word| !matches!(**word, "probed" | "texts"))
                    .map(|id| LineSpec {
                        id: id.parse().expect("a line"),
                        kind: LineKind::Sip,
                        probed,
                        texts,
                    })
                    .collect();
                let started = Command::ReportPhonesStarted {
                    lines: lines.clone(),
                };
                self.phones(started);
                for line in lines {
                    let (line, state) = (line.id, LineState::Ready);
                    self.phones(Command::ReportLine { line, state });
                }
            }
            ["the", "notice", "is", "ready"] => {
                let digest = "spoken".to_owned();
                let session = Some(self.session.clone());
                let ready = Command::ReportNoticeReady { digest };
                self.give(&daemon(Part::Phones), session, ready);
            }
            ["a", "draw", ..] => self.prepare(numbers[0], numbers[1]),
            ["a", "seeded", "draw", ..] => {
                self.prepare(numbers[0], numbers[1]);
                let session = Some(self.session.clone());
                let commitment = Hex32::sha256(SUPERVISOR);
                let commit = Command::CommitToDraw { commitment };
                self.give(&account("supervisor"), session.clone(), commit);
                let secret = SUPERVISOR.parse().expect("hex");
                let reveal = Command::RevealToDraw { secret };
                self.give(&account("supervisor"), session, reveal);
            }
            _ => return false,
        }
        true
    }

    fn phones(&mut self, command: Command) {
        self.give(&daemon(Part::Phones), None, command);
    }

    fn prepare(&mut self, count: u32, pool: u32) {
        self.pool = pool;
        let basis = json!({
            "rows": pool, "eligible": pool, "excluded": {}, "named": [],
            "groups": [{"speciality": "房屋建筑", "count": count, "eligible": pool}],
            "root": Hex32::sha256("pool"), "rules": Hex32::sha256("rules"),
            "commitment": Hex32::sha256(BOX),
        });
        let basis = serde_json::from_value(basis).expect("a basis");
        let session = Some(self.session.clone());
        self.give(
            &account("technician"),
            session,
            Command::PrepareDraw { basis },
        );
    }

    /// What the draw's worker would report.
    pub(crate) fn draw_by_itself(&mut self) {
        let Some((session, wish)) = wanted(&self.room).draws.into_iter().next() else {
            return;
        };
        let callout = self.room.sessions[&session].callout.as_ref();
        let taken = callout.map_or(0, |c| c.candidates.len());
        let command = match wish {
            WantedDraw::Secret => Command::ReportDrawSecret {
                secret: BOX.parse().expect("hex"),
            },
            WantedDraw::Candidates(groups) => {
                let next = (1_u16..).zip(0_u32..).skip(taken).zip(groups);
                let left = next.take(self.pool as usize - taken);
                let candidates: Vec<DrawnCandidate> = left
                    .map(|((no, row), group)| DrawnCandidate {
                        candidate: CandidateId(no),
                        group,
                        row,
                        person: format!("d{no}").parse().expect("valid"),
                    })
                    .collect();
                match candidates.is_empty() {
                    true => Command::ReportPoolExhausted { group: 0 },
                    false => Command::ReportDrawn { candidates },
                }
            }
        };
        self.give(&daemon(Part::Draw), Some(session), command);
    }

    pub(crate) fn order_of_callout(&mut self, who: &str, what: &str) -> bool {
        let words: Vec<&str> = what.split_whitespace().collect();
        match (who, words.as_slice()) {
            ("phones", ["test", "on", line, "ends", how]) => {
                let line: LineId = line.parse().expect("a line");
                let attempt =
                    self.call(|call| call.callee == Callee::TestNumber && call.line == line);
                self.ends(attempt, how);
            }
            ("phones", ["stranger", "ends", how]) => {
                let attempt = self.call(|call| call.callee == Callee::Stranger);
                self.ends(attempt, how);
            }
            ("phones", ["text", "to", candidate, "ends", how]) => {
                let to = Texting {
                    session: self.session.clone(),
                    candidate: CandidateId(candidate.parse().expect("a candidate")),
                };
                let end = serde_json::from_value(json!({ "end": how })).expect("an end");
                self.phones(Command::ReportTextEnded { to, end });
            }
            ("phones", [who, "calls", line]) => {
                let callee = match *who {
                    "somebody" => Callee::Stranger,
                    candidate => Callee::Candidate {
                        session: self.session.clone(),
                        candidate: CandidateId(candidate.parse().expect("a candidate")),
                    },
                };
                let lines = vec![line.parse().expect("a line")];
                self.phones(Command::ReportCallTaken { lines, callee });
            }
            ("phones", [candidate, "ends", how]) => {
                let attempt = self.call_to(candidate);
                self.ends(attempt, how);
            }
            ("phones", [line, "is", how]) => {
                let state = match *how {
                    "ready" => LineState::Ready,
                    "down" => LineState::Fault(LineFault::NoReply),
                    "refused" => LineState::AuthFault,
                    other => panic!("{}: what is {other}?", self.place),
                };
                let line = line.parse().expect("a line");
                self.phones(Command::ReportLine { line, state });
            }
            _ => return false,
        }
        true
    }

    fn ends(&mut self, attempt: AttemptId, how: &str) {
        let end = match how {
            "attends" => CallEnd::Confirmed(Answer::Attends),
            "declines" => CallEnd::Confirmed(Answer::Declines),
            "fault" => CallEnd::LineFault(LineFault::NoMedia),
            "auth" => CallEnd::AuthFault,
            plain => serde_json::from_value(json!({ "end": plain })).expect("an end"),
        };
        let recording = None;
        self.phones(Command::ReportCallEnded {
            attempt,
            end,
            recording,
        });
    }

    fn call(&self, wanted: impl Fn(&Call) -> bool) -> AttemptId {
        let mut calls = self.room.phones.calls.iter();
        let found = calls.find(|(_, call)| wanted(call)).map(|(id, _)| id);
        found
            .unwrap_or_else(|| panic!("{}: no such call in {:?}", self.place, self.calls()))
            .clone()
    }

    fn call_to(&self, candidate: &str) -> AttemptId {
        let no = CandidateId(candidate.parse().expect("a candidate"));
        self.call(
            |call| matches!(&call.callee, Callee::Candidate { candidate, .. } if *candidate == no),
        )
    }

    fn calls(&self) -> Vec<String> {
        let name = |call: &Call| match &call.callee {
            Callee::Candidate { candidate, .. } => format!("{candidate}@{}", call.line),
            Callee::TestNumber => format!("test@{}", call.line),
            Callee::Stranger => format!("stranger@{}", call.line),
        };
        let mut calls: Vec<String> = self.room.phones.calls.values().map(name).collect();
        calls.sort();
        calls
    }

    pub(crate) fn expect_of_callout(&self, word: &str, words: &[&str]) -> bool {
        match (word, words) {
            ("calls", words) => {
                let mut wanted: Vec<String> = words.iter().map(ToString::to_string).collect();
                wanted.retain(|w| w != "none");
                wanted.sort();
                assert_eq!(self.calls(), wanted, "{}", self.place);
            }
            ("standing", [candidate, standing]) => {
                let no = CandidateId(candidate.parse().expect("a candidate"));
                let callout = self.session().callout.as_ref().expect("a call-out");
                let is = serde_json::to_value(&callout.candidates[&no].standing).expect("json");
                assert_eq!(is["standing"], json!(standing), "{}", self.place);
            }
            ("says", [candidate, script]) => {
                let attempt = self.call_to(candidate);
                let said = wanted(&self.room)
                    .calls
                    .get(&attempt)
                    .map(|call| call.script);
                let said = said.map_or(json!("nothing"), |s| json!(s));
                assert_eq!(said, json!(script), "{}", self.place);
            }
            _ => return false,
        }
        true
    }
}
