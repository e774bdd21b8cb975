//! Owns the phones' work: what is wanted is spoken and dialled, once each; what is wanted no more is hung up.

use super::call::Call;
use super::callers::{Calling, NoCallsSaid};
use super::leg::Line;
use super::number::Number;
use super::recording::{Recordings, Tape};
use super::reports::{NotKept, PhoneReport, Reports};
use super::voice::text::written;
use super::voice::{Spoken, Voice};
use crate::room::{
    AttemptId, CallEnd, CallRecording, Callee, CandidateId, LineFault, LineId, LineSpec, LineState,
    Notice, Script, SessionId, TextEnd, Texting, WantedCall, WantedNotice, WantedText,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::Instrument;

/// Reports that were not kept are made again after this time.
const AGAIN: Duration = Duration::from_secs(1);
/// A notice that could not be spoken is tried again after this time.
const SPEAK_AGAIN: Duration = Duration::from_secs(30);
/// How long a line may still be in use by a call that ends.
pub(super) const LINE_FREE: Duration = Duration::from_secs(10);
/// How long calls may take to be hung up when the daemon stops.
const STOPPING: Duration = Duration::from_secs(8);

/// What is wanted of the phones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedPhones {
    /// Calls that are to be made, or to go on.
    pub calls: BTreeMap<AttemptId, WantedCall>,
    /// What is to be spoken and kept ready.
    pub notices: Vec<WantedNotice>,
    /// Text messages that are to be sent.
    pub texts: Vec<WantedText>,
}

/// Where numbers are: the vault.
#[async_trait]
pub trait Directory: Debug + Send + Sync {
    /// A candidate's number, for calling him now; none where it is none that can be dialled. Asking is written down.
    ///
    /// # Errors
    /// The vault does not give it.
    async fn number(
        &self,
        session: &SessionId,
        candidate: CandidateId,
    ) -> Result<Option<Number>, Unreadable>;

    /// Who calls: whoever has confirmed for an open session from this number, the next session first. Asking is written down.
    ///
    /// # Errors
    /// The vault does not say it.
    async fn caller(&self, number: &Number) -> Result<Callee, Unreadable>;
}

/// The vault gives no number; its own log says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// A line, and how it is used.
#[derive(Debug, Clone)]
pub struct OpenLine {
    /// What the room knows of it.
    pub spec: LineSpec,
    /// What carries its calls; none where the profile switches it off.
    pub line: Option<Arc<dyn Line>>,
    /// Digits before each number, such as the 9 that gets an outside line.
    pub prefix: String,
    /// What is called to see whether it works.
    pub test_number: Option<Number>,
}

/// What was spoken, by session. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct SpokenNotices(Arc<Mutex<BySession>>);

/// What was spoken of each session's notice.
type BySession = BTreeMap<SessionId, (Notice, Arc<Spoken>)>;

impl SpokenNotices {
    /// What is said in a session's calls.
    pub fn of(&self, session: &SessionId) -> Option<Arc<Spoken>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(session).map(|(_, spoken)| spoken.clone())
    }

    fn has(&self, wanted: &WantedNotice) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&wanted.session)
            .is_some_and(|(notice, _)| notice == &wanted.notice)
    }

    fn keep(&self, wanted: WantedNotice, spoken: Arc<Spoken>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(wanted.session, (wanted.notice, spoken));
    }

    fn retain(&self, wanted: &[WantedNotice]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|session, _| wanted.iter().any(|w| &w.session == session));
    }
}

/// The room's phones.
#[derive(Debug, Clone)]
pub struct Phones {
    /// The lines by name.
    pub lines: BTreeMap<LineId, OpenLine>,
    /// What speaks.
    pub voice: Voice,
    /// What was spoken.
    pub spoken: SpokenNotices,
    /// Where calls are recorded to.
    pub recordings: Recordings,
    /// Where numbers are.
    pub directory: Arc<dyn Directory>,
    /// Where reports go.
    pub reports: Arc<dyn Reports>,
    /// How long a phone may ring.
    pub rings: Duration,
    /// Whether calls that come in are taken.
    pub takes_calls: bool,
}

/// What happens to the worker.
enum Input {
    Wanted,
    Calling(Calling),
    CallEnded(Id),
    Spoken(Box<(WantedNotice, Option<Arc<Spoken>>)>),
    SpeakAgain,
    Stop,
}

/// Which lines are in use by a call, its end included.
pub(super) type Locks = BTreeMap<LineId, Arc<tokio::sync::Mutex<()>>>;

/// The worker while it runs.
struct Running {
    phones: Arc<Phones>,
    /// Who calls.
    calling_rx: mpsc::Receiver<Calling>,
    /// What is said to strangers.
    no_calls: NoCallsSaid,
    /// What those who call are talked to about; none once the phones stop.
    callers_tx: watch::Sender<Option<Script>>,
    /// Which attempts were taken up; none is dialled twice.
    taken: BTreeMap<AttemptId, watch::Sender<Option<Script>>>,
    calls: JoinSet<()>,
    attempts: HashMap<Id, AttemptId>,
    /// To whom messages are sent; to none twice.
    texts: Vec<Texting>,
    /// The piece of speech that is being made; one at a time.
    speaking: JoinSet<(WantedNotice, Option<Arc<Spoken>>)>,
    lines: Locks,
}

impl Phones {
    /// Converges to what is wanted until `stop` is set, then hangs up and ends.
    pub async fn run(
        self,
        wanted_rx: watch::Receiver<WantedPhones>,
        stop_rx: watch::Receiver<bool>,
    ) {
        let phones = Arc::new(self);
        let recordings = phones.recordings.clone();
        let recovered = tokio::task::spawn_blocking(move || recordings.recover()).await;
        if !matches!(recovered, Ok(Ok(()))) {
            tracing::error!(
                "recordings of calls that a crash left could not be finished; the next start tries again"
            );
        }
        let lines: Vec<LineSpec> = phones
            .lines
            .values()
            .map(|line| line.spec.clone())
            .collect();
        // until this is kept, an open attempt might be taken for a new one
        phones.insist(PhoneReport::Started { lines }).await;
        let mut states = JoinSet::new();
        for (id, line) in &phones.lines {
            states.spawn(phones.clone().report_state(id.clone(), line.line.clone()));
        }
        let (calling_rx, no_calls) = phones.clone().listen(&mut states);
        let lines = phones
            .lines
            .keys()
            .map(|id| (id.clone(), Arc::default()))
            .collect();
        let running = Running {
            phones,
            calling_rx,
            no_calls,
            callers_tx: watch::Sender::new(Some(Script::NoCalls)),
            taken: BTreeMap::new(),
            calls: JoinSet::new(),
            attempts: HashMap::new(),
            texts: Vec::new(),
            speaking: JoinSet::new(),
            lines,
        };
        running.run(wanted_rx, stop_rx).await;
    }

    /// Reports until it is kept, or refused for good.
    pub(super) async fn insist(&self, report: PhoneReport) {
        while self.reports.report(report.clone()).await == Err(NotKept::NotNow) {
            sleep(AGAIN).await;
        }
    }

    async fn report_state(self: Arc<Self>, id: LineId, line: Option<Arc<dyn Line>>) {
        let Some(line) = line else {
            let state = LineState::Disabled;
            return self.insist(PhoneReport::Line { line: id, state }).await;
        };
        let mut state_rx = line.state();
        loop {
            let state = *state_rx.borrow_and_update();
            tracing::info!(line = %id, ?state, "the line");
            self.insist(PhoneReport::Line {
                line: id.clone(),
                state,
            })
            .await;
            if state_rx.changed().await.is_err() {
                return;
            }
        }
    }

    /// One call, from the vault to its report.
    async fn call(
        self: Arc<Self>,
        wanted: WantedCall,
        script_rx: watch::Receiver<Option<Script>>,
        free: Arc<tokio::sync::Mutex<()>>,
    ) {
        let attempt = wanted.attempt.clone();
        let (end, recording) = match timeout(LINE_FREE, free.lock()).await {
            Ok(_free) => self.call_on_free_line(&wanted, script_rx).await,
            Err(_) => (CallEnd::LineFault(LineFault::InUse), None),
        };
        tracing::info!(%attempt, line = %wanted.line, %end, "a call ended");
        self.insist(PhoneReport::Ended {
            attempt,
            end,
            recording,
        })
        .await;
    }

    async fn call_on_free_line(
        &self,
        wanted: &WantedCall,
        script_rx: watch::Receiver<Option<Script>>,
    ) -> (CallEnd, Option<CallRecording>) {
        let fault = |fault| (CallEnd::LineFault(fault), None);
        let Some(open) = self.lines.get(&wanted.line) else {
            return fault(LineFault::NoSuchLine);
        };
        let Some(line) = open.line.clone() else {
            return fault(LineFault::NoSuchLine);
        };
        let (number, spoken, session) = match &wanted.callee {
            // nobody has his number
            Callee::Stranger => return (CallEnd::BadNumber, None),
            Callee::TestNumber => match &open.test_number {
                Some(number) => (number.clone(), None, None),
                None => return (CallEnd::BadNumber, None),
            },
            Callee::Candidate { session, candidate } => {
                let Some(spoken) = self.spoken.of(session) else {
                    return fault(LineFault::SpeechMissing);
                };
                let number = match self.directory.number(session, *candidate).await {
                    Ok(number) => number.and_then(|number| number.after(&open.prefix)),
                    Err(Unreadable) => return fault(LineFault::VaultFailed),
                };
                match number {
                    Some(number) => (number, Some(spoken), Some(session)),
                    None => return (CallEnd::BadNumber, None),
                }
            }
        };
        let mut tape = None;
        if let Some(session) = session {
            tape = self.record(session, &wanted.attempt).await;
            if tape.is_none() {
                return fault(LineFault::DiskFull);
            }
        }
        let call = Call {
            attempt: wanted.attempt.clone(),
            script: wanted.script,
            caller: None,
            spoken,
            reports: self.reports.clone(),
            rings: self.rings,
            wanted: script_rx,
        };
        let end = call.dial(line.as_ref(), &number, &mut tape).await;
        let recording = self.finish(tape, session, &wanted.attempt).await;
        (end, recording)
    }

    /// Begins the recording of a call; none where the disk takes none.
    pub(super) async fn record(&self, session: &SessionId, attempt: &AttemptId) -> Option<Tape> {
        let (recordings, session) = (self.recordings.clone(), session.clone());
        let attempt = attempt.clone();
        let begun = tokio::task::spawn_blocking(move || recordings.begin(&session, &attempt));
        begun.await.ok()?.ok()
    }

    /// Ends it, and gives what is kept.
    pub(super) async fn finish(
        &self,
        tape: Option<Tape>,
        session: Option<&SessionId>,
        attempt: &AttemptId,
    ) -> Option<CallRecording> {
        let finished = self.recordings.finish(tape?, session?, attempt).await;
        finished.unwrap_or_else(|error| {
            tracing::error!(%attempt, %error, "the recording of a call was not finished; the next start tries again");
            None
        })
    }

    /// One text message, from the vault to its report. It is told even where the daemon stops: it may have been sent.
    async fn text(self: Arc<Self>, wanted: WantedText) {
        let WantedText { to, line, notice } = wanted;
        let failed = |fault| TextEnd::Failed { fault };
        let number = self.directory.number(&to.session, to.candidate).await;
        let open = self.lines.get(&line).and_then(|open| open.line.clone());
        let end = match (number, open) {
            // a text message needs no digits for an outside line
            (Ok(Some(number)), Some(open)) => open.text(&number, &written(&notice)).await,
            (Ok(None), Some(_)) => TextEnd::Refused { cause: None },
            (Err(Unreadable), Some(_)) => failed(LineFault::VaultFailed),
            (_, None) => failed(LineFault::NoSuchLine),
        };
        tracing::info!(candidate = %to.candidate, %line, ?end, "a text message");
        self.insist(PhoneReport::Text { to, end }).await;
    }

    async fn speak(self: Arc<Self>, wanted: WantedNotice) -> (WantedNotice, Option<Arc<Spoken>>) {
        let session = wanted.session.clone();
        match self.voice.speak(&wanted.notice).await {
            Ok(spoken) => (wanted, Some(Arc::new(spoken))),
            Err(fault) => {
                tracing::error!(%session, %fault, "the notice cannot be spoken");
                let reason = fault.to_string();
                self.insist(PhoneReport::NoticeFailed { session, reason })
                    .await;
                (wanted, None)
            }
        }
    }
}

impl Running {
    async fn run(
        mut self,
        mut wanted_rx: watch::Receiver<WantedPhones>,
        mut stop_rx: watch::Receiver<bool>,
    ) {
        let mut speak_again = false;
        self.converge(&wanted_rx.borrow_and_update().clone(), &mut speak_again);
        loop {
            match self.next(&mut wanted_rx, &mut stop_rx, speak_again).await {
                Input::Wanted | Input::SpeakAgain => {
                    speak_again = false;
                    let wanted = wanted_rx.borrow_and_update().clone();
                    self.converge(&wanted, &mut speak_again);
                }
                Input::Calling(calling) => self.take(calling),
                Input::CallEnded(id) => {
                    self.attempts.remove(&id);
                }
                Input::Spoken(spoken) => {
                    let (wanted, spoken) = *spoken;
                    match spoken {
                        Some(spoken) => {
                            let (session, digest) =
                                (wanted.session.clone(), spoken.digest().to_owned());
                            self.phones.spoken.keep(wanted, spoken);
                            self.phones
                                .insist(PhoneReport::NoticeReady { session, digest })
                                .await;
                            let wanted = wanted_rx.borrow().clone();
                            self.converge(&wanted, &mut speak_again);
                        }
                        None => speak_again = true,
                    }
                }
                Input::Stop => return self.stop().await,
            }
        }
    }

    async fn next(
        &mut self,
        wanted_rx: &mut watch::Receiver<WantedPhones>,
        stop_rx: &mut watch::Receiver<bool>,
        speak_again: bool,
    ) -> Input {
        tokio::select! {
            // whoever could stop us is gone: so are we
            () = async { drop(stop_rx.wait_for(|stop| *stop).await) } => Input::Stop,
            changed = wanted_rx.changed() => match changed {
                Ok(()) => Input::Wanted,
                Err(_) => Input::Stop,
            },
            Some(ended) = self.calls.join_next_with_id() => match ended {
                Ok((id, ())) => Input::CallEnded(id),
                Err(error) => {
                    let id = error.id();
                    tracing::error!(%error, "a call failed");
                    if let Some(attempt) = self.attempts.get(&id).cloned() {
                        let end = CallEnd::LineFault(LineFault::Software);
                        self.phones.insist(PhoneReport::Ended { attempt, end, recording: None }).await;
                    }
                    Input::CallEnded(id)
                }
            },
            Some(calling) = self.calling_rx.recv() => Input::Calling(calling),
            Some(spoken) = self.speaking.join_next() => match spoken {
                Ok(spoken) => Input::Spoken(Box::new(spoken)),
                Err(error) => {
                    tracing::error!(%error, "speaking failed");
                    Input::SpeakAgain
                }
            },
            () = sleep(SPEAK_AGAIN), if speak_again => Input::SpeakAgain,
        }
    }

    fn converge(&mut self, wanted: &WantedPhones, speak_again: &mut bool) {
        for (attempt, script_tx) in &self.taken {
            let script = wanted.calls.get(attempt).map(|call| call.script);
            script_tx.send_if_modified(|known| {
                let changed = *known != script;
                *known = script;
                changed
            });
        }
        let running = &self.attempts;
        self.taken.retain(|attempt, _| {
            wanted.calls.contains_key(attempt) || running.values().any(|a| a == attempt)
        });
        for (attempt, call) in &wanted.calls {
            // what is wanted may be older than what was reported: an attempt that ended is none to dial
            if !self.taken.contains_key(attempt) && self.phones.reports.script(attempt).is_some() {
                self.begin(call.clone());
            }
        }
        let texts = &wanted.texts;
        self.texts
            .retain(|to| texts.iter().any(|text| &text.to == to));
        for text in texts {
            if !self.texts.contains(&text.to) {
                self.texts.push(text.to.clone());
                let task = self.phones.clone().text(text.clone());
                self.calls.spawn(task);
            }
        }
        self.phones.spoken.retain(&wanted.notices);
        let unspoken = wanted
            .notices
            .iter()
            .find(|notice| !self.phones.spoken.has(notice));
        if let Some(notice) = unspoken
            && self.speaking.is_empty()
            && !*speak_again
        {
            self.speaking
                .spawn(self.phones.clone().speak(notice.clone()));
        }
    }

    fn begin(&mut self, call: WantedCall) {
        let attempt = call.attempt.clone();
        let (script_tx, script_rx) = watch::channel(Some(call.script));
        let free = self.lines.get(&call.line).cloned().unwrap_or_default();
        let span = tracing::info_span!("call", %attempt, line = %call.line);
        let task = self
            .phones
            .clone()
            .call(call, script_rx, free)
            .instrument(span);
        let id = self.calls.spawn(task).id();
        self.attempts.insert(id, attempt.clone());
        self.taken.insert(attempt, script_tx);
    }

    /// Talks to somebody who calls.
    fn take(&mut self, calling: Calling) {
        let said = self.no_calls.clone();
        let locks = self.lines.clone();
        let wanted_rx = self.callers_tx.subscribe();
        let task = self
            .phones
            .clone()
            .take_call(calling, locks, said, wanted_rx);
        self.calls.spawn(task);
    }

    async fn stop(mut self) {
        self.callers_tx.send_replace(None);
        for script_tx in self.taken.values() {
            script_tx.send_replace(None);
        }
        let hung_up = timeout(STOPPING, async {
            while self.calls.join_next().await.is_some() {}
        });
        if hung_up.await.is_err() {
            tracing::warn!("calls were not hung up in time");
        }
    }
}
