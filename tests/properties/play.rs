//! Owns a walk: puts each question to the room and to the model, and compares what became of them.

use crate::ask::{Ask, By, Which, Why};
use crate::kind;
use crate::model::{self, Here, Model, SEATS, START};
use bidroom::room::*;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use std::collections::{BTreeMap, BTreeSet};

type Checked = Result<(), TestCaseError>;

/// A fault that is put into the room, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    None,
    ForgetsTheNight,
    SeatsTwoOnOneChair,
    LosesGaps,
    LetsThemBackIn,
    WakesTheDead,
    DependsOnTheHour,
}

impl Sabotage {
    pub(crate) const ALL: [Sabotage; 6] = [
        Sabotage::ForgetsTheNight,
        Sabotage::SeatsTwoOnOneChair,
        Sabotage::LosesGaps,
        Sabotage::LetsThemBackIn,
        Sabotage::WakesTheDead,
        Sabotage::DependsOnTheHour,
    ];
}

/// 2024-12-30 00:00 in Beijing.
const MIDNIGHT: i64 = 1_735_488_000_000;
const MINUTE: u64 = 60_000;
const OFFSET_S: i32 = 8 * 3600;

pub(crate) struct Play {
    room: Room,
    model: Model,
    entries: Vec<Entry>,
    /// The room as JSON after so many entries.
    snapshot: (usize, Vec<u8>),
    gone: BTreeSet<(SessionId, MemberNo)>,
    /// Gaps that were journalled, and whether they are open.
    gaps: BTreeMap<(SessionId, u32), bool>,
    steps: usize,
    boots: usize,
    persons: usize,
    sabotage: Sabotage,
}

impl Play {
    pub(crate) fn new(sabotage: Sabotage) -> Self {
        let mut model = Model::default();
        model.now = 7 * 60;
        let mut play = Self {
            room: Room::default(),
            model,
            entries: Vec::new(),
            snapshot: (0, serde_json::to_vec(&Room::default()).expect("JSON")),
            gone: BTreeSet::new(),
            gaps: BTreeMap::new(),
            steps: 0,
            boots: 1,
            persons: 0,
            sabotage,
        };
        let profile = Command::ConfigureRoom {
            layout: layout(),
            policies: Policies::default(),
            profile_sha256: String::new(),
        };
        let decided = play.decide(&daemon(Part::App), None, &profile);
        play.take(&daemon(Part::App), decided.expect("configured"));
        play
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Events and phases that the walk came by.
    pub(crate) fn seen(&self) -> BTreeSet<String> {
        let mut room = Room::default();
        let mut seen = BTreeSet::new();
        for entry in &self.entries {
            apply(&mut room, entry);
            seen.insert(kind(&entry.event));
            let phases = room.sessions.values().map(|s| s.phase.kind());
            seen.extend(phases.map(|phase| format!("{phase:?}")));
        }
        seen
    }

    pub(crate) fn step(&mut self, ask: Ask) -> Checked {
        self.steps += 1;
        if self.steps.is_multiple_of(17) {
            let json = serde_json::to_vec(&self.room).expect("JSON");
            self.snapshot = (self.entries.len(), json);
        }
        match ask {
            Ask::Wait(minutes) => self.wait(minutes.into()),
            Ask::Forward(which) => {
                let mut done = Ok(());
                for ask in self.forward(which) {
                    done = done.and_then(|()| match ask {
                        Ask::Wait(minutes) => self.wait(minutes.into()),
                        ask => self.ask(&ask),
                    });
                }
                done
            }
            _ => self.ask(&ask),
        }
    }

    /// What the journal and the snapshots bring back is the room.
    pub(crate) fn replays(&self) -> Checked {
        let mut room = Room::default();
        let mut kept: Room = serde_json::from_slice(&self.snapshot.1).expect("a room");
        for (i, entry) in self.entries.iter().enumerate() {
            let line = serde_json::to_vec(entry).expect("JSON");
            let read: Entry = serde_json::from_slice(&line)
                .map_err(|e| TestCaseError::fail(format!("{e}: {entry:?}")))?;
            prop_assert_eq!(&read, entry);
            apply(&mut room, &read);
            if i >= self.snapshot.0 {
                apply(&mut kept, &read);
            }
        }
        prop_assert_eq!(&room, &self.room, "the replay differs");
        prop_assert_eq!(&kept, &self.room, "the snapshot differs");
        Ok(())
    }

    fn ask(&mut self, ask: &Ask) -> Checked {
        let (actor, session, command) = self.translate(ask);
        let decided = self.decide(&actor, session.as_ref(), &command);
        prop_assert_eq!(
            &decided,
            &self.decide(&actor, session.as_ref(), &command),
            "not the same answer twice"
        );
        let allowed = self.model.allows(ask);
        prop_assert_eq!(
            decided.is_ok(),
            allowed,
            "{:?}: the room says {:?}, the model {:?}",
            ask,
            &decided,
            &self.model
        );
        let Ok(drafts) = decided else {
            return Ok(());
        };
        self.nothing_stirs_what_is_over(&drafts)?;
        let seats = seats(&drafts);
        self.take(&actor, drafts);
        self.model.carry_out(ask, &seats);
        self.pass()?;
        self.compare(ask)
    }

    fn wait(&mut self, minutes: u32) -> Checked {
        let end = self.model.now + minutes;
        while self.model.now < end {
            let due = next_deadline(&self.room, &self.now());
            let due = due
                .map(|left| self.model.now + u32::try_from(left.0.div_ceil(MINUTE)).expect("soon"));
            if let Some(expected) = self.model.due() {
                prop_assert!(
                    due.is_some_and(|due| due <= expected),
                    "looks again at {:?}, not by {}",
                    due,
                    expected
                );
            }
            self.model.now = due.map_or(end, |due| due.clamp(self.model.now + 1, end));
            self.pass()?;
            self.compare(&Ask::Wait(0))?;
        }
        Ok(())
    }

    /// What came due happens, and then nothing is due any more.
    fn pass(&mut self) -> Checked {
        let clock = daemon(Part::Clock);
        for _ in 0..4 {
            if next_deadline(&self.room, &self.now()) != Some(Span::ZERO) {
                self.model.pass();
                return Ok(());
            }
            let drafts = self.decide(&clock, None, &Command::PassDeadlines);
            let drafts = drafts.expect("time needs no leave");
            prop_assert!(!drafts.is_empty(), "due, and nothing happens");
            self.nothing_stirs_what_is_over(&drafts)?;
            self.take(&clock, drafts);
        }
        Err(TestCaseError::fail("a deadline that never ends"))
    }

    fn nothing_stirs_what_is_over(&self, drafts: &[Draft]) -> Checked {
        for draft in drafts {
            let session = draft
                .session
                .as_ref()
                .and_then(|id| self.room.sessions.get(id));
            if !session.is_some_and(|s| s.phase.is_over()) {
                continue;
            }
            // people go home, and what the recorders had in hand is put down
            let last = matches!(
                draft.event,
                Event::MemberLeft { .. }
                    | Event::RecordingStarted { .. }
                    | Event::RecordingEnded { .. }
                    | Event::RecordingGapOpened { .. }
                    | Event::RecordingGapClosed { .. }
                    | Event::ArchiveSealed { .. }
                    | Event::ArchiveReadBack { .. }
            );
            prop_assert!(last, "after the end: {:?}", draft);
        }
        Ok(())
    }

    fn decide(
        &self,
        actor: &Actor,
        session: Option<&SessionId>,
        command: &Command,
    ) -> Result<Vec<Draft>, Refusal> {
        decide(&self.room, &self.now(), actor, session, command)
    }

    fn now(&self) -> Now {
        let passed = u64::from(self.model.now) * MINUTE;
        Now {
            stamp: Stamp {
                at: Utc(MIDNIGHT) + Span(passed),
                mono: 5_000 + passed,
                boot: format!("boot-{}", self.boots).parse().expect("valid"),
            },
            utc_offset: OFFSET_S,
            seed: self.steps as u64,
        }
    }

    fn take(&mut self, actor: &Actor, drafts: Vec<Draft>) {
        for Draft { session, event } in drafts {
            let entry = Entry {
                seq: self.room.seq.next(),
                stamp: self.now().stamp,
                session,
                actor: actor.clone(),
                command: None,
                event,
            };
            if let Some(id) = &entry.session {
                let of = |gap: &u32| (id.clone(), *gap);
                match &entry.event {
                    Event::RecordingGapOpened { gap, .. } => {
                        let known = self.gaps.insert(of(gap), true);
                        assert_eq!(known, None, "a gap's number twice");
                    }
                    Event::RecordingGapClosed { gap, .. } => {
                        let known = self.gaps.insert(of(gap), false);
                        assert_eq!(known, Some(true), "a gap closed twice");
                    }
                    _ => {}
                }
            }
            self.entries.push(entry.clone());
            if let Some(entry) = self.sabotaged(entry) {
                apply(&mut self.room, &entry);
            }
        }
    }

    fn sabotaged(&self, mut entry: Entry) -> Option<Entry> {
        match (self.sabotage, &mut entry.event) {
            (Sabotage::ForgetsTheNight, Event::OvernightBegun)
            | (Sabotage::LosesGaps, Event::RecordingGapOpened { .. })
            | (Sabotage::LetsThemBackIn, Event::MemberLeft { .. })
            | (Sabotage::WakesTheDead, Event::SessionAborted { .. }) => return None,
            (Sabotage::SeatsTwoOnOneChair, Event::MemberCheckedIn { seat, .. }) => {
                *seat = SeatNo(1);
            }
            (Sabotage::DependsOnTheHour, _) if self.model.now > 18 * 60 => entry.stamp.mono += 1,
            _ => {}
        }
        Some(entry)
    }

    fn compare(&mut self, ask: &Ask) -> Checked {
        let enrolled: BTreeSet<u8> = self.room.workstations.keys().map(|seat| seat.0).collect();
        prop_assert_eq!(&enrolled, &self.model.enrolled, "{:?}", ask);
        let known: BTreeSet<SessionId> = self.model.sessions.keys().map(|w| id(*w)).collect();
        let open: BTreeSet<SessionId> = self.room.sessions.keys().cloned().collect();
        prop_assert_eq!(open, known, "{:?}", ask);
        let occupants = self.room.sessions.values().filter(|s| s.phase.occupies());
        prop_assert!(occupants.count() <= 1, "two sessions hold the room");
        for (which, of_model) in &self.model.sessions {
            let session = &self.room.sessions[&id(*which)];
            prop_assert_eq!(
                phase_of(session),
                of_model.phase.clone().into(),
                "after {:?}: {:?}",
                ask,
                session
            );
            let members: BTreeMap<u8, (Here, Option<u8>)> = session
                .committee
                .members
                .values()
                .map(|m| (m.no.0, (here(&m.presence), m.seat.map(|seat| seat.0))))
                .collect();
            let expected: BTreeMap<u8, (Here, Option<u8>)> = of_model
                .members
                .iter()
                .map(|(no, m)| (*no, (m.here, m.seat)))
                .collect();
            prop_assert_eq!(members, expected, "after {:?}: {:?}", ask, session);
            let chair = session.committee.chair.map(|no| no.0);
            prop_assert_eq!(chair, of_model.chair, "after {:?}: {:?}", ask, session);
            let gaps: BTreeSet<u8> = session
                .recordings
                .open_gaps()
                .map(|(_, g)| no(&g.feed))
                .collect();
            prop_assert_eq!(&gaps, &of_model.gaps, "after {:?}: {:?}", ask, session);
            let frozen: BTreeSet<u8> = session.anomalies.iter().map(|(f, ..)| no(f)).collect();
            prop_assert_eq!(&frozen, &of_model.frozen, "after {:?}: {:?}", ask, session);
            let running: BTreeSet<u8> = session.recordings.running.keys().map(no).collect();
            prop_assert_eq!(
                &running,
                &of_model.recording,
                "after {:?}: {:?}",
                ask,
                session
            );
        }
        self.nobody_shares_a_seat()?;
        self.nobody_comes_back()?;
        self.gaps_add_up()
    }

    fn nobody_shares_a_seat(&self) -> Checked {
        for session in self.room.sessions.values() {
            let taken: Vec<SeatNo> = session.committee.active().filter_map(|m| m.seat).collect();
            let seats: BTreeSet<SeatNo> = taken.iter().copied().collect();
            prop_assert_eq!(seats.len(), taken.len(), "two on one seat: {:?}", taken);
        }
        Ok(())
    }

    fn nobody_comes_back(&mut self) -> Checked {
        for (id, session) in &self.room.sessions {
            for member in session.committee.members.values() {
                let key = (id.clone(), member.no);
                if !member.presence.is_active() {
                    self.gone.insert(key);
                } else {
                    prop_assert!(!self.gone.contains(&key), "{} is back", member.no);
                }
            }
        }
        Ok(())
    }

    /// Every gap that was journalled is there, open or closed as the journal says.
    fn gaps_add_up(&self) -> Checked {
        for (id, session) in &self.room.sessions {
            let mine = self
                .entries
                .iter()
                .filter(|e| e.session.as_ref() == Some(id));
            let mut gaps: BTreeMap<u32, bool> = BTreeMap::new();
            for entry in mine {
                match &entry.event {
                    Event::RecordingGapOpened { gap, .. } => {
                        prop_assert_eq!(gaps.insert(*gap, true), None, "a number twice");
                    }
                    Event::RecordingGapClosed { gap, .. } => {
                        prop_assert_eq!(gaps.insert(*gap, false), Some(true), "closed twice");
                    }
                    _ => {}
                }
            }
            let known = session.recordings.gaps.iter();
            let known: BTreeMap<u32, bool> =
                known.map(|(no, gap)| (*no, gap.to.is_none())).collect();
            prop_assert_eq!(known, gaps);
        }
        Ok(())
    }

    /// What lawful people would do next.
    fn forward(&self, which: Which) -> Vec<Ask> {
        use model::Phase;
        let Some(session) = self.model.sessions.get(&which) else {
            let sizes = [(5, 0), (5, 2), (7, 0), (9, 0)];
            let (experts, others) = sizes[self.steps % sizes.len()];
            return vec![Ask::Plan(which, experts, others)];
        };
        let (experts, others) = session.planned;
        let hurry = self.steps.is_multiple_of(4);
        match &session.phase {
            Phase::Planned => vec![Ask::Convene(which, experts, others)],
            Phase::Convened => vec![Ask::OpenCheckIn(which)],
            Phase::CheckIn | Phase::Ready { .. } if session.outage.is_some() && !hurry => {
                vec![Ask::Wait(65), Ask::TendererWaits(which)]
            }
            Phase::CheckIn => self.gather(which, session, [Ask::ConfirmSignIn(which)]),
            Phase::Ready { .. } => {
                let mut asks = self.gather(which, session, []);
                let feeds = session.to_record();
                asks.extend(feeds.iter().map(|feed| Ask::Record(which, *feed, true)));
                asks.extend(feeds.iter().map(|feed| Ask::Gap(which, *feed, false)));
                asks.extend([Ask::ConfirmRecording(which), Ask::Authorise(which)]);
                asks.extend([Ask::EndOutage(which), Ask::Start(which)]);
                asks
            }
            Phase::InSession if session.chair.is_none() => {
                let present = session
                    .members
                    .iter()
                    .filter(|(_, m)| m.here == Here::Present);
                let expert = present
                    .clone()
                    .find(|(_, m)| m.expert)
                    .map_or(1, |(no, _)| *no);
                present
                    .map(|(no, _)| Ask::Vote(which, *no, expert))
                    .collect()
            }
            Phase::InSession if !hurry => Vec::new(),
            Phase::InSession if session.on_break => vec![Ask::EndBreak(which)],
            Phase::InSession => vec![Ask::BeginClosing(which)],
            Phase::Suspended(_) | Phase::Overnight { .. } if !hurry => Vec::new(),
            Phase::Suspended(_) => {
                let then = [Ask::Resume(which, By::Supervisor)];
                self.gather(which, session, then)
            }
            Phase::Overnight { returned } => {
                let active = session.members.iter().filter(|(_, m)| m.active());
                let away = active.filter(|(no, _)| !returned.contains(no));
                let back: Vec<Ask> = away.map(|(no, _)| Ask::CheckIn(which, *no, None)).collect();
                let mut asks = self.gather(which, session, back);
                asks.push(Ask::EndOvernight(which));
                asks
            }
            Phase::Closing => {
                let all = session.members.keys();
                let mut asks: Vec<Ask> = all.clone().map(|no| Ask::Sign(which, *no)).collect();
                if hurry {
                    asks.push(Ask::SignRecord(which));
                    asks.push(Ask::Seal(which, true));
                } else {
                    asks.extend(all.take(2).map(|no| Ask::Leave(which, *no)));
                }
                asks
            }
            Phase::Sealed | Phase::Aborted => vec![Ask::Leave(which, 1)],
        }
    }

    /// Everybody comes, is replaced where he does not, and signs; then the rest.
    fn gather(
        &self,
        which: Which,
        session: &model::Session,
        then: impl IntoIterator<Item = Ask>,
    ) -> Vec<Ask> {
        let mut asks: Vec<Ask> = (1..=SEATS).map(Ask::Enrol).collect();
        for (no, member) in &session.members {
            if member.conflict {
                asks.push(Ask::Rule(which, *no, false));
            }
            match member.here {
                Here::Absent | Here::Left | Here::Removed if !member.signed => {
                    asks.push(Ask::Approve(which, *no));
                    asks.push(Ask::Replace(which, *no, true));
                }
                Here::Expected => {
                    asks.push(Ask::Excuse(which, *no));
                    let taken: BTreeSet<u8> = session.active().filter_map(|m| m.seat).collect();
                    let free = (1..=SEATS).find(|seat| !taken.contains(seat));
                    asks.push(Ask::CheckIn(which, *no, member.seat.or(free)));
                    asks.push(Ask::Pledge(which, *no, false));
                    asks.push(Ask::Pledge(which, *no, true));
                }
                Here::Present => {
                    asks.push(Ask::Pledge(which, *no, false));
                    asks.push(Ask::Pledge(which, *no, true));
                }
                Here::Absent | Here::Left | Here::Removed | Here::Replaced => {}
            }
        }
        asks.extend(then);
        asks
    }

    fn translate(&mut self, ask: &Ask) -> (Actor, Option<SessionId>, Command) {
        let session = model::which(ask).map(id);
        let own = session.clone().unwrap_or_else(|| id(0));
        let typed = |right: bool| if right { own.clone() } else { id(7) };
        let by = |by: &By| match by {
            By::Technician => technician(),
            By::Supervisor => supervisor(),
        };
        let me = |no: &u8| Actor::Member {
            session: own.clone(),
            member: MemberNo(*no),
        };
        let member = |no: &u8| MemberNo(*no);
        let note = || Note::new("理由").expect("one line");
        let at = self.now().stamp.at;
        let (actor, command) = match ask {
            Ask::Restart => {
                self.boots += 1;
                let version = "1".to_owned();
                (daemon(Part::App), Command::ReportStart { version })
            }
            Ask::Plan(_, experts, others) => (
                technician(),
                Command::PlanSession {
                    plan: Plan {
                        id: own.clone(),
                        kind: SessionKind::Real,
                        start: Utc(MIDNIGHT) + Span(u64::from(START) * MINUTE),
                        expected: Span::hours(4),
                        experts: *experts,
                        tenderer_representatives: *others,
                        committee: None,
                        rules: None,
                        policies: None,
                    },
                },
            ),
            Ask::Convene(_, experts, others) => {
                let kinds = std::iter::repeat_n(MemberKind::Expert, (*experts).into());
                let others =
                    std::iter::repeat_n(MemberKind::TendererRepresentative, (*others).into());
                let members = kinds
                    .chain(others)
                    .map(|kind| self.newcomer(kind))
                    .collect();
                (technician(), Command::ConveneCommittee { members })
            }
            Ask::OpenCheckIn(_) => (technician(), Command::OpenCheckIn),
            Ask::CheckIn(which, no, seat) => {
                let session = self.model.sessions.get(which);
                let mine = session.and_then(|s| s.members.get(no)).and_then(|m| m.seat);
                // a seat that does not exist stands for 'at his own' where he has none
                let seat = SeatNo(seat.or(mine).unwrap_or(SEATS + 1));
                let member = member(no);
                (daemon(Part::Access), Command::CheckIn { member, seat })
            }
            Ask::Enrol(seat) => {
                let workstation = format!("w-{}", self.steps).parse().expect("valid");
                let seat = SeatNo(*seat);
                let command = Command::EnrolWorkstation { seat, workstation };
                (daemon(Part::Access), command)
            }
            Ask::Revoke(seat) => (
                technician(),
                Command::RevokeWorkstation {
                    seat: SeatNo(*seat),
                },
            ),
            Ask::Excuse(_, no) => (supervisor(), Command::ExcuseLateness { member: member(no) }),
            Ask::Absent(_, no) => (technician(), Command::RecordAbsence { member: member(no) }),
            Ask::Pledge(_, no, recusal) => {
                let pledge = if *recusal {
                    Pledge::Recusal
                } else {
                    Pledge::Integrity
                };
                (me(no), Command::SignPledge { pledge })
            }
            Ask::Conflict(_, no) => {
                let kind = ConflictKind::Employer;
                (me(no), Command::DeclareConflict { kind })
            }
            Ask::Rule(_, no, removed) => {
                let ruling = if *removed {
                    Ruling::Removed
                } else {
                    Ruling::Stays
                };
                let member = member(no);
                (supervisor(), Command::RuleOnConflict { member, ruling })
            }
            Ask::Approve(_, no) => {
                let member = member(no);
                (supervisor(), Command::ApproveReplacement { member })
            }
            Ask::Replace(which, no, lawful) => {
                let known = self
                    .model
                    .sessions
                    .get(which)
                    .and_then(|s| s.members.get(no));
                let expert = known.is_none_or(|m| m.expert);
                // unlawful: a representative for an expert, or the other way round
                let kind = match expert == *lawful {
                    true => MemberKind::Expert,
                    false => MemberKind::TendererRepresentative,
                };
                let by = self.newcomer(kind);
                let member = member(no);
                (technician(), Command::ReplaceMember { member, by })
            }
            Ask::ConfirmSignIn(_) => (technician(), Command::ConfirmSignIn),
            Ask::ConfirmRecording(_) => (technician(), Command::ConfirmRecording),
            Ask::Authorise(_) => (supervisor(), Command::AuthoriseStart),
            Ask::Start(_) => (technician(), Command::StartSession),
            Ask::DeclareOutage(_) => (technician(), Command::DeclareOutage { cause: note() }),
            Ask::EndOutage(_) => (technician(), Command::EndOutage),
            Ask::TendererWaits(_) => (technician(), Command::RecordTendererWaits),
            Ask::Vote(_, no, candidate) => {
                let candidate = member(candidate);
                (me(no), Command::VoteForChair { candidate })
            }
            Ask::Suspend(_, who, why) => {
                let cause = match why {
                    Why::Order => SuspensionCause::Order,
                    Why::Outage => SuspensionCause::Outage,
                    Why::Other => SuspensionCause::Other,
                };
                let reason = note();
                (by(who), Command::SuspendSession { cause, reason })
            }
            Ask::Resume(_, who) => (by(who), Command::ResumeSession),
            Ask::BeginOvernight(_) => (technician(), Command::BeginOvernight),
            Ask::Postpone(_, minutes) => {
                let by = Span::minutes((*minutes).into());
                (supervisor(), Command::PostponeLock { by })
            }
            Ask::EndOvernight(_) => (technician(), Command::EndOvernight),
            Ask::BeginBreak(_) => (
                technician(),
                Command::BeginBreak {
                    kind: BreakKind::Meal,
                },
            ),
            Ask::EndBreak(_) => (technician(), Command::EndBreak),
            Ask::Leaving(_, no, who, expelled) => {
                let reason = match expelled {
                    true => LeavingReason::Expelled,
                    false => LeavingReason::Illness,
                };
                let member = member(no);
                (by(who), Command::RecordLeaving { member, reason })
            }
            Ask::BeginClosing(_) => (technician(), Command::BeginClosing),
            Ask::Sign(_, no) => (me(no), Command::SignReport { dissent: false }),
            Ask::Leave(_, no) => (me(no), Command::Leave),
            Ask::SignRecord(_) => (supervisor(), Command::SignClosingRecord),
            Ask::Seal(_, right) => {
                let typed = typed(*right);
                (technician(), Command::SealSession { typed })
            }
            Ask::Abort(_, who, right) => {
                let (typed, reason) = (typed(*right), note());
                (by(who), Command::AbortSession { typed, reason })
            }
            Ask::Record(_, no, true) => {
                let feed = feed(*no);
                (
                    daemon(Part::Media),
                    Command::ReportRecordingStarted { feed },
                )
            }
            Ask::Record(_, no, false) => {
                let (feed, head) = (feed(*no), IndexHead::default());
                let command = Command::ReportRecordingEnded { feed, head };
                (daemon(Part::Media), command)
            }
            Ask::Gap(_, no, true) => {
                let command = Command::ReportGapOpened {
                    feed: feed(*no),
                    track: Track::Video,
                    from: at,
                    cause: GapCause::SourceLost,
                };
                (daemon(Part::Media), command)
            }
            Ask::Gap(_, no, false) => {
                let command = Command::ReportGapClosed {
                    feed: feed(*no),
                    track: Track::Video,
                    to: at,
                };
                (daemon(Part::Media), command)
            }
            Ask::Anomaly(_, no, true) => {
                let command = Command::ReportAnomaly {
                    feed: feed(*no),
                    anomaly: Anomaly::Frozen,
                    lasted: Span::seconds(5),
                };
                (daemon(Part::Media), command)
            }
            Ask::Anomaly(_, no, false) => {
                let command = Command::ReportAnomalyEnded {
                    feed: feed(*no),
                    anomaly: Anomaly::Frozen,
                };
                (daemon(Part::Media), command)
            }
            Ask::Archive(_, true) => {
                let seal = Seal {
                    sha256: "0".repeat(64),
                    files: 1,
                    bytes: 1,
                    timestamped: false,
                };
                (daemon(Part::Archive), Command::ReportArchiveSealed { seal })
            }
            Ask::Archive(_, false) => {
                let command = Command::ReportArchiveReadBack {
                    files: 1,
                    bytes: 1,
                    damaged: 0,
                    named: Vec::new(),
                };
                (daemon(Part::Archive), command)
            }
            Ask::Intrude(which, n) => intrusion(*which, *n),
            Ask::Wait(_) | Ask::Forward(_) => unreachable!("are no questions"),
        };
        (actor, session, command)
    }

    fn newcomer(&mut self, kind: MemberKind) -> NewMember {
        self.persons += 1;
        let person = format!("p{}", self.persons).parse().expect("valid");
        NewMember { kind, person }
    }
}

/// Somebody asks for what is not his to ask.
fn intrusion(which: Which, n: u8) -> (Actor, Command) {
    let account = || "somebody".parse().expect("valid");
    let note = || Note::new("x").expect("one line");
    let stranger = Actor::Member {
        session: id(which + 1),
        member: MemberNo(1),
    };
    let (seat, typed) = (SeatNo(1), id(which));
    let cause = SuspensionCause::Other;
    let all = [
        (Actor::Bidder { account: account() }, Command::StartSession),
        (Actor::Bidder { account: account() }, Command::ResumeSession),
        (Actor::Workstation { seat }, Command::Leave),
        (Actor::Workstation { seat }, Command::AuthoriseStart),
        (technician(), Command::AuthoriseStart),
        (technician(), Command::SignClosingRecord),
        (technician(), Command::SignReport { dissent: true }),
        (
            supervisor(),
            Command::SealSession {
                typed: typed.clone(),
            },
        ),
        (supervisor(), Command::StartSession),
        (stranger.clone(), Command::SignReport { dissent: false }),
        (stranger.clone(), Command::Leave),
        (
            stranger,
            Command::SuspendSession {
                cause,
                reason: note(),
            },
        ),
        (
            daemon(Part::Media),
            Command::AbortSession {
                typed,
                reason: note(),
            },
        ),
        (daemon(Part::Clock), Command::BeginOvernight),
    ];
    all[usize::from(n) % all.len()].clone()
}

/// A phase with what of it both sides know.
#[derive(Debug, PartialEq, Eq)]
enum Known {
    Plain(PhaseKind),
    Ready(bool, bool),
    Overnight(BTreeSet<u8>),
}

fn phase_of(session: &Session) -> Known {
    match &session.phase {
        Phase::Ready {
            recording_confirmed,
            authorised,
        } => Known::Ready(*recording_confirmed, *authorised),
        Phase::Overnight { returned } => Known::Overnight(returned.iter().map(|no| no.0).collect()),
        other => Known::Plain(other.kind()),
    }
}

impl From<model::Phase> for Known {
    fn from(phase: model::Phase) -> Self {
        use model::Phase;
        Known::Plain(match phase {
            Phase::Planned => PhaseKind::Planned,
            Phase::Convened => PhaseKind::Convened,
            Phase::CheckIn => PhaseKind::CheckIn,
            Phase::Ready {
                recorded,
                authorised,
            } => return Known::Ready(recorded, authorised),
            Phase::InSession => PhaseKind::InSession,
            Phase::Suspended(_) => PhaseKind::Suspended,
            Phase::Overnight { returned } => return Known::Overnight(returned),
            Phase::Closing => PhaseKind::Closing,
            Phase::Sealed => PhaseKind::Sealed,
            Phase::Aborted => PhaseKind::Aborted,
        })
    }
}

fn here(presence: &Presence) -> Here {
    match presence {
        Presence::Expected => Here::Expected,
        Presence::Present { .. } => Here::Present,
        Presence::Absent => Here::Absent,
        Presence::Left { .. } => Here::Left,
        Presence::Removed { .. } => Here::Removed,
        Presence::Replaced { .. } => Here::Replaced,
    }
}

fn seats(drafts: &[Draft]) -> BTreeMap<u8, u8> {
    let opened = drafts.iter().find_map(|draft| match &draft.event {
        Event::CheckInOpened { seats } => Some(seats),
        _ => None,
    });
    let seats = opened.into_iter().flatten();
    seats.map(|given| (given.member.0, given.seat.0)).collect()
}

fn id(which: Which) -> SessionId {
    format!("S-{which}").parse().expect("valid")
}

fn feed(no: u8) -> FeedId {
    let name = match no {
        0 => "camera-1".to_owned(),
        seat => format!("seat-{seat}-face"),
    };
    name.parse().expect("valid")
}

fn no(feed: &FeedId) -> u8 {
    let seat = feed.as_str().strip_prefix("seat-");
    seat.map_or(0, |rest| rest[..1].parse().expect("a seat"))
}

fn daemon(part: Part) -> Actor {
    Actor::Daemon { part }
}

fn technician() -> Actor {
    let account = "tech".parse().expect("valid");
    Actor::Technician { account }
}

fn supervisor() -> Actor {
    let account = "super".parse().expect("valid");
    Actor::Supervisor { account }
}

fn layout() -> Layout {
    let spec = |no, kind, place| FeedSpec {
        id: feed(no),
        name: feed(no).to_string(),
        kind,
        place,
        simulated: false,
    };
    let faces = (1..=SEATS).map(|no| spec(no, FeedKind::Face, Place::Seat(SeatNo(no))));
    let camera = spec(0, FeedKind::Camera, Place::EvaluationRoom);
    let seat = |no| Seat {
        no: SeatNo(no),
        x: 10 * no,
        y: 50,
    };
    Layout {
        name: "评标一室".to_owned(),
        city: "保山".to_owned(),
        seats: (1..=SEATS).map(seat).collect(),
        feeds: faces.chain([camera]).collect(),
        replicas: Default::default(),
        relays: Vec::new(),
    }
}
