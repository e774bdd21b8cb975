//! Owns the phone lines as the room knows them: their state, whether they were probed, what they are doing.

use super::call::{CallEnd, CallProgress, Callee, FaultKind, LineSpec, LineState, Script};
use super::event::Event;
use super::ids::{AttemptId, LineId, SessionId};
use super::text_message::Texting;
use super::time::{Now, Span, Stamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many faults in a row, and a line rests.
const FAULTS: u8 = 3;
/// How long a line waits after a fault, so that a gateway that refuses at once is not hammered.
const AFTER_FAULT: Span = Span::seconds(1);

/// All lines, and all calls that are open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Phones {
    /// The lines by name.
    pub lines: BTreeMap<LineId, Line>,
    /// Calls that were placed and have not ended.
    pub calls: BTreeMap<AttemptId, Call>,
    /// Text messages that are being sent, by line.
    #[serde(default)]
    pub texting: BTreeMap<LineId, Texting>,
    /// How many calls the box has placed in its life.
    pub placed: u64,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// What the profile says of it.
    pub spec: LineSpec,
    /// How it stands.
    pub state: LineState,
    /// Since when.
    pub since: Stamp,
    /// Whether its test number was reached since it last became ready.
    pub probed: bool,
    /// Faults in a row.
    pub faults: u8,
    /// The last of them; there while there are any.
    pub last_fault: Option<CallEnd>,
    /// When it may be tried again after a fault.
    pub wait: Option<Wait>,
    /// Takes no candidate's call until a probe, or the technician, says that it works again.
    pub resting: bool,
}

/// A time that must pass first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// From when.
    pub since: Stamp,
    /// How long.
    pub length: Span,
}

impl Wait {
    /// What is left of it.
    pub fn left(&self, now: &Now) -> Span {
        self.since.remaining(self.length, &now.stamp)
    }
}

/// A call that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// On which line.
    pub line: LineId,
    /// To whom.
    pub callee: Callee,
    /// With which words it was placed.
    pub script: Script,
    /// When.
    pub placed: Stamp,
    /// How far it is.
    pub progress: Option<CallProgress>,
    /// When a key was confirmed in it; what is still said is thanks.
    pub confirmed: Option<Stamp>,
    /// Whether the other side called.
    #[serde(default)]
    pub taken: bool,
}

impl Phones {
    /// Whether a line has a call, or sends a message.
    pub fn is_busy(&self, line: &LineId) -> bool {
        self.texting.contains_key(line) || self.calls.values().any(|call| &call.line == line)
    }

    /// Which of these lines takes the call of somebody who calls. Whoever is a stranger has one line at most, so that strangers
    /// never keep candidates from being called.
    pub(super) fn line_for<'a>(&self, lines: &'a [LineId], callee: &Callee) -> Option<&'a LineId> {
        let strangers = |call: &Call| call.callee == Callee::Stranger;
        if *callee == Callee::Stranger && self.calls.values().any(strangers) {
            return None;
        }
        let on = |id: &&LineId| {
            let line = self.lines.get(*id);
            line.is_some_and(|line| line.state != LineState::Disabled) && !self.is_busy(id)
        };
        lines.iter().find(on)
    }

    /// The open calls to a session's candidates.
    pub fn calls_of<'a>(&'a self, session: &SessionId) -> impl Iterator<Item = &'a Call> {
        let of = session.clone();
        self.calls.values().filter(
            move |call| matches!(&call.callee, Callee::Candidate { session, .. } if session == &of),
        )
    }

    /// The lines that the profile lets call.
    pub fn enabled(&self) -> impl Iterator<Item = &LineId> {
        let on = |(_, line): &(&LineId, &Line)| line.state != LineState::Disabled;
        self.lines.iter().filter(on).map(|(id, _)| id)
    }

    /// The number of the next call.
    pub(super) fn next_attempt(&self) -> AttemptId {
        AttemptId::nth(self.placed + 1)
    }
}

impl Line {
    /// Whether it can do anything now, and what: a probe first where it has a test number.
    pub(super) fn can(&self, now: &Now) -> Option<Script> {
        let waits = self.wait.as_ref().is_some_and(|w| w.left(now) > Span::ZERO);
        if self.state != LineState::Ready || waits {
            return None;
        }
        match (self.spec.probed && !self.probed, self.resting) {
            (true, _) => Some(Script::Probe),
            (false, false) => Some(Script::Notice),
            (false, true) => None,
        }
    }

    fn failed(&mut self, at: &Stamp, end: CallEnd, rest: Span) {
        self.faults = self.faults.saturating_add(1);
        self.last_fault = Some(end);
        self.probed = false;
        self.resting |= self.faults >= FAULTS || end.fault() == Some(FaultKind::Auth);
        self.wait = Some(Wait {
            since: at.clone(),
            length: if self.resting { rest } else { AFTER_FAULT },
        });
    }

    fn works(&mut self) {
        self.faults = 0;
        self.last_fault = None;
        self.wait = None;
        self.resting = false;
    }

    /// Whether this end of a call makes it rest.
    pub(super) fn rests_after(&self, script: Script, end: &CallEnd) -> bool {
        let last = self.faults + 1 >= FAULTS || end.fault() == Some(FaultKind::Auth);
        !self.resting && last && is_failure(script, end)
    }
}

/// Takes what happened to lines and calls in; whoever was called is `callout`'s.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function takes its own events, together they take all"
)]
pub(super) fn apply_to_phones(
    phones: &mut Phones,
    at: &Stamp,
    rest: Span,
    session: Option<&SessionId>,
    event: &Event,
) {
    match event {
        Event::TextPlaced { candidate, line } => {
            if let Some(session) = session.cloned() {
                let candidate = *candidate;
                let to = Texting { session, candidate };
                phones.texting.insert(line.clone(), to);
            }
        }
        Event::TextEnded { candidate, .. } => phones
            .texting
            .retain(|_, to| Some(&to.session) != session || to.candidate != *candidate),
        Event::PhonesStarted { lines } => {
            phones.lines = lines
                .iter()
                .map(|spec| (spec.id.clone(), started(spec, at)))
                .collect();
        }
        Event::LineChanged { line, state } => {
            if let Some(line) = phones.lines.get_mut(line) {
                let was_ready = line.state == LineState::Ready;
                line.state = *state;
                line.since = at.clone();
                if *state != LineState::Ready {
                    line.probed = false;
                } else if !was_ready && !line.spec.probed {
                    line.works();
                } else if !was_ready {
                    // it has signed in anew: a probe may show at once that it works
                    line.wait = None;
                }
            }
        }
        Event::LineRetried { line } => {
            if let Some(line) = phones.lines.get_mut(line) {
                line.works();
                line.probed = false;
            }
        }
        // a new draw asks the lines anew whether they reach anybody
        Event::DrawSeeded { .. } => {
            for line in phones.lines.values_mut() {
                line.probed = false;
            }
        }
        Event::CallPlaced {
            attempt,
            line,
            callee,
            script,
        } => {
            phones.placed += 1;
            let call = Call {
                line: line.clone(),
                callee: callee.clone(),
                script: *script,
                placed: at.clone(),
                progress: None,
                confirmed: None,
                taken: false,
            };
            phones.calls.insert(attempt.clone(), call);
        }
        Event::CallTaken {
            attempt,
            line,
            callee,
        } => {
            phones.placed += 1;
            let call = Call {
                line: line.clone(),
                callee: callee.clone(),
                script: callee.script_when_calling(),
                placed: at.clone(),
                progress: None,
                confirmed: None,
                taken: true,
            };
            phones.calls.insert(attempt.clone(), call);
        }
        Event::CallProgressed { attempt, progress } => {
            if let Some(call) = phones.calls.get_mut(attempt) {
                call.progress = Some(*progress);
            }
        }
        Event::CallEnded {
            attempt,
            end,
            recording,
        } => {
            if let Some(call) = phones.calls.get_mut(attempt)
                && let (CallEnd::Confirmed(_), None, None) = (end, recording, &call.confirmed)
            {
                call.confirmed = Some(at.clone());
                return;
            }
            let Some(call) = phones.calls.remove(attempt) else {
                return;
            };
            let Some(line) = phones.lines.get_mut(&call.line) else {
                return;
            };
            // what we broke off, or did not begin, says nothing of the line
            if call.taken {
                return;
            }
            if is_failure(call.script, end) {
                line.failed(at, *end, rest);
            } else if !matches!(end, CallEnd::Cancelled | CallEnd::Interrupted) {
                line.works();
                line.probed |= call.script == Script::Probe;
            }
        }
        _ => {}
    }
}

/// Whether an end is the line's failure: its own faults; and a test number that nobody answers.
fn is_failure(script: Script, end: &CallEnd) -> bool {
    match end {
        CallEnd::LineFault(_) | CallEnd::AuthFault => true,
        // somebody who hangs up has answered before
        CallEnd::Reached
        | CallEnd::HungUp
        | CallEnd::NoKey
        | CallEnd::Confirmed(_)
        | CallEnd::Cancelled
        | CallEnd::Interrupted => false,
        CallEnd::Busy
        | CallEnd::NoAnswer
        | CallEnd::Rejected
        | CallEnd::Unreachable
        | CallEnd::NoSuchNumber
        | CallEnd::AnsweredLate
        | CallEnd::BadNumber => script == Script::Probe,
    }
}

fn started(spec: &LineSpec, at: &Stamp) -> Line {
    Line {
        spec: spec.clone(),
        state: LineState::Unknown,
        since: at.clone(),
        probed: false,
        faults: 0,
        last_fault: None,
        wait: None,
        resting: false,
    }
}
