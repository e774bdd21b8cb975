//! Random phones and people beside the model: whatever they do in whatever order, no rule of the call-out is broken.

use crate::hall::{Hall, Setting, line, part, session, supervisor, technician};
use crate::model::Model;
use bidroom::room::*;
use std::collections::BTreeSet;

const WALKS: u64 = 300;
const STEPS: usize = 150;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

fn setting(chance: &mut Chance) -> Setting {
    Setting {
        lines: u8::try_from(1 + chance.below(4)).unwrap(),
        spare: u8::try_from(chance.below(2)).unwrap(),
        places: [5, 7, 9][usize::try_from(chance.below(3)).unwrap()],
        pool: u32::try_from(9 + chance.below(40)).unwrap(),
        probed: chance.below(2) == 0,
    }
}

fn step(hall: &mut Hall, chance: &mut Chance) {
    let calls: Vec<AttemptId> = hall.room.phones.calls.keys().cloned().collect();
    let note = || Note::new("why").unwrap();
    let some = CandidateId(u16::try_from(1 + chance.below(12)).unwrap());
    let one = line(u8::try_from(1 + chance.below(hall.setting.lines.into())).unwrap());
    // whatever is refused is as good as not asked for
    let ignore = |_: Result<(), Refusal>| {};
    match chance.below(40) {
        0..=21 => {
            let Some(attempt) = pick(&calls, chance) else {
                return hall.wait(1 + chance.below(400_000));
            };
            hall.ends(&attempt, end(chance));
        }
        22 => {
            let session = session();
            let callee = match chance.below(2) {
                0 => Callee::Stranger,
                _ => Callee::Candidate {
                    session,
                    candidate: some,
                },
            };
            let lines = vec![one];
            ignore(hall.give(
                &part(Part::Phones),
                Command::ReportCallTaken { lines, callee },
            ));
        }
        23..=26 => hall.wait(1 + chance.below(400_000)),
        27..=28 => {
            let state = match chance.below(4) {
                0 => LineState::AuthFault,
                1 => LineState::Fault(LineFault::NoReply),
                _ => LineState::Ready,
            };
            hall.phones(Command::ReportLine { line: one, state });
        }
        29 => ignore(hall.give(&technician(), Command::RetryLine { line: one })),
        30 => ignore(hall.give(&technician(), Command::PauseCallOut { reason: note() })),
        31..=33 => ignore(hall.give(&supervisor(), Command::ResumeCallOut)),
        34 => ignore(hall.give(&technician(), Command::RecordWithdrawal { candidate: some })),
        35 => {
            let granted = chance.below(2) == 0;
            let rule = Command::RuleOnWithdrawal {
                candidate: some,
                granted,
            };
            ignore(hall.give(&supervisor(), rule));
        }
        36 => ignore(hall.give(
            &part(Part::Phones),
            Command::ReportCallerRangBack { candidate: some },
        )),
        37 if chance.below(8) == 0 => ignore(hall.give(&supervisor(), Command::AllowSingleLine)),
        38 if chance.below(12) == 0 => {
            ignore(hall.give(&supervisor(), Command::StopCallOut { reason: note() }));
        }
        _ => restart(hall, chance),
    }
}

/// The daemon is killed: the room comes from the journal, calls were cut off, lines sign in anew.
fn restart(hall: &mut Hall, chance: &mut Chance) {
    if chance.below(6) != 0 {
        return;
    }
    let text = serde_json::to_string(&hall.entries).unwrap();
    let entries: Vec<Entry> = serde_json::from_str(&text).unwrap();
    let mut room = Room::default();
    entries.iter().for_each(|entry| apply(&mut room, entry));
    assert_eq!(room, hall.room, "the journal says all");
    let lines = hall.room.phones.lines.values().map(|l| l.spec.clone());
    let lines: Vec<LineSpec> = lines.collect();
    let open: Vec<AttemptId> = hall.room.phones.calls.keys().cloned().collect();
    hall.phones(Command::ReportPhonesStarted {
        lines: lines.clone(),
    });
    for id in open {
        assert!(!hall.room.phones.calls.contains_key(&id), "freed");
    }
    for spec in lines {
        let (line, state) = (spec.id, LineState::Ready);
        hall.phones(Command::ReportLine { line, state });
    }
}

fn pick(calls: &[AttemptId], chance: &mut Chance) -> Option<AttemptId> {
    let many = u64::try_from(calls.len()).unwrap();
    (many > 0).then(|| calls[usize::try_from(chance.below(many)).unwrap()].clone())
}

fn end(chance: &mut Chance) -> CallEnd {
    const ENDS: [CallEnd; 20] = [
        CallEnd::Confirmed(Answer::Attends),
        CallEnd::Confirmed(Answer::Attends),
        CallEnd::Confirmed(Answer::Attends),
        CallEnd::Confirmed(Answer::Attends),
        CallEnd::Confirmed(Answer::Declines),
        CallEnd::Reached,
        CallEnd::Reached,
        CallEnd::Reached,
        CallEnd::NoKey,
        CallEnd::HungUp,
        CallEnd::Busy,
        CallEnd::NoAnswer,
        CallEnd::NoAnswer,
        CallEnd::Unreachable,
        CallEnd::AnsweredLate,
        CallEnd::Cancelled,
        CallEnd::BadNumber,
        CallEnd::LineFault(LineFault::NoMedia),
        CallEnd::LineFault(LineFault::Refused { status: 503 }),
        CallEnd::AuthFault,
    ];
    ENDS[usize::try_from(chance.below(20)).unwrap()]
}

#[test]
fn no_walk_breaks_a_rule() {
    let mut seen = BTreeSet::new();
    for walk in 0..WALKS {
        let mut chance = Chance(walk);
        let setting = setting(&mut chance);
        let mut hall = Hall::open(setting);
        let mut model = Model::new(setting.lines, setting.places);
        let mut read = 0;
        for no in 0..STEPS {
            step(&mut hall, &mut chance);
            for entry in &hall.entries[read..] {
                if let Err(broken) = model.follow(entry) {
                    panic!("walk {walk}, step {no}, {setting:?}: {broken}");
                }
            }
            read = hall.entries.len();
            // what is wanted is what is open: nothing is dialled that the journal does not know
            let wanted = wanted(&hall.room).calls;
            assert!(
                wanted
                    .keys()
                    .all(|id| hall.room.phones.calls.contains_key(id))
            );
        }
        let convened = !matches!(hall.session().phase, Phase::Planned);
        assert_eq!(model.convened, convened);
        seen.extend(model.seen);
    }
    for what in [
        "accepted", "released", "declined", "given up", "withdrew", "paused", "silence", "stopped",
        "convened", "replaced", "rested",
    ] {
        assert!(seen.contains(what), "no walk reached: {what}");
    }
}

/// Thirty people, four lines, and phones of every temper: one right reason for each, and nine places filled in the order.
#[test]
fn thirty_candidates_on_four_lines() {
    let setting = Setting {
        lines: 4,
        spare: 0,
        places: 9,
        pool: 30,
        probed: true,
    };
    let tempers = [
        CallEnd::Confirmed(Answer::Attends),
        CallEnd::Confirmed(Answer::Declines),
        CallEnd::NoKey,
        CallEnd::HungUp,
        CallEnd::Busy,
        CallEnd::NoAnswer,
        CallEnd::Rejected,
    ];
    let temper = |candidate: CandidateId| tempers[usize::from(candidate.0) % tempers.len()];
    let mut hall = Hall::open(setting);
    let mut most = 0;
    for _ in 0..2_000 {
        most = most.max(hall.room.phones.calls.len());
        let calls: Vec<(AttemptId, Call)> = hall.room.phones.calls.clone().into_iter().collect();
        let Some((attempt, call)) = calls.into_iter().next() else {
            if matches!(hall.session().phase, Phase::Convened) {
                break;
            }
            hall.give(&supervisor(), Command::ResumeCallOut).ok();
            hall.wait(60_000);
            continue;
        };
        let end = match (&call.callee, &call.confirmed) {
            (Callee::TestNumber | Callee::Stranger, _) | (_, Some(_)) => CallEnd::Reached,
            (Callee::Candidate { candidate, .. }, None) => temper(*candidate),
        };
        hall.ends(&attempt, end);
    }
    assert_eq!(most, 4, "four calls at once, and never five");
    let callout = hall.callout();
    let due = callout.open_places();
    // one in seven attends: of thirty these are four, and the pool is empty then
    let attend = (1..=30).filter(|no| no % 7 == 0).count();
    assert_eq!((due, callout.candidates.len()), (9 - attend, 30));
    assert!(callout.is_stuck());
    for (id, candidate) in &callout.candidates {
        match (temper(*id), &candidate.standing) {
            (CallEnd::Confirmed(Answer::Attends), Standing::Accepted { .. })
            | (CallEnd::Confirmed(Answer::Declines), Standing::Declined { .. }) => {}
            (end, Standing::GivenUp { cause, .. }) => {
                assert_eq!(end, *cause, "candidate {id}");
                let lines: BTreeSet<&LineId> = candidate.attempts.iter().map(|a| &a.line).collect();
                assert_eq!(lines.len(), 2, "candidate {id} was called on two lines");
            }
            (end, standing) => panic!("candidate {id} who {end} is {standing:?}"),
        }
    }
}

/// A journal that was cut, doubled and stirred is nonsense, but never a panic.
#[test]
fn applying_never_fails_whatever_comes_in_whatever_order() {
    for walk in 0..60 {
        let mut chance = Chance(walk);
        let setting = setting(&mut chance);
        let mut hall = Hall::open(setting);
        for _ in 0..STEPS {
            step(&mut hall, &mut chance);
        }
        let mut entries = hall.entries.clone();
        let mut room = Room::default();
        for seq in 1..2 * entries.len() as u64 {
            let many = u64::try_from(entries.len()).unwrap();
            let at = usize::try_from(chance.below(many)).unwrap();
            entries[at].seq = Seq(seq);
            apply(&mut room, &entries[at]);
            let _ = (wanted(&room), next_deadline(&room, &hall.now));
        }
        let kept = serde_json::to_string(&room).unwrap();
        assert_eq!(serde_json::from_str::<Room>(&kept).unwrap(), room);
    }
}
