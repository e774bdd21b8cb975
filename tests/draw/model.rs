//! Owns the reference model: what the rules of a call-out say of each event, written from the rules and not from the room.

use bidroom::room::*;
use std::collections::{BTreeMap, BTreeSet};

const SPACING_MS: i64 = 5 * 60_000;
const ATTEMPTS: usize = 2;

#[derive(Debug, Default, Clone)]
struct Person {
    /// Ends that count, with line and time.
    counted: Vec<(LineId, i64)>,
    /// Answers that crossed our giving up.
    late: u8,
    on_the_phone: bool,
    gone: bool,
    place: bool,
}

/// Follows the journal, and says where it breaks a rule.
#[derive(Debug, Default)]
pub(crate) struct Model {
    lines: usize,
    places: usize,
    people: BTreeMap<u16, Person>,
    calls: BTreeMap<AttemptId, (LineId, Option<u16>, bool)>,
    attempts: BTreeSet<AttemptId>,
    paused: bool,
    stopped: bool,
    single: bool,
    pub(crate) convened: bool,
    pub(crate) seen: BTreeSet<&'static str>,
}

impl Model {
    pub(crate) fn new(lines: u8, places: u8) -> Self {
        Self {
            lines: lines.into(),
            places: places.into(),
            ..Self::default()
        }
    }

    fn filled(&self) -> usize {
        self.people.values().filter(|p| p.place).count()
    }

    /// Takes an entry in; a broken rule in words.
    pub(crate) fn follow(&mut self, entry: &Entry) -> Result<(), String> {
        let at = entry.stamp.at.0;
        let rule = |holds: bool, rule: &str| match holds {
            true => Ok(()),
            false => Err(format!("{rule}: {:?}", entry.event)),
        };
        match &entry.event {
            Event::CandidatesDrawn { candidates } => {
                rule(!self.paused && !self.stopped, "nobody is drawn in a pause")?;
                for drawn in candidates {
                    let next = u16::try_from(self.people.len()).unwrap() + 1;
                    rule(drawn.candidate.0 == next, "the order is kept")?;
                    self.people.insert(next, Person::default());
                }
            }
            Event::CallPlaced {
                attempt,
                line,
                callee,
                ..
            } => {
                rule(self.attempts.insert(attempt.clone()), "no attempt twice")?;
                rule(!self.paused && !self.stopped, "no call in a pause")?;
                let busy = self.calls.values().any(|(on, ..)| on == line);
                rule(!busy, "one call a line")?;
                rule(self.calls.len() < self.lines, "no more calls than lines")?;
                let no = match callee {
                    Callee::Candidate { candidate, .. } => Some(candidate.0),
                    Callee::TestNumber | Callee::Stranger => None,
                };
                if let Some(no) = no {
                    let full = self.filled() >= self.places;
                    rule(!full, "nobody is called for a place that is taken")?;
                    let several = self.lines > 1 && !self.single;
                    let person = self.people.get_mut(&no).unwrap();
                    rule(
                        !person.gone && !person.place,
                        "nobody is called who is done",
                    )?;
                    rule(!person.on_the_phone, "nobody is called twice at once")?;
                    if let Some((last, when)) = person.counted.last() {
                        rule(at - when >= SPACING_MS, "attempts are spaced")?;
                        rule(
                            !several || last != line,
                            "the next attempt is on another line",
                        )?;
                    }
                    person.on_the_phone = true;
                }
                self.calls
                    .insert(attempt.clone(), (line.clone(), no, false));
            }
            Event::CallTaken { attempt, line, .. } => {
                rule(self.attempts.insert(attempt.clone()), "no attempt twice")?;
                let busy = self.calls.values().any(|(on, ..)| on == line);
                rule(!busy, "one call a line")?;
                self.calls
                    .insert(attempt.clone(), (line.clone(), None, false));
            }
            Event::CallEnded { attempt, end, .. } => {
                let Some((line, no, confirmed)) = self.calls.remove(attempt) else {
                    return rule(false, "what ends was placed");
                };
                let goes_on = matches!(end, CallEnd::Confirmed(_)) && !confirmed;
                if goes_on {
                    self.calls.insert(attempt.clone(), (line.clone(), no, true));
                }
                if let Some(no) = no.filter(|_| !confirmed) {
                    let person = self.people.get_mut(&no).unwrap();
                    person.on_the_phone = false;
                    let counts = matches!(
                        end,
                        CallEnd::NoKey
                            | CallEnd::HungUp
                            | CallEnd::Busy
                            | CallEnd::NoAnswer
                            | CallEnd::Rejected
                            | CallEnd::Unreachable
                            | CallEnd::NoSuchNumber
                            | CallEnd::BadNumber
                    );
                    person.late += u8::from(end == &CallEnd::AnsweredLate);
                    if counts {
                        person.counted.push((line, at));
                    } else if end == &CallEnd::AnsweredLate && person.late > 2 {
                        // he is there, so he is called again soon
                        person.counted.push((line, at - SPACING_MS));
                    }
                }
            }
            Event::CandidateAccepted { candidate } => {
                rule(self.filled() < self.places, "no more accept than places")?;
                self.people.get_mut(&candidate.0).unwrap().place = true;
                self.seen.insert("accepted");
            }
            Event::CandidateReleased { candidate } => {
                let full = self.filled() >= self.places || self.stopped;
                rule(full, "nobody is sent away while a place is open")?;
                self.people.get_mut(&candidate.0).unwrap().gone = true;
                self.seen.insert("released");
            }
            Event::CandidateDeclined { candidate } => {
                self.people.get_mut(&candidate.0).unwrap().gone = true;
                self.seen.insert("declined");
            }
            Event::CandidateGivenUp { candidate, cause } => {
                rule(!self.paused, "nobody is given up in a pause")?;
                let person = self.people.get_mut(&candidate.0).unwrap();
                let on: BTreeSet<_> = person.counted.iter().map(|(line, _)| line).collect();
                let needed = if self.single { 1 } else { self.lines.min(2) };
                let enough = person.counted.len() >= ATTEMPTS && on.len() >= needed;
                let never = *cause == CallEnd::BadNumber;
                rule(enough || never, "two attempts on two lines for everybody")?;
                rule(
                    cause.fault().is_none(),
                    "a line's fault costs nobody his place",
                )?;
                person.gone = true;
                self.seen.insert("given up");
            }
            Event::CandidateWithdrew { candidate, .. } => {
                let person = self.people.get_mut(&candidate.0).unwrap();
                rule(person.place, "only who had a place withdraws")?;
                (person.place, person.gone) = (false, true);
                self.seen.insert("withdrew");
            }
            Event::CallOutPaused { cause } => {
                self.paused = true;
                self.seen.insert(match cause {
                    PauseCause::Ordered { .. } => "paused",
                    PauseCause::Unanswered { .. } => "silence",
                });
            }
            Event::CallOutResumed => self.paused = false,
            Event::CallOutStopped { .. } => {
                self.stopped = true;
                self.seen.insert("stopped");
            }
            Event::SingleLineAllowed => self.single = true,
            Event::CommitteeConvened { members } => {
                rule(members.len() == self.places, "the committee is complete")?;
                rule(self.filled() == self.places, "everybody in it has accepted")?;
                self.convened = true;
                self.seen.insert("convened");
            }
            Event::MemberReplaced { .. } => {
                self.seen.insert("replaced");
            }
            Event::LineRested { .. } => {
                self.seen.insert("rested");
            }
            _ => {}
        }
        Ok(())
    }
}
