//! Owns calls that come in: a line takes one, the caller is looked up in the vault, and the room journals it before it is answered.
//! Who has confirmed for an open session may withdraw; everybody else hears one sentence that says nothing.

use super::call::Call;
use super::leg::{Line, Ring};
use super::reports::{PhoneReport, TakenCall};
use super::voice::Spoken;
use super::worker::{LINE_FREE, Locks, Phones};
use crate::room::{CallEnd, CallRecording, Callee, LineFault, LineId, Script, SessionId};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::Instrument;

/// Calls that may wait to be taken, over all lines.
const WAITING: usize = 8;
/// What strangers hear is tried again after this time, where it could not be spoken.
const SPEAK_AGAIN: Duration = Duration::from_secs(30);

/// What strangers hear, once it is spoken; nobody is answered before.
pub(super) type NoCallsSaid = Arc<OnceLock<Arc<Spoken>>>;

/// Somebody calls, and the lines that could take it.
#[derive(Debug)]
pub(super) struct Calling {
    lines: Vec<LineId>,
    ring: Box<dyn Ring>,
}

impl Phones {
    /// Listens on all lines, until `tasks` end.
    pub(super) fn listen(
        self: Arc<Self>,
        tasks: &mut JoinSet<()>,
    ) -> (mpsc::Receiver<Calling>, NoCallsSaid) {
        let (calling_tx, calling_rx) = mpsc::channel(WAITING);
        let said = NoCallsSaid::default();
        if self.takes_calls {
            for (line, lines) in self.carriers() {
                if let Some(rings_rx) = line.rings() {
                    tasks.spawn(hand_on(rings_rx, lines, calling_tx.clone()));
                }
            }
            tasks.spawn(self.speak_to_strangers(said.clone()));
        }
        (calling_rx, said)
    }

    /// What carries calls, with the names of its channels.
    fn carriers(&self) -> Vec<(Arc<dyn Line>, Vec<LineId>)> {
        let mut carriers: Vec<(Arc<dyn Line>, Vec<LineId>)> = Vec::new();
        for (id, open) in &self.lines {
            let Some(line) = &open.line else { continue };
            match carriers
                .iter_mut()
                .find(|(known, _)| Arc::ptr_eq(known, line))
            {
                Some((_, ids)) => ids.push(id.clone()),
                None => carriers.push((line.clone(), vec![id.clone()])),
            }
        }
        carriers
    }

    async fn speak_to_strangers(self: Arc<Self>, said: NoCallsSaid) {
        loop {
            match self.voice.speak_to_strangers().await {
                Ok(spoken) => {
                    // it is spoken once
                    drop(said.set(Arc::new(spoken)));
                    return;
                }
                Err(fault) => {
                    tracing::error!(%fault, "what callers hear cannot be spoken: calls are not taken");
                    sleep(SPEAK_AGAIN).await;
                }
            }
        }
    }

    /// One call that comes in, from the vault to its report.
    pub(super) async fn take_call(
        self: Arc<Self>,
        calling: Calling,
        locks: Locks,
        said: NoCallsSaid,
        wanted_rx: watch::Receiver<Option<Script>>,
    ) {
        let Calling { lines, ring } = calling;
        let Some(said) = said.get().cloned() else {
            return; // busy
        };
        let known = match ring.caller() {
            Some(number) => self.directory.caller(number).await,
            None => Ok(Callee::Stranger),
        };
        // its own log says why the vault is silent; he is asked to call again by finding the line busy
        let Ok(caller) = known else { return };
        let Ok(taken) = self.reports.take(lines, caller).await else {
            return;
        };
        let span = tracing::info_span!("taken", attempt = %taken.attempt, line = %taken.line);
        let free = locks.get(&taken.line).cloned().unwrap_or_default();
        // whatever fails in it, its end is told: the line would stay taken
        let mut talk = JoinSet::new();
        let (phones, attempt) = (self.clone(), taken.attempt.clone());
        talk.spawn(
            async move {
                match timeout(LINE_FREE, free.lock()).await {
                    Ok(_free) => phones.talk(&taken, ring, said, wanted_rx).await,
                    Err(_) => (CallEnd::LineFault(LineFault::InUse), None),
                }
            }
            .instrument(span),
        );
        let ended = talk.join_next().await;
        let (end, recording) = match ended {
            Some(Ok(ended)) => ended,
            Some(Err(_)) | None => (CallEnd::LineFault(LineFault::Software), None),
        };
        tracing::info!(%attempt, %end, "a call that came in ended");
        self.insist(PhoneReport::Ended {
            attempt,
            end,
            recording,
        })
        .await;
    }

    async fn talk(
        &self,
        taken: &TakenCall,
        ring: Box<dyn Ring>,
        said: Arc<Spoken>,
        wanted_rx: watch::Receiver<Option<Script>>,
    ) -> (CallEnd, Option<CallRecording>) {
        let attempt = &taken.attempt;
        let fault = |fault| (CallEnd::LineFault(fault), None);
        let (spoken, known) = match &taken.caller {
            Callee::Candidate { session, candidate } => match self.spoken.of(session) {
                Some(spoken) => (spoken, Some((session.clone(), *candidate))),
                None => return fault(LineFault::SpeechMissing),
            },
            Callee::TestNumber | Callee::Stranger => (said, None),
        };
        let session: Option<SessionId> = known.as_ref().map(|(session, _)| session.clone());
        let mut tape = None;
        if let Some(session) = &session {
            tape = self.record(session, attempt).await;
            if tape.is_none() {
                return fault(LineFault::DiskFull);
            }
        }
        let call = Call {
            attempt: attempt.clone(),
            script: taken.caller.script_when_calling(),
            caller: known,
            spoken: Some(spoken),
            reports: self.reports.clone(),
            rings: self.rings,
            wanted: wanted_rx,
        };
        let end = call.answer(ring, &mut tape).await;
        (end, self.finish(tape, session.as_ref(), attempt).await)
    }
}

/// Hands calls of one carrier on; where too many wait, the next finds the line busy.
async fn hand_on(
    mut rings_rx: mpsc::Receiver<Box<dyn Ring>>,
    lines: Vec<LineId>,
    calling_tx: mpsc::Sender<Calling>,
) {
    while let Some(ring) = rings_rx.recv().await {
        let lines = lines.clone();
        // dropped, it is refused
        drop(calling_tx.try_send(Calling { lines, ring }));
    }
}
