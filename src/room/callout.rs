//! Owns a call-out as a value: who was drawn, how far each is, who accepted, and what keeps it from going on.

use super::call::{CallEnd, CallProgress, CallRecording, Key};
use super::committee::Committee;
use super::draw::{DrawBasis, DrawnCandidate};
use super::event::Event;
use super::ids::{AttemptId, CandidateId, LineId, MemberNo, PersonRef};
use super::note::Note;
use super::phones::Wait;
use super::text_message::TextMessage;
use super::time::{Span, Stamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How a call-out behaves. Localities differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallOutPolicies {
    /// How many attempts must have reached nobody, or no confirmed key, before a candidate is given up. They are on
    /// two lines at least, where the room has two.
    pub attempts: u8,
    /// The time between two attempts at one candidate.
    pub spacing: Span,
    /// The time until somebody is called again whose call was broken off, not by him.
    pub soon: Span,
    /// Candidates who are called at once beyond the open places of a group; whoever is too many is thanked.
    pub spare: u8,
    /// So many without an answer (`.0`) among the last `.1` finished attempts stop the call-out.
    pub unanswered: (u8, u8),
    /// How long a line rests after three faults in a row.
    pub line_rest: Span,
    /// How long before the start the committee should be complete.
    pub complete_before: Span,
    /// The draw may begin so long before the start at most; none means at any time.
    pub earliest: Option<Span>,
    /// Whoever left a recusal unit less than so many years ago, to the day, is not drawn.
    pub look_back_years: u8,
    /// The terminal's phone for questions, digits only, as the notice reads it out.
    pub terminal_phone: Option<String>,
}

impl Default for CallOutPolicies {
    fn default() -> Self {
        Self {
            attempts: 2,
            spacing: Span::minutes(5),
            soon: Span::seconds(30),
            spare: 0,
            unanswered: (6, 8),
            line_rest: Span::minutes(2),
            complete_before: Span::hours(1),
            earliest: Some(Span::hours(48)),
            look_back_years: 3,
            terminal_phone: None,
        }
    }
}

/// The call-out that follows a draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallOut {
    /// Whether it goes on.
    pub stage: CallOutStage,
    /// The groups in the plan's order.
    pub groups: Vec<GroupFill>,
    /// Everybody who was drawn, in the order of drawing.
    pub candidates: BTreeMap<CandidateId, Candidate>,
    /// How the last attempts ended, newest last, since the supervisor last looked: whether nobody answered.
    pub recent: Vec<bool>,
    /// Whether one line is enough to give a candidate up.
    pub single_line: bool,
    /// The time by which it should be complete has passed.
    pub overdue: bool,
    /// Whether the committee was complete once.
    pub convened: bool,
}

/// How a group fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupFill {
    /// How many are needed.
    pub count: u8,
    /// Whether its pool is empty.
    pub exhausted: bool,
}

/// Whether a call-out goes on.
///
/// ```text
/// running ◄─► paused
///    └───────────┴──► stopped        (no way back)
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum CallOutStage {
    /// It draws and calls as long as a place is open.
    Running,
    /// No new call; what goes on is finished.
    Paused {
        /// Why.
        cause: PauseCause,
        /// Since when.
        since: Stamp,
    },
    /// Ended for good; calls are broken off.
    Stopped {
        /// Why.
        reason: Note,
        /// When.
        at: Stamp,
    },
}

/// Why a call-out is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PauseCause {
    /// Somebody asked for it.
    Ordered {
        /// Why, in his words.
        reason: Note,
    },
    /// Unusually many do not answer: only the supervisor lets it go on.
    Unanswered {
        /// So many.
        unanswered: u8,
        /// Among so many.
        of: u8,
    },
}

/// One drawn person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Which group he was drawn for, counted from 0.
    pub group: u8,
    /// His row in the public pool list.
    pub row: u32,
    /// Who he is, opaquely.
    pub person: PersonRef,
    /// When he was drawn.
    pub drawn: Stamp,
    /// Where he stands.
    pub standing: Standing,
    /// The calls to him, oldest first.
    pub attempts: Vec<Attempt>,
    /// The text message to him, after he has confirmed.
    #[serde(default)]
    pub text: Option<TextMessage>,
}

/// Where a candidate stands.
///
/// ```text
/// waiting ◄─► calling ─► accepted ─► withdrawing ─► withdrew
///    │            ├────► declined       (└─► accepted, where the supervisor says no)
///    └─► given up └────► released
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "standing")]
pub enum Standing {
    /// Is to be called.
    Waiting {
        /// Not before this has passed.
        wait: Option<Wait>,
    },
    /// Is being called.
    Calling,
    /// Attends: has a place.
    Accepted {
        /// When he confirmed.
        at: Stamp,
    },
    /// Does not.
    Declined {
        /// When he confirmed.
        at: Stamp,
    },
    /// Was not reached, or confirmed no key, in all attempts.
    GivenUp {
        /// When.
        at: Stamp,
        /// How the last attempt ended.
        cause: CallEnd,
    },
    /// Confirmed when no place was open any more, and was thanked.
    Released {
        /// When.
        at: Stamp,
    },
    /// The technician was told that he will not come; the supervisor decides.
    Withdrawing {
        /// When he had accepted.
        accepted: Stamp,
        /// Since when.
        since: Stamp,
    },
    /// Had accepted, and will not come.
    Withdrew {
        /// When.
        at: Stamp,
        /// How it is known.
        by: WithdrawalSource,
    },
}

/// How a withdrawal is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalSource {
    /// He called back from his own number, and confirmed it by key.
    CalledBack,
    /// The technician was told, and the supervisor agreed.
    Told,
    /// He was late, absent or gone, and the supervisor approved that he is replaced.
    Missing,
}

/// One call to a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Which.
    pub id: AttemptId,
    /// On which line.
    pub line: LineId,
    /// When it was placed.
    pub placed: Stamp,
    /// How far it came.
    pub progress: Option<CallProgress>,
    /// The keys that were understood.
    pub keys: Vec<Key>,
    /// How and when it ended.
    pub end: Option<AttemptEnd>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptEnd {
    /// How.
    pub end: CallEnd,
    /// When.
    pub at: Stamp,
    /// What is kept of its sound.
    pub recording: Option<CallRecording>,
}

impl CallOut {
    pub(super) fn new(basis: &DrawBasis) -> Self {
        let groups = basis.groups.iter().map(|g| GroupFill {
            count: g.count,
            exhausted: false,
        });
        Self {
            stage: CallOutStage::Running,
            groups: groups.collect(),
            candidates: BTreeMap::new(),
            recent: Vec::new(),
            single_line: false,
            overdue: false,
            convened: false,
        }
    }

    /// Places of a group that nobody has.
    pub fn open(&self, group: u8) -> usize {
        let count = self.groups.get(usize::from(group)).map_or(0, |g| g.count);
        let taken = self.of_group(group).filter(|c| c.standing.has_place());
        usize::from(count).saturating_sub(taken.count())
    }

    /// Places that nobody has.
    pub fn open_places(&self) -> usize {
        self.group_numbers().map(|group| self.open(group)).sum()
    }

    /// Whether everybody is there.
    pub fn is_complete(&self) -> bool {
        self.open_places() == 0
    }

    /// How many more are to be drawn of each group, as a list of groups in order.
    pub fn to_draw(&self, spare: u8) -> Vec<u8> {
        let missing = |group: u8| {
            let open = self.open(group);
            if open == 0 || self.is_exhausted(group) {
                return 0;
            }
            let asked = self.of_group(group).filter(|c| c.standing.is_asked());
            (open + usize::from(spare)).saturating_sub(asked.count())
        };
        self.group_numbers()
            .flat_map(|group| std::iter::repeat_n(group, missing(group)))
            .collect()
    }

    /// Whether a group's pool is empty.
    pub fn is_exhausted(&self, group: u8) -> bool {
        self.groups
            .get(usize::from(group))
            .is_none_or(|g| g.exhausted)
    }

    /// Whether places are open, and neither the pool nor a candidate can fill them.
    pub fn is_stuck(&self) -> bool {
        self.group_numbers().any(|group| {
            let asked = self.of_group(group).any(|c| c.standing.is_asked());
            self.open(group) > 0 && self.is_exhausted(group) && !asked
        })
    }

    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        matches!(self.stage, CallOutStage::Running)
    }

    /// The number the next candidate gets.
    pub fn next_candidate(&self) -> CandidateId {
        CandidateId(
            self.candidates
                .keys()
                .last()
                .map_or(1, |last| last.0.saturating_add(1)),
        )
    }

    /// The candidate whom a member was.
    pub fn candidate_of(&self, person: &PersonRef) -> Option<CandidateId> {
        let mut all = self.candidates.iter();
        all.find(|(_, c)| &c.person == person).map(|(id, _)| *id)
    }

    /// Those who have a place, in the order of drawing.
    pub(super) fn placed(&self) -> impl Iterator<Item = (&CandidateId, &Candidate)> {
        self.candidates
            .iter()
            .filter(|(_, c)| c.standing.has_place())
    }

    /// Whoever has a place, and no seat in a committee that was convened: with the member he comes for.
    pub(super) fn replacement(&self, committee: &Committee) -> Option<(MemberNo, &PersonRef)> {
        let known: BTreeSet<&PersonRef> = committee.members.values().map(|m| &m.person).collect();
        self.placed()
            .filter(|(_, c)| !known.contains(&c.person))
            .find_map(|(_, new)| {
                let gone = committee.members.values().find(|member| {
                    !member.presence.is_active()
                        && !matches!(member.presence, super::Presence::Replaced { .. })
                        && self.candidates.values().any(|c| {
                            c.person == member.person
                                && c.group == new.group
                                && matches!(c.standing, Standing::Withdrew { .. })
                        })
                });
                gone.map(|member| (member.no, &new.person))
            })
    }

    fn group_numbers(&self) -> impl Iterator<Item = u8> {
        0..u8::try_from(self.groups.len()).unwrap_or(u8::MAX)
    }

    fn of_group(&self, group: u8) -> impl Iterator<Item = &Candidate> {
        self.candidates.values().filter(move |c| c.group == group)
    }
}

impl Standing {
    /// Whether one of the places is his.
    pub fn has_place(&self) -> bool {
        matches!(
            self,
            Standing::Accepted { .. } | Standing::Withdrawing { .. }
        )
    }

    /// Whether he may still say yes.
    pub fn is_asked(&self) -> bool {
        matches!(self, Standing::Waiting { .. } | Standing::Calling)
    }
}

impl Candidate {
    /// Whether he is to be called.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.standing, Standing::Waiting { .. })
    }

    /// Ends that count against him, with their lines.
    pub(super) fn counted(&self) -> impl Iterator<Item = (&LineId, &CallEnd)> {
        let mut late = 0;
        self.attempts.iter().filter_map(move |attempt| {
            let end = &attempt.end.as_ref()?.end;
            late += u32::from(*end == CallEnd::AnsweredLate);
            let too_often = *end == CallEnd::AnsweredLate && late > LATE;
            (counts(end) || too_often).then_some((&attempt.line, end))
        })
    }
}

/// Answers that cross our giving up and cost nothing. Whoever answers late more often is not reached within a ring, and must not keep
/// a place from everybody else for ever.
const LATE: u32 = 2;

/// Whether an end counts against the candidate: he was reached, or his phone was, and he confirmed nothing.
pub(super) fn counts(end: &CallEnd) -> bool {
    match end {
        CallEnd::NoKey
        | CallEnd::HungUp
        | CallEnd::Busy
        | CallEnd::NoAnswer
        | CallEnd::Rejected
        | CallEnd::Unreachable
        | CallEnd::NoSuchNumber
        | CallEnd::BadNumber => true,
        CallEnd::Confirmed(_)
        | CallEnd::Reached
        | CallEnd::AnsweredLate
        | CallEnd::Cancelled
        | CallEnd::Interrupted
        | CallEnd::LineFault(_)
        | CallEnd::AuthFault => false,
    }
}

/// Whether nobody was there at all: what a gateway that steers the draw would fake.
fn is_unanswered(end: &CallEnd) -> bool {
    matches!(
        end,
        CallEnd::NoAnswer | CallEnd::Unreachable | CallEnd::NoSuchNumber
    )
}

/// Takes what happened to candidates in.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
pub(super) fn apply_to_callout(
    callout: &mut CallOut,
    at: &Stamp,
    policies: &CallOutPolicies,
    event: &Event,
) {
    let mut stand = |candidate: &CandidateId, standing: Standing| {
        if let Some(found) = callout.candidates.get_mut(candidate) {
            found.standing = standing;
        }
    };
    let at = at.clone();
    match event {
        Event::CandidatesDrawn { candidates } => {
            for drawn in candidates {
                callout
                    .candidates
                    .insert(drawn.candidate, new_candidate(drawn, &at));
            }
        }
        Event::PoolExhausted { group } => {
            if let Some(group) = callout.groups.get_mut(usize::from(*group)) {
                group.exhausted = true;
            }
        }
        Event::CandidateAccepted { candidate } => stand(candidate, Standing::Accepted { at }),
        Event::CandidateDeclined { candidate } => stand(candidate, Standing::Declined { at }),
        Event::CandidateReleased { candidate } => stand(candidate, Standing::Released { at }),
        Event::CandidateGivenUp { candidate, cause } => {
            let cause = *cause;
            stand(candidate, Standing::GivenUp { at, cause });
        }
        Event::WithdrawalTold { candidate } => {
            if let Some(found) = callout.candidates.get_mut(candidate)
                && let Standing::Accepted { at: accepted } = &found.standing
            {
                found.standing = Standing::Withdrawing {
                    accepted: accepted.clone(),
                    since: at,
                };
            }
        }
        Event::WithdrawalRefused { candidate } => {
            if let Some(found) = callout.candidates.get_mut(candidate)
                && let Standing::Withdrawing { accepted, .. } = &found.standing
            {
                found.standing = Standing::Accepted {
                    at: accepted.clone(),
                };
            }
        }
        Event::CandidateWithdrew { candidate, by } => {
            stand(candidate, Standing::Withdrew { at, by: *by });
        }
        Event::TextPlaced { candidate, line } => {
            if let Some(found) = callout.candidates.get_mut(candidate) {
                found.text = Some(TextMessage {
                    line: line.clone(),
                    placed: at,
                    end: None,
                });
            }
        }
        Event::TextEnded { candidate, end } => {
            let found = callout.candidates.get_mut(candidate);
            if let Some(text) = found.and_then(|found| found.text.as_mut()) {
                text.end = Some(*end);
            }
        }
        Event::CallOutPaused { cause } => {
            callout.stage = CallOutStage::Paused {
                cause: cause.clone(),
                since: at,
            };
        }
        Event::CallOutResumed => {
            callout.stage = CallOutStage::Running;
            callout.recent.clear();
        }
        Event::CallOutStopped { reason } => {
            callout.stage = CallOutStage::Stopped {
                reason: reason.clone(),
                at,
            };
        }
        Event::CallOutOverdue => callout.overdue = true,
        Event::SingleLineAllowed => callout.single_line = true,
        Event::CommitteeConvened { .. } => callout.convened = true,
        Event::CallProgressed { attempt, progress } => {
            if let Some((_, found)) = attempt_of(callout, attempt) {
                found.progress = Some(*progress);
                if let CallProgress::Key { key } = progress {
                    found.keys.push(*key);
                }
            }
        }
        Event::CallEnded {
            attempt,
            end,
            recording,
        } => ended(callout, &at, policies, attempt, end, recording.as_ref()),
        _ => {}
    }
}

/// Takes in that a call to a candidate was placed.
pub(super) fn placed(
    callout: &mut CallOut,
    candidate: CandidateId,
    at: &Stamp,
    id: &AttemptId,
    line: &LineId,
) {
    if let Some(found) = callout.candidates.get_mut(&candidate) {
        found.standing = Standing::Calling;
        found.attempts.push(Attempt {
            id: id.clone(),
            line: line.clone(),
            placed: at.clone(),
            progress: None,
            keys: Vec::new(),
            end: None,
        });
    }
}

fn ended(
    callout: &mut CallOut,
    at: &Stamp,
    policies: &CallOutPolicies,
    attempt: &AttemptId,
    end: &CallEnd,
    recording: Option<&CallRecording>,
) {
    let Some((standing, found)) = attempt_of(callout, attempt) else {
        return;
    };
    if let Some(before) = &mut found.end {
        // it was confirmed before; now its recording is whole
        before.recording = recording.cloned();
        return;
    }
    found.end = Some(AttemptEnd {
        end: *end,
        at: at.clone(),
        recording: recording.cloned(),
    });
    if let CallEnd::Confirmed(answer) = end {
        let key = match answer {
            super::Answer::Attends => Key::ONE,
            super::Answer::Declines => Key::TWO,
        };
        // a confirmation is the key twice, however many of them were told while it went on
        while !found.keys.ends_with(&[key, key]) {
            found.keys.push(key);
        }
    }
    if matches!(standing, Standing::Calling) {
        let length = match (counts(end), end.fault()) {
            (true, _) => policies.spacing,
            (false, Some(_)) => Span::ZERO,
            (false, None) => policies.soon,
        };
        let since = at.clone();
        let wait = (length > Span::ZERO).then_some(Wait { since, length });
        *standing = Standing::Waiting { wait };
    }
    if counts(end) {
        callout.recent.push(is_unanswered(end));
        let most = usize::from(policies.unanswered.1);
        let over = callout.recent.len().saturating_sub(most);
        callout.recent.drain(..over);
    }
}

fn attempt_of<'a>(
    callout: &'a mut CallOut,
    id: &AttemptId,
) -> Option<(&'a mut Standing, &'a mut Attempt)> {
    callout.candidates.values_mut().find_map(|candidate| {
        let attempt = candidate.attempts.iter_mut().find(|a| &a.id == id)?;
        Some((&mut candidate.standing, attempt))
    })
}

fn new_candidate(drawn: &DrawnCandidate, at: &Stamp) -> Candidate {
    Candidate {
        group: drawn.group,
        row: drawn.row,
        person: drawn.person.clone(),
        drawn: at.clone(),
        standing: Standing::Waiting { wait: None },
        attempts: Vec::new(),
        text: None,
    }
}
