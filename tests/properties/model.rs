//! Owns the reference: the rules of a session in their plainest form. Minutes since the walk's first midnight
//! (Beijing) are its only time. It knows nothing of how the room works.

use crate::ask::{Ask, By, Which, Why};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const SEATS: u8 = 9;
/// The planned start, and the policies of the walk: the usual ones.
pub(crate) const START: u32 = 9 * 60;
const GRACE: u32 = 30;
const OUTAGE_BEFORE: u32 = 2 * 60;
const OUTAGE_DURING: u32 = 4 * 60;
const LOCK: u32 = 21 * 60;
const DAY: u32 = 24 * 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    Planned,
    Convened,
    CheckIn,
    Ready { recorded: bool, authorised: bool },
    InSession,
    Suspended(Suspension),
    Overnight { returned: BTreeSet<u8> },
    Closing,
    Sealed,
    Aborted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspension {
    /// Only the supervisor lifts what he ordered.
    ordered: bool,
    /// When an outage will have lasted too long.
    too_long: Option<u32>,
    in_closing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Here {
    Expected,
    Present,
    Absent,
    Left,
    Removed,
    Replaced,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) expert: bool,
    pub(crate) here: Here,
    pub(crate) seat: Option<u8>,
    excused: bool,
    pledges: BTreeSet<bool>,
    pub(crate) conflict: bool,
    approved: bool,
    pub(crate) signed: bool,
}

impl Member {
    fn new(expert: bool) -> Self {
        Self {
            expert,
            here: Here::Expected,
            seat: None,
            excused: false,
            pledges: BTreeSet::new(),
            conflict: false,
            approved: false,
            signed: false,
        }
    }

    pub(crate) fn active(&self) -> bool {
        matches!(self.here, Here::Expected | Here::Present)
    }

    fn signed_in(&self) -> bool {
        self.here == Here::Present && self.pledges.len() == 2 && !self.conflict
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) planned: (u8, u8),
    pub(crate) phase: Phase,
    pub(crate) members: BTreeMap<u8, Member>,
    grace_over: bool,
    started: bool,
    /// When the outage before the start will have lasted too long.
    pub(crate) outage: Option<u32>,
    lock: u32,
    pub(crate) on_break: bool,
    votes: BTreeMap<u8, u8>,
    pub(crate) chair: Option<u8>,
    pub(crate) record_signed: bool,
    pub(crate) recording: BTreeSet<u8>,
    pub(crate) gaps: BTreeSet<u8>,
    pub(crate) frozen: BTreeSet<u8>,
    /// 0 open, 1 sealed, 2 read back.
    pub(crate) archive: u8,
}

impl Session {
    pub(crate) fn occupies(&self) -> bool {
        !matches!(self.phase, Phase::Planned | Phase::Convened) && !self.over()
    }

    pub(crate) fn over(&self) -> bool {
        matches!(self.phase, Phase::Sealed | Phase::Aborted)
    }

    pub(crate) fn active(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|m| m.active())
    }

    pub(crate) fn all_signed_in(&self) -> bool {
        self.active().all(Member::signed_in)
    }

    /// Whoever has signed the report has done his part, and counts though he has left.
    pub(crate) fn lawful(&self) -> bool {
        let counted = |m: &&Member| m.active() || m.signed;
        let members = self.members.values().filter(counted);
        let experts = members.clone().filter(|m| m.expert).count();
        let all = members.count();
        lawful(experts, all - experts)
    }

    /// The camera, and the seat of each member.
    pub(crate) fn to_record(&self) -> BTreeSet<u8> {
        let seats = self.active().filter_map(|m| m.seat);
        seats.chain([0]).collect()
    }

    fn all_recorded(&self) -> bool {
        let whole = |feed: &u8| self.recording.contains(feed) && !self.gaps.contains(feed);
        self.to_record().iter().all(whole)
    }

    fn missing(&self, member: &Member) -> bool {
        match member.here {
            Here::Absent | Here::Left | Here::Removed => true,
            Here::Expected => self.grace_over,
            Here::Present | Here::Replaced => false,
        }
    }

    /// A member is gone before his work was done.
    fn lose(&mut self) {
        match self.phase {
            Phase::Ready { .. } => {
                self.phase = Phase::Ready {
                    recorded: false,
                    authorised: false,
                };
            }
            Phase::InSession | Phase::Closing => self.suspend(false, None),
            _ => {}
        }
    }

    fn suspend(&mut self, ordered: bool, too_long: Option<u32>) {
        self.phase = Phase::Suspended(Suspension {
            ordered,
            too_long,
            in_closing: self.phase == Phase::Closing,
        });
    }

    fn end(&mut self, phase: Phase) {
        self.phase = phase;
        self.outage = None;
        self.on_break = false;
        self.frozen.clear();
    }

    /// A chair who has gone is none, until the signatures begin.
    fn mind_the_chair(&mut self) {
        let signing = match &self.phase {
            Phase::Suspended(suspension) => suspension.in_closing,
            phase => *phase == Phase::Closing || self.over(),
        };
        if let Some(chair) = self.chair
            && !self.members[&chair].active()
            && !signing
        {
            self.chair = None;
            self.votes.clear();
        }
    }

    fn majority(&self) -> Option<u8> {
        let present = |no: &u8| self.members[no].here == Here::Present;
        let all = self.members.keys().filter(|no| present(no)).count();
        let valid = self.votes.iter().filter(|(v, c)| present(v) && present(c));
        let mut count: BTreeMap<u8, usize> = BTreeMap::new();
        valid.for_each(|(_, c)| *count.entry(*c).or_default() += 1);
        count.into_iter().find(|(_, n)| 2 * n > all).map(|(c, _)| c)
    }
}

/// Odd, five or more, two thirds of them experts, a seat for each.
fn lawful(experts: usize, others: usize) -> bool {
    let all = experts + others;
    all >= 5 && all % 2 == 1 && 3 * experts >= 2 * all && all <= usize::from(SEATS)
}

fn next_lock(now: u32) -> u32 {
    (0..)
        .map(|day| day * DAY + LOCK)
        .find(|lock| *lock > now)
        .expect("some day")
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) now: u32,
    pub(crate) sessions: BTreeMap<Which, Session>,
    used: BTreeSet<Which>,
    pub(crate) enrolled: BTreeSet<u8>,
}

impl Model {
    fn session(&self, which: Which) -> Option<&Session> {
        self.sessions.get(&which)
    }

    pub(crate) fn occupied(&self) -> bool {
        self.sessions.values().any(Session::occupies)
    }

    /// Whether what is asked is lawful now.
    pub(crate) fn allows(&self, ask: &Ask) -> bool {
        let of = |which: &Which| self.session(*which);
        let phase = |which: &Which| of(which).map(|s| &s.phase);
        let is = |which: &Which, wanted: Phase| phase(which) == Some(&wanted);
        let member = |which: &Which, no: &u8| {
            let session = of(which)?;
            Some((session, session.members.get(no)?))
        };
        let held = |which: &Which, no: &u8, test: &dyn Fn(&Session, &Member) -> bool| {
            member(which, no).is_some_and(|(s, m)| s.occupies() && test(s, m))
        };
        let before_start = |s: &Session| matches!(s.phase, Phase::CheckIn | Phase::Ready { .. });
        match ask {
            Ask::Wait(_) | Ask::Restart | Ask::Forward(_) => true,
            Ask::Intrude(..) => false,
            Ask::Plan(which, experts, others) => {
                !self.used.contains(which) && lawful((*experts).into(), (*others).into())
            }
            Ask::Convene(which, experts, others) => of(which)
                .is_some_and(|s| s.phase == Phase::Planned && s.planned == (*experts, *others)),
            Ask::OpenCheckIn(which) => is(which, Phase::Convened) && !self.occupied(),
            Ask::CheckIn(which, no, seat) => {
                let Some((session, m)) = member(which, no) else {
                    return false;
                };
                let Some(seat) = seat.or(m.seat) else {
                    return false;
                };
                let mine = match m.seat {
                    Some(mine) => mine == seat,
                    None => session.active().all(|other| other.seat != Some(seat)),
                };
                let comes = match (m.here, &session.phase) {
                    (Here::Expected, _) => !session.grace_over || m.excused,
                    (Here::Present, Phase::Overnight { returned }) => !returned.contains(no),
                    _ => false,
                };
                session.occupies() && mine && comes && self.enrolled.contains(&seat)
            }
            Ask::Enrol(seat) => (1..=SEATS).contains(seat),
            Ask::Revoke(seat) => self.enrolled.contains(seat),
            Ask::Excuse(which, no) => {
                held(which, no, &|_, m| m.here == Here::Expected && !m.excused)
            }
            Ask::Absent(which, no) => member(which, no).is_some_and(|(s, m)| {
                (s.occupies() || s.phase == Phase::Convened) && m.here == Here::Expected
            }),
            Ask::Pledge(which, no, recusal) => held(which, no, &|_, m| {
                m.here == Here::Present && !m.pledges.contains(recusal) && !(*recusal && m.conflict)
            }),
            Ask::Conflict(which, no) => held(which, no, &|s, m| {
                s.phase != Phase::Closing && m.here == Here::Present && !m.conflict
            }),
            Ask::Rule(which, no, _) => held(which, no, &|_, m| m.conflict && m.active()),
            Ask::Approve(which, no) => held(which, no, &|s, m| {
                s.phase != Phase::Closing && s.missing(m) && !m.approved
            }),
            Ask::Replace(which, no, lawful) => held(which, no, &|s, m| {
                s.phase != Phase::Closing && s.missing(m) && m.approved && *lawful
            }),
            Ask::ConfirmSignIn(which) => of(which)
                .is_some_and(|s| s.phase == Phase::CheckIn && s.all_signed_in() && s.lawful()),
            Ask::ConfirmRecording(which) => of(which).is_some_and(|s| {
                matches!(
                    s.phase,
                    Phase::Ready {
                        recorded: false,
                        ..
                    }
                ) && s.all_recorded()
            }),
            Ask::Authorise(which) => is(
                which,
                Phase::Ready {
                    recorded: true,
                    authorised: false,
                },
            ),
            Ask::Start(which) => {
                let authorised = Phase::Ready {
                    recorded: true,
                    authorised: true,
                };
                is(which, authorised)
                    && of(which).is_some_and(|s| {
                        s.outage.is_none() && s.all_signed_in() && s.lawful() && s.all_recorded()
                    })
            }
            Ask::DeclareOutage(which) => {
                of(which).is_some_and(|s| before_start(s) && s.outage.is_none())
            }
            Ask::EndOutage(which) => {
                of(which).is_some_and(|s| before_start(s) && s.outage.is_some())
            }
            Ask::TendererWaits(which) => of(which).is_some_and(|s| {
                before_start(s) && s.outage.is_some_and(|too_long| self.now >= too_long)
            }),
            Ask::Vote(which, no, candidate) => held(which, no, &|s, m| {
                let candidate = s.members.get(candidate);
                s.phase == Phase::InSession
                    && m.here == Here::Present
                    && s.chair.is_none()
                    && candidate.is_some_and(|c| c.here == Here::Present && c.expert)
            }),
            Ask::Suspend(which, by, why) => {
                let on = is(which, Phase::InSession) || is(which, Phase::Closing);
                on && (*why == Why::Order) == (*by == By::Supervisor)
            }
            Ask::Resume(which, by) => of(which).is_some_and(|s| {
                let Phase::Suspended(suspension) = &s.phase else {
                    return false;
                };
                let too_long = suspension.too_long.is_some_and(|end| self.now >= end);
                let may = !suspension.ordered || *by == By::Supervisor;
                !too_long && may && s.all_signed_in() && s.lawful()
            }),
            Ask::BeginOvernight(which) => is(which, Phase::InSession),
            Ask::Postpone(which, minutes) => {
                is(which, Phase::InSession) && (1..=360).contains(minutes)
            }
            Ask::EndOvernight(which) => of(which).is_some_and(|s| {
                let Phase::Overnight { returned } = &s.phase else {
                    return false;
                };
                let back = |(no, m): (&u8, &Member)| !m.active() || returned.contains(no);
                s.members.iter().all(back) && s.all_signed_in() && s.lawful()
            }),
            Ask::BeginBreak(which) => {
                of(which).is_some_and(|s| s.phase == Phase::InSession && !s.on_break)
            }
            Ask::EndBreak(which) => of(which).is_some_and(|s| s.on_break),
            Ask::Leaving(which, no, by, expelled) => member(which, no).is_some_and(|(s, m)| {
                (s.occupies() || s.over())
                    && m.here == Here::Present
                    && (!expelled || *by == By::Supervisor)
            }),
            Ask::BeginClosing(which) => of(which)
                .is_some_and(|s| s.phase == Phase::InSession && !s.on_break && s.chair.is_some()),
            Ask::Sign(which, no) => member(which, no).is_some_and(|(s, m)| {
                s.phase == Phase::Closing && m.here == Here::Present && !m.signed
            }),
            Ask::Leave(which, no) => member(which, no).is_some_and(|(s, m)| {
                let may = s.over() || (s.phase == Phase::Closing && m.signed);
                may && m.here == Here::Present
            }),
            Ask::SignRecord(which) => {
                of(which).is_some_and(|s| s.phase == Phase::Closing && !s.record_signed)
            }
            Ask::Seal(which, typed) => of(which).is_some_and(|s| {
                let signed = s.active().all(|m| m.signed);
                s.phase == Phase::Closing && signed && s.record_signed && *typed
            }),
            Ask::Abort(which, by, typed) => of(which)
                .is_some_and(|s| !s.over() && (!s.started || *by == By::Supervisor) && *typed),
            Ask::Record(which, ..) | Ask::Gap(which, ..) | Ask::Anomaly(which, ..) => {
                of(which).is_some()
            }
            Ask::Archive(which, _) => of(which).is_some_and(Session::over),
        }
    }

    /// Takes in what was lawfully asked.
    pub(crate) fn carry_out(&mut self, ask: &Ask, seats: &BTreeMap<u8, u8>) {
        let now = self.now;
        if let Ask::Plan(which, experts, others) = ask {
            self.used.insert(*which);
            self.sessions.insert(*which, planned(*experts, *others));
        }
        if let Ask::OpenCheckIn(which) = ask {
            // what is over and archived goes when the next one takes the room
            self.sessions
                .retain(|other, s| other == which || !s.over() || s.archive < 2);
        }
        match ask {
            Ask::Enrol(seat) => {
                self.enrolled.insert(*seat);
            }
            Ask::Revoke(seat) => {
                self.enrolled.remove(seat);
            }
            Ask::Restart => {
                // nothing is known to be written any more
                for s in self.sessions.values_mut() {
                    s.recording.clear();
                    s.frozen.clear();
                }
            }
            _ => {}
        }
        let Some(s) = which(ask).and_then(|which| self.sessions.get_mut(&which)) else {
            return;
        };
        session_takes(s, ask, now, seats);
        s.mind_the_chair();
    }

    /// What time brings.
    pub(crate) fn pass(&mut self) {
        let now = self.now;
        for s in self.sessions.values_mut().filter(|s| s.occupies()) {
            let here = |m: &Member| m.here == Here::Present;
            if now >= START + GRACE && !s.active().all(here) {
                s.grace_over = true;
            }
            if s.phase == Phase::InSession && now >= s.lock {
                s.phase = Phase::Overnight {
                    returned: BTreeSet::new(),
                };
                s.on_break = false;
            }
        }
    }

    /// The minute at which time brings something next, as far as the model knows.
    pub(crate) fn due(&self) -> Option<u32> {
        let sessions = self.sessions.values().filter(|s| s.occupies());
        let dues = sessions.flat_map(|s| {
            let grace = (!s.grace_over && !s.active().all(|m| m.here == Here::Present))
                .then_some(START + GRACE);
            let lock = (s.phase == Phase::InSession).then_some(s.lock);
            let outage = match &s.phase {
                Phase::Suspended(suspension) => suspension.too_long,
                Phase::CheckIn | Phase::Ready { .. } => s.outage,
                _ => None,
            };
            [grace, lock, outage.filter(|end| *end > self.now)]
        });
        dues.flatten().min()
    }
}

fn planned(experts: u8, others: u8) -> Session {
    Session {
        planned: (experts, others),
        phase: Phase::Planned,
        members: BTreeMap::new(),
        grace_over: false,
        started: false,
        outage: None,
        lock: 0,
        on_break: false,
        votes: BTreeMap::new(),
        chair: None,
        record_signed: false,
        recording: BTreeSet::new(),
        gaps: BTreeSet::new(),
        frozen: BTreeSet::new(),
        archive: 0,
    }
}

fn session_takes(s: &mut Session, ask: &Ask, now: u32, seats: &BTreeMap<u8, u8>) {
    match ask {
        Ask::Convene(_, experts, others) => {
            for no in 1..=experts + others {
                s.members.insert(no, Member::new(no <= *experts));
            }
            s.phase = Phase::Convened;
        }
        Ask::OpenCheckIn(_) => {
            for (no, seat) in seats {
                member(s, *no).seat = Some(*seat);
            }
            s.phase = Phase::CheckIn;
        }
        Ask::CheckIn(_, no, seat) => {
            if let Phase::Overnight { returned } = &mut s.phase {
                returned.insert(*no);
            }
            let m = member(s, *no);
            m.seat = seat.or(m.seat);
            if m.here == Here::Expected {
                // he is here: what was approved while he was missing is void
                m.approved = false;
            }
            m.here = Here::Present;
        }
        Ask::Excuse(_, no) => member(s, *no).excused = true,
        Ask::Absent(_, no) => member(s, *no).here = Here::Absent,
        Ask::Pledge(_, no, recusal) => {
            member(s, *no).pledges.insert(*recusal);
        }
        Ask::Conflict(_, no) => member(s, *no).conflict = true,
        Ask::Rule(_, no, removed) => {
            member(s, *no).conflict = false;
            if *removed {
                member(s, *no).here = Here::Removed;
                s.mind_the_chair();
                s.lose();
            }
        }
        Ask::Approve(_, no) => member(s, *no).approved = true,
        Ask::Replace(_, no, _) => {
            let old = member(s, *no);
            old.here = Here::Replaced;
            let mut new = Member::new(old.expert);
            new.seat = old.seat;
            // called in after the planned start, nobody can be in time for it
            new.excused = s.grace_over || now >= START;
            let next = s.members.keys().last().expect("members") + 1;
            s.members.insert(next, new);
        }
        Ask::ConfirmSignIn(_) => {
            s.phase = Phase::Ready {
                recorded: false,
                authorised: false,
            };
        }
        Ask::ConfirmRecording(_) => {
            if let Phase::Ready { recorded, .. } = &mut s.phase {
                *recorded = true;
            }
        }
        Ask::Authorise(_) => {
            if let Phase::Ready { authorised, .. } = &mut s.phase {
                *authorised = true;
            }
        }
        Ask::Start(_) => {
            s.phase = Phase::InSession;
            s.started = true;
            s.lock = next_lock(now);
        }
        Ask::DeclareOutage(_) | Ask::TendererWaits(_) => s.outage = Some(now + OUTAGE_BEFORE),
        Ask::EndOutage(_) => s.outage = None,
        Ask::Vote(_, no, candidate) => {
            s.votes.insert(*no, *candidate);
            s.chair = s.majority();
        }
        Ask::Suspend(_, _, why) => {
            let too_long = (*why == Why::Outage).then_some(now + OUTAGE_DURING);
            s.suspend(*why == Why::Order, too_long);
        }
        Ask::Resume(..) => {
            let in_closing = matches!(&s.phase, Phase::Suspended(p) if p.in_closing);
            s.phase = if in_closing {
                Phase::Closing
            } else {
                Phase::InSession
            };
        }
        Ask::BeginOvernight(_) => {
            s.phase = Phase::Overnight {
                returned: BTreeSet::new(),
            };
            s.on_break = false;
        }
        Ask::Postpone(_, minutes) => s.lock += u32::from(*minutes),
        Ask::EndOvernight(_) => {
            s.phase = Phase::InSession;
            // a lock that was put off beyond now still comes; tonight's, once passed, does not come again
            s.lock = match s.lock > now && s.lock % DAY != LOCK {
                true => s.lock,
                false => next_lock(now),
            };
        }
        Ask::BeginBreak(_) => s.on_break = true,
        Ask::EndBreak(_) => s.on_break = false,
        Ask::Leaving(_, no, ..) => {
            let m = member(s, *no);
            m.here = Here::Left;
            let done = m.signed;
            s.mind_the_chair();
            if !done {
                s.lose();
            }
        }
        Ask::BeginClosing(_) => s.phase = Phase::Closing,
        Ask::Sign(_, no) => member(s, *no).signed = true,
        Ask::Leave(_, no) => member(s, *no).here = Here::Left,
        Ask::SignRecord(_) => s.record_signed = true,
        Ask::Seal(..) => s.end(Phase::Sealed),
        Ask::Abort(..) => s.end(Phase::Aborted),
        Ask::Record(_, feed, true) => {
            s.recording.insert(*feed);
        }
        Ask::Record(_, feed, false) => {
            s.recording.remove(feed);
        }
        Ask::Gap(_, feed, true) => {
            let new = s.gaps.insert(*feed);
            let needed = s.to_record().contains(feed);
            if let Phase::Ready { recorded: true, .. } = s.phase
                && new
                && needed
            {
                s.phase = Phase::Ready {
                    recorded: false,
                    authorised: false,
                };
            }
        }
        Ask::Gap(_, feed, false) => {
            s.gaps.remove(feed);
        }
        Ask::Anomaly(_, feed, true) => {
            // nobody looks at the pictures of a session that has not begun or is over
            if s.occupies() {
                s.frozen.insert(*feed);
            }
        }
        Ask::Anomaly(_, feed, false) => {
            s.frozen.remove(feed);
        }
        Ask::Archive(_, sealed) => {
            s.archive = match (s.archive, sealed) {
                (0, true) => 1,
                (1, false) => 2,
                (known, _) => known,
            }
        }
        Ask::Wait(_)
        | Ask::Restart
        | Ask::Forward(_)
        | Ask::Intrude(..)
        | Ask::Plan(..)
        | Ask::Enrol(_)
        | Ask::Revoke(_) => {}
    }
}

fn member(s: &mut Session, no: u8) -> &mut Member {
    s.members.get_mut(&no).expect("was allowed")
}

/// The session that is asked of.
pub(crate) fn which(ask: &Ask) -> Option<Which> {
    match ask {
        Ask::Wait(_) | Ask::Restart | Ask::Enrol(_) | Ask::Revoke(_) => None,
        Ask::Forward(s)
        | Ask::Plan(s, ..)
        | Ask::Convene(s, ..)
        | Ask::OpenCheckIn(s)
        | Ask::CheckIn(s, ..)
        | Ask::Excuse(s, _)
        | Ask::Absent(s, _)
        | Ask::Pledge(s, ..)
        | Ask::Conflict(s, _)
        | Ask::Rule(s, ..)
        | Ask::Approve(s, _)
        | Ask::Replace(s, ..)
        | Ask::ConfirmSignIn(s)
        | Ask::ConfirmRecording(s)
        | Ask::Authorise(s)
        | Ask::Start(s)
        | Ask::DeclareOutage(s)
        | Ask::EndOutage(s)
        | Ask::TendererWaits(s)
        | Ask::Vote(s, ..)
        | Ask::Suspend(s, ..)
        | Ask::Resume(s, _)
        | Ask::BeginOvernight(s)
        | Ask::Postpone(s, _)
        | Ask::EndOvernight(s)
        | Ask::BeginBreak(s)
        | Ask::EndBreak(s)
        | Ask::Leaving(s, ..)
        | Ask::BeginClosing(s)
        | Ask::Sign(s, _)
        | Ask::Leave(s, _)
        | Ask::SignRecord(s)
        | Ask::Seal(s, _)
        | Ask::Abort(s, ..)
        | Ask::Record(s, ..)
        | Ask::Gap(s, ..)
        | Ask::Anomaly(s, ..)
        | Ask::Archive(s, _)
        | Ask::Intrude(s, _) => Some(*s),
    }
}
