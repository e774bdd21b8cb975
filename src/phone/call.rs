//! Owns one call from dialling to its end: the line's events, 20 ms of sound at a time, and the dialogue over both.

use super::call_back::CallBack;
use super::clock;
use super::dialogue::{Act, Dialogue, Heard, WAITS};
use super::dtmf::Keys;
use super::frame::{Frame, LENGTH};
use super::leg::{Leg, LegEvent, Line, Ring};
use super::number::Number;
use super::recording::Tape;
use super::reports::{NotKept, PhoneReport, Reports};
use super::voice::Spoken;
use crate::room::{AttemptId, CallEnd, CallProgress, CandidateId, LineFault, Script, SessionId};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep_until};

/// A call whose callee is not heard for so long after the answer is of no use.
const DEAF: Duration = Duration::from_secs(6);
/// The same later in a call; gateways may send nothing while nobody speaks.
const DEAF_LATER: Duration = Duration::from_secs(25);
/// No dialogue takes longer.
const LONGEST: Duration = Duration::from_secs(300);

/// What a call needs.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) attempt: AttemptId,
    pub(super) script: Script,
    /// Whom a caller who withdraws is known as.
    pub(super) caller: Option<(SessionId, CandidateId)>,
    pub(super) spoken: Option<Arc<Spoken>>,
    pub(super) reports: Arc<dyn Reports>,
    /// How long the phone may ring.
    pub(super) rings: Duration,
    /// The script that is wanted; none once the call is not.
    pub(super) wanted: watch::Receiver<Option<Script>>,
}

/// What happens next.
enum Input {
    Leg(LegEvent),
    Tick,
    Wanted(Option<Script>),
    RungOut,
}

/// What is talked about.
enum Talk {
    /// We called.
    Notice(Dialogue),
    /// He did.
    CallBack(CallBack),
}

impl Talk {
    fn new(script: Script) -> Self {
        match script {
            Script::Notice | Script::Thanks | Script::Probe => Self::Notice(Dialogue::new(script)),
            Script::CallBack | Script::NoCalls => Self::CallBack(CallBack::new(script)),
        }
    }

    fn take(&mut self, heard: Heard) -> Vec<Act> {
        match self {
            Self::Notice(dialogue) => dialogue.take(heard),
            Self::CallBack(dialogue) => dialogue.take(heard),
        }
    }

    /// What it has come to already, whatever becomes of the call.
    fn kept(&self) -> Option<CallEnd> {
        match self {
            Self::Notice(dialogue) => dialogue.kept(),
            // a withdrawal stands in the journal by itself
            Self::CallBack(_) => None,
        }
    }
}

/// A call on its way.
struct Running<'a> {
    call: &'a Call,
    leg: Box<dyn Leg>,
    tape: &'a mut Option<Tape>,
    dialogue: Talk,
    keys: Keys,
    /// What is being said, and how much of it was.
    saying: Option<(Arc<[Frame]>, usize)>,
    /// Until when a key is waited for.
    silent_at: Option<Instant>,
    answered: Option<Instant>,
    heard_at: Option<Instant>,
    sound: bool,
}

impl Call {
    /// Calls, and gives how it ended. The recording is the caller's to finish.
    pub(super) async fn dial(
        self,
        line: &dyn Line,
        number: &Number,
        tape: &mut Option<Tape>,
    ) -> CallEnd {
        self.progress(CallProgress::Dialling).await;
        match line.dial(number).await {
            Ok(leg) => self.run(leg, tape).await,
            Err(end) => end,
        }
    }

    /// Answers, and gives how it ended. The recording is the caller's to finish.
    pub(super) async fn answer(self, ring: Box<dyn Ring>, tape: &mut Option<Tape>) -> CallEnd {
        match ring.answer().await {
            Ok(leg) => self.run(leg, tape).await,
            Err(end) => end,
        }
    }

    async fn run(self, leg: Box<dyn Leg>, tape: &mut Option<Tape>) -> CallEnd {
        let mut wanted = self.wanted.clone();
        let mut running = Running {
            call: &self,
            leg,
            tape,
            dialogue: Talk::new(self.script),
            keys: Keys::default(),
            saying: None,
            silent_at: None,
            answered: None,
            heard_at: None,
            sound: false,
        };
        running.run(&mut wanted).await
    }

    async fn withdraw(&self) -> Result<(), NotKept> {
        let (session, candidate) = self.caller.clone().ok_or(NotKept::Never)?;
        let report = PhoneReport::Withdrew {
            attempt: self.attempt.clone(),
            session,
            candidate,
        };
        self.reports.report(report).await
    }

    async fn progress(&self, progress: CallProgress) {
        let report = PhoneReport::Progress {
            attempt: self.attempt.clone(),
            progress,
        };
        // how far it is is news; that it was not kept is told by whoever keeps it
        let _ = self.reports.report(report).await;
    }
}

impl Running<'_> {
    async fn run(&mut self, wanted: &mut watch::Receiver<Option<Script>>) -> CallEnd {
        let mut ticks = interval(LENGTH);
        // late frames are sent in a burst, so that the callee's clock and ours stay together
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let rung_out = clock::now() + self.call.rings;
        loop {
            let input = self.next(wanted, &mut ticks, rung_out).await;
            let end = match input {
                Input::Leg(event) => self.leg_event(event, &mut ticks).await,
                Input::Tick => self.tick().await,
                Input::Wanted(Some(Script::Thanks)) => self.hear(Heard::Released).await,
                Input::Wanted(Some(
                    Script::Notice | Script::Probe | Script::CallBack | Script::NoCalls,
                )) => None,
                Input::Wanted(None) => Some(self.hang_up(CallEnd::Cancelled).await),
                Input::RungOut => Some(self.hang_up(CallEnd::NoAnswer).await),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    async fn next(
        &mut self,
        wanted: &mut watch::Receiver<Option<Script>>,
        ticks: &mut Interval,
        rung_out: Instant,
    ) -> Input {
        tokio::select! {
            biased;
            _ = ticks.tick(), if self.sound => Input::Tick,
            event = self.leg.next() => Input::Leg(event),
            changed = wanted.changed() => match changed {
                Ok(()) => Input::Wanted(*wanted.borrow_and_update()),
                // the worker ends: so does the call
                Err(_) => Input::Wanted(None),
            },
            () = sleep_until(rung_out.into()), if self.answered.is_none() => Input::RungOut,
        }
    }

    async fn leg_event(&mut self, event: LegEvent, ticks: &mut Interval) -> Option<CallEnd> {
        match event {
            LegEvent::Ringing => {
                self.call.progress(CallProgress::Ringing).await;
                None
            }
            LegEvent::EarlyMedia => {
                self.call.progress(CallProgress::EarlyMedia).await;
                self.begin_sound(ticks);
                None
            }
            LegEvent::Answered => {
                self.begin_sound(ticks);
                self.answered = Some(clock::now());
                self.call.progress(CallProgress::Answered).await;
                self.hear(Heard::Answered).await
            }
            LegEvent::Key(key) => {
                self.heard_at = Some(clock::now());
                let key = self.keys.event(key, clock::now())?;
                self.press(key).await
            }
            // whatever ends it, a journalled answer holds
            LegEvent::Ended(end) => Some(self.dialogue.kept().unwrap_or(end)),
        }
    }

    fn begin_sound(&mut self, ticks: &mut Interval) {
        if !std::mem::replace(&mut self.sound, true) {
            ticks.reset_immediately();
        }
    }

    /// 20 ms of both voices.
    async fn tick(&mut self) -> Option<CallEnd> {
        let said = self.frame_to_say();
        let heard = self.leg.exchange(&said);
        if let Some(tape) = self.tape {
            tape.push(heard.as_ref().unwrap_or(&Frame::SILENCE), &said);
        }
        let now = clock::now();
        if let Some(frame) = heard {
            self.heard_at = Some(now);
            if self.answered.is_some() {
                for key in self.keys.hear(&frame, now) {
                    if let Some(end) = self.press(key).await {
                        return Some(end);
                    }
                }
            }
        }
        if let Some(end) = self.said().await {
            return Some(end);
        }
        if self.silent_at.is_some_and(|at| now >= at) {
            self.silent_at = None;
            return self.hear(Heard::Silence).await;
        }
        let answered = self.answered?;
        let deaf = match self.heard_at {
            None => now.saturating_duration_since(answered) > DEAF,
            Some(at) => now.saturating_duration_since(at) > DEAF_LATER,
        };
        if deaf {
            let end = CallEnd::LineFault(LineFault::NoMedia);
            return Some(self.hang_up(end).await);
        }
        if now.saturating_duration_since(answered) > LONGEST {
            return Some(self.hang_up(CallEnd::NoKey).await);
        }
        None
    }

    fn frame_to_say(&mut self) -> Frame {
        match &mut self.saying {
            Some((frames, next)) => {
                let frame = frames.get(*next).copied();
                *next += 1;
                frame.unwrap_or(Frame::SILENCE)
            }
            None => Frame::SILENCE,
        }
    }

    /// Tells the dialogue when a piece was said to its end.
    async fn said(&mut self) -> Option<CallEnd> {
        let (frames, next) = self.saying.as_ref()?;
        if *next < frames.len() {
            return None;
        }
        self.saying = None;
        self.silent_at = Some(clock::now() + WAITS);
        self.hear(Heard::Said).await
    }

    async fn press(&mut self, key: crate::room::Key) -> Option<CallEnd> {
        let since = clock::now().saturating_duration_since(self.answered?);
        self.hear(Heard::Key(key, since)).await
    }

    /// Takes something to the dialogue, and does what it says; the end, where that is what it says.
    async fn hear(&mut self, heard: Heard) -> Option<CallEnd> {
        let mut acts = std::collections::VecDeque::from(self.dialogue.take(heard));
        while let Some(act) = acts.pop_front() {
            match act {
                Act::Say(piece) => {
                    self.silent_at = None;
                    // a piece that is missing is an empty one: who says nothing waits for a key all the same
                    let frames = self
                        .call
                        .spoken
                        .as_ref()
                        .and_then(|spoken| spoken.piece(piece));
                    self.saying = Some((frames.unwrap_or_default(), 0));
                }
                Act::Chosen(key) => self.call.progress(CallProgress::Key { key }).await,
                Act::Idle(key) => self.call.progress(CallProgress::IdleKey { key }).await,
                Act::Keep(answer) => {
                    self.saying = None;
                    self.silent_at = None;
                    let kept = self
                        .call
                        .reports
                        .report(PhoneReport::Confirmed {
                            attempt: self.call.attempt.clone(),
                            answer,
                        })
                        .await;
                    let placed =
                        self.call.reports.script(&self.call.attempt) != Some(Script::Thanks);
                    let next = match kept {
                        Ok(()) => Heard::Kept { placed },
                        Err(_) => Heard::NotKept,
                    };
                    acts.extend(self.dialogue.take(next));
                }
                Act::Withdraw => {
                    self.saying = None;
                    self.silent_at = None;
                    let next = match self.call.withdraw().await {
                        Ok(()) => Heard::Kept { placed: false },
                        Err(_) => Heard::NotKept,
                    };
                    acts.extend(self.dialogue.take(next));
                }
                Act::End(end) => return Some(self.hang_up(end).await),
            }
        }
        None
    }

    /// Hangs up; what it comes to.
    async fn hang_up(&mut self, end: CallEnd) -> CallEnd {
        let end = self.dialogue.kept().unwrap_or(end);
        self.leg.hang_up().await.unwrap_or(end)
    }
}
