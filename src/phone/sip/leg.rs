//! Owns one call over SIP: from its INVITE to whoever hangs up.

use super::cause::end_of;
use super::contact::is_assumed;
use super::media::Media;
use super::sdp::{self, Disagreed};
use super::trunk::Connected;
use crate::phone::frame::Frame;
use crate::phone::leg::{Leg, LegEvent};
use crate::phone::number::Number;
use crate::room::{CallEnd, Key, LineFault};
use async_trait::async_trait;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, TransactionHandle};
use rsipstack::dialog::invitation::{InviteAsyncResult, InviteOption};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Request, Response, StatusCode, StatusCodeKind};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long it is waited for what becomes of a CANCEL.
const CANCELLED: Duration = Duration::from_secs(5);

/// A call.
pub(super) struct SipLeg {
    connected: Arc<Connected>,
    dialog: InviteDialog,
    invite: Option<JoinHandle<InviteAsyncResult>>,
    states_rx: DialogStateReceiver,
    media: Media,
    progress: Progress,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Calling {
        reached: bool,
        rang: bool,
        early: bool,
    },
    /// The other side called, and was answered.
    Taken,
    Answered,
    Over,
}

impl fmt::Debug for SipLeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SipLeg")
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// What happens to the signalling.
enum Signal {
    State(DialogState),
    Done(Option<Response>),
    Failed,
    Key(Key),
}

impl SipLeg {
    /// Sends the INVITE.
    pub(super) async fn dial(connected: Arc<Connected>, number: &Number) -> Result<Self, CallEnd> {
        let fault = |fault| CallEnd::LineFault(fault);
        let media = Media::bind(&connected)
            .await
            .map_err(|_| fault(LineFault::HostUnreachable))?;
        let callee = connected.uri(number.digits()).ok_or(CallEnd::BadNumber)?;
        let option = InviteOption {
            caller: connected.caller.clone(),
            callee,
            destination: Some(connected.destination.clone()),
            offer: Some(media.description()),
            contact: connected.contact.clone(),
            credential: connected.credential.clone(),
            call_id: Some(super::trunk::call_id()),
            ..InviteOption::default()
        };
        let (states_tx, states_rx) = connected.dialogs.new_dialog_state_channel();
        let (dialog, invite) = connected
            .dialogs
            .do_invite_async(option, states_tx)
            .map_err(|_| fault(LineFault::Software))?;
        connected.rings(&dialog);
        Ok(Self {
            connected,
            dialog,
            invite: Some(invite),
            states_rx,
            media,
            progress: Progress::Calling {
                reached: false,
                rang: false,
                early: false,
            },
        })
    }

    /// A call that came in, and that was answered.
    pub(super) fn taken(
        connected: Arc<Connected>,
        dialog: InviteDialog,
        states_rx: DialogStateReceiver,
        media: Media,
    ) -> Self {
        Self {
            connected,
            dialog,
            invite: None,
            states_rx,
            media,
            progress: Progress::Taken,
        }
    }

    /// The next thing that happens. Cancel-safe.
    async fn signal(&mut self) -> Signal {
        let invite = async {
            match &mut self.invite {
                Some(invite) => invite.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            state = self.states_rx.recv() => match state {
                Some(state) => Signal::State(state),
                None => Signal::Failed,
            },
            done = invite => {
                self.invite = None;
                match done {
                    Ok(Ok((_, response))) => Signal::Done(response),
                    Ok(Err(_)) | Err(_) => Signal::Failed,
                }
            }
            key = self.media.key() => Signal::Key(key),
        }
    }

    async fn take(&mut self, signal: Signal) -> Option<LegEvent> {
        match signal {
            Signal::Key(key) => (self.progress == Progress::Answered).then_some(LegEvent::Key(key)),
            Signal::Failed => match self.progress {
                Progress::Calling { .. } => Some(self.end(CallEnd::LineFault(LineFault::OddReply))),
                Progress::Taken | Progress::Answered => Some(self.end(CallEnd::HungUp)),
                Progress::Over => None,
            },
            Signal::Done(None) => Some(self.end(CallEnd::LineFault(LineFault::NoReply))),
            Signal::Done(Some(response)) => Some(self.answered(&response)),
            Signal::State(state) => self.changed(state).await,
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other states say nothing that the INVITE's own end does not"
    )]
    async fn changed(&mut self, state: DialogState) -> Option<LegEvent> {
        match state {
            DialogState::Trying(_) => {
                self.rings();
                None
            }
            DialogState::Early(_, response) => self.early(&response),
            DialogState::Updated(_, request, handle) => {
                self.renegotiate(&request, handle).await;
                None
            }
            DialogState::Info(_, request, handle) => {
                drop(handle.reply(StatusCode::OK).await);
                let pressed = self.progress == Progress::Answered;
                key_of_info(&request.body)
                    .filter(|_| pressed)
                    .map(LegEvent::Key)
            }
            DialogState::Options(_, _, handle)
            | DialogState::Message(_, _, handle)
            | DialogState::Notify(_, _, handle) => {
                drop(handle.reply(StatusCode::OK).await);
                None
            }
            DialogState::Refer(_, _, handle) => {
                drop(handle.reply(StatusCode::Decline).await);
                None
            }
            DialogState::Terminated(..) if self.progress == Progress::Answered => {
                Some(self.end(CallEnd::HungUp))
            }
            _ => None,
        }
    }

    /// After a challenge it is another INVITE than the first that a CANCEL has to name.
    fn rings(&self) {
        if matches!(self.progress, Progress::Calling { .. }) {
            self.connected.rings(&self.dialog);
        }
    }

    fn early(&mut self, response: &Response) -> Option<LegEvent> {
        let Progress::Calling { rang, early, .. } = self.progress else {
            return None;
        };
        self.rings();
        let media = sdp::read(&response.body).ok();
        if let Some(agreed) = media {
            self.media.agree(agreed);
        }
        let rings = response.status_code == StatusCode::Ringing;
        self.progress = Progress::Calling {
            reached: true,
            rang: rang || rings,
            early: early || media.is_some(),
        };
        match (media.is_some() && !early, rings && !rang) {
            (true, _) => Some(LegEvent::EarlyMedia),
            (false, true) => Some(LegEvent::Ringing),
            (false, false) => None,
        }
    }

    /// The INVITE's final response.
    fn answered(&mut self, response: &Response) -> LegEvent {
        let reached = matches!(self.progress, Progress::Calling { reached: true, .. });
        if response.status_code.kind() != StatusCodeKind::Successful {
            let end = end_of(response.status_code.code(), reached);
            return self.end(end);
        }
        self.progress = Progress::Answered;
        self.connected.answered(&self.dialog);
        if is_assumed(response) {
            self.let_go();
            return self.end(CallEnd::LineFault(LineFault::OddReply));
        }
        match sdp::read(&response.body) {
            Ok(agreed) => {
                self.media.agree(agreed);
                LegEvent::Answered
            }
            // he is connected to nothing: he is let go, and called again on another line
            Err(disagreed) => {
                self.let_go();
                let fault = match disagreed {
                    Disagreed::NoDescription => LineFault::NoMedia,
                    Disagreed::NoCodec => LineFault::NoCodec,
                };
                self.end(CallEnd::LineFault(fault))
            }
        }
    }

    /// Answers a re-INVITE or UPDATE with our description; the session timer goes on by whoever keeps it (RFC 4028).
    async fn renegotiate(&mut self, request: &Request, handle: TransactionHandle) {
        let mut headers: Vec<Header> = request
            .headers
            .iter()
            .filter(|header| matches!(header, Header::SessionExpires(_)))
            .cloned()
            .collect();
        let offer = (!request.body.is_empty()).then(|| sdp::read(&request.body));
        if let Some(Err(Disagreed::NoCodec | Disagreed::NoDescription)) = offer {
            drop(handle.reply(StatusCode::NotAcceptableHere).await);
            return;
        }
        if let Some(Ok(agreed)) = offer {
            self.media.agree(agreed);
        }
        headers.push(Header::ContentType("application/sdp".into()));
        let description = self.media.description();
        drop(
            handle
                .respond(StatusCode::OK, Some(headers), Some(description))
                .await,
        );
    }

    fn end(&mut self, end: CallEnd) -> LegEvent {
        self.progress = Progress::Over;
        if end.fault().is_some() {
            self.connected.doubted.notify_one();
        }
        self.connected.forget(&self.dialog);
        LegEvent::Ended(end)
    }

    /// Has the trunk end what is still there, without waiting for it.
    fn let_go(&mut self) {
        self.progress = Progress::Over;
        self.connected
            .let_go(self.dialog.clone(), self.invite.take());
    }
}

#[async_trait]
impl Leg for SipLeg {
    async fn next(&mut self) -> LegEvent {
        loop {
            if self.progress == Progress::Over {
                std::future::pending::<()>().await;
            }
            if self.progress == Progress::Taken {
                self.progress = Progress::Answered;
                return LegEvent::Answered;
            }
            let signal = self.signal().await;
            if let Some(event) = self.take(signal).await {
                return event;
            }
        }
    }

    fn exchange(&mut self, said: &Frame) -> Option<Frame> {
        self.media.exchange(said)
    }

    async fn hang_up(&mut self) -> Option<CallEnd> {
        match self.progress {
            Progress::Over => None,
            Progress::Taken | Progress::Answered => {
                self.let_go();
                None
            }
            Progress::Calling { .. } => {
                let dialog = self.dialog.clone();
                let invite = self.invite.as_mut()?;
                let cancelled = timeout(CANCELLED, async {
                    let (_, done) = tokio::join!(dialog.cancel(), invite);
                    done
                })
                .await;
                let answered =
                    |response: &Response| response.status_code.kind() == StatusCodeKind::Successful;
                let crossed =
                    matches!(&cancelled, Ok(Ok(Ok((_, Some(response))))) if answered(response));
                if cancelled.is_ok() {
                    self.invite = None;
                    self.end(CallEnd::Cancelled);
                } else {
                    self.let_go();
                }
                crossed.then_some(CallEnd::AnsweredLate)
            }
        }
    }
}

impl Drop for SipLeg {
    fn drop(&mut self) {
        if self.progress != Progress::Over {
            self.let_go();
        }
    }
}

/// The key of an INFO as gateways send it: `Signal=1` (application/dtmf-relay) or the bare sign (application/dtmf).
pub(in crate::phone) fn key_of_info(body: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(body).ok()?;
    let signal = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Signal="));
    let sign = signal.unwrap_or(text).trim();
    let mut signs = sign.chars();
    let first = signs.next()?;
    Key::new(first).filter(|_| signs.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_by_info() {
        assert_eq!(key_of_info(b"Signal=1\r\nDuration=160\r\n"), Some(Key::ONE));
        assert_eq!(key_of_info(b"Signal= *\r\n"), Some(Key::STAR));
        assert_eq!(key_of_info(b"2"), Some(Key::TWO));
        assert_eq!(key_of_info(b"Signal=12\r\n"), None);
        assert_eq!(key_of_info(b""), None);
    }
}
