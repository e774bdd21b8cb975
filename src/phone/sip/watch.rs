//! Owns how a gateway stands: registered with again and again, or asked whether it is there.

use super::trunk::{Connected, SILENT, Transport, Trunk, call_id};
use crate::room::{LineFault, LineState};
use rsipstack::dialog::registration::Registration;
use rsipstack::sip::{Method, Scheme, StatusCodeKind, Uri};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transaction::{make_call_id, make_tag};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often a gateway without registration is asked whether it is there.
const ASKED: Duration = Duration::from_secs(20);
/// The registration's time that is asked for, in seconds.
const REGISTERED: u32 = 300;
/// After a fault it is waited so long.
const PAUSE: Duration = Duration::from_secs(5);
/// After wrong credentials: gateways lock out who tries too often.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_secs(30);

impl Trunk {
    /// Registers, or asks whether the gateway is there, again and again; ends with a fault that asks for a new connection.
    pub(super) async fn watch_over(
        &self,
        endpoint: &EndpointInnerRef,
        connected: &Arc<Connected>,
    ) -> LineState {
        let mut registration = Registration::new(endpoint.clone(), self.credential());
        registration.call_id = call_id().into();
        registration.outbound_proxy = Some(connected.peer);
        if *self.state_tx.borrow() == LineState::Unknown && self.settings.register {
            self.become_state(LineState::Registering);
        }
        loop {
            let asked = timeout(SILENT * 2, async {
                // a connection that cannot be made is no silence: TLS that nobody vouches for, a port that nobody listens on
                let connection = endpoint
                    .transport_layer
                    .lookup(&connected.destination, None);
                if connection.await.is_err() {
                    return LineState::Fault(LineFault::HostUnreachable);
                }
                if self.settings.register {
                    self.register(&mut registration).await
                } else {
                    self.ask(endpoint, connected).await
                }
            });
            let state = asked.await.unwrap_or(LineState::Fault(LineFault::NoReply));
            let next = match state {
                LineState::Ready if self.settings.register => {
                    Duration::from_secs(u64::from(registration.expires().clamp(20, REGISTERED)) / 2)
                }
                LineState::Ready => ASKED,
                LineState::Fault(LineFault::HostUnreachable | LineFault::Software) => return state,
                // the box or the gateway has another address now
                LineState::Fault(_) if self.has_moved(connected).await => return state,
                // calls that go on do so: only new ones are not begun
                LineState::Unknown
                | LineState::Registering
                | LineState::Fault(_)
                | LineState::AuthFault
                | LineState::Disabled => pause_after(state),
            };
            let works = state == LineState::Ready;
            self.connected_tx
                .send_replace(works.then(|| connected.clone()));
            self.become_state(state);
            tokio::select! {
                () = sleep(next) => {}
                () = connected.doubted.notified(), if works => {}
            }
        }
    }

    async fn register(&self, registration: &mut Registration) -> LineState {
        let parameters = match self.settings.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
        };
        let registrar = format!(
            "sip:{}:{}{parameters}",
            self.settings.host, self.settings.port
        );
        let Ok(registrar) = Uri::try_from(registrar.as_str()) else {
            return LineState::Fault(LineFault::Software);
        };
        match registration.register(registrar, Some(REGISTERED)).await {
            Ok(response) => match response.status_code.code() {
                200..=299 => LineState::Ready,
                401 | 403 | 407 => LineState::AuthFault,
                408 => LineState::Fault(LineFault::NoReply),
                status => LineState::Fault(LineFault::Refused { status }),
            },
            Err(_) => LineState::Fault(LineFault::HostUnreachable),
        }
    }

    /// OPTIONS; whatever the gateway answers, it is there.
    async fn ask(&self, endpoint: &EndpointInnerRef, connected: &Connected) -> LineState {
        let software = LineState::Fault(LineFault::Software);
        let mut target = connected.caller.clone();
        target.auth = None;
        target.scheme = Some(Scheme::Sip);
        let from = rsipstack::sip::typed::From {
            display_name: None,
            uri: connected.caller.clone(),
            params: vec![],
        }
        .with_tag(make_tag());
        let to = rsipstack::sip::typed::To {
            display_name: None,
            uri: target.clone(),
            params: vec![],
        };
        let connection = endpoint
            .transport_layer
            .lookup(&connected.destination, None)
            .await;
        let Ok((connection, _)) = connection else {
            return LineState::Fault(LineFault::HostUnreachable);
        };
        let Ok(via) = endpoint.get_via(Some(connection.get_addr().clone()), None) else {
            return software;
        };
        let id = make_call_id(
            endpoint.option.callid_suffix.as_deref(),
            endpoint.option.callid_format,
        );
        let request = endpoint.make_request(Method::Options, target, via, from, to, 1, Some(id));
        let Ok(key) = TransactionKey::from_request(&request, TransactionRole::Client) else {
            return software;
        };
        let mut transaction = Transaction::new_client(key, request, endpoint.clone(), None);
        transaction.destination = Some(connected.destination.clone());
        if transaction.send().await.is_err() {
            return LineState::Fault(LineFault::HostUnreachable);
        }
        while let Some(message) = transaction.receive().await {
            if let rsipstack::sip::SipMessage::Response(response) = message
                && response.status_code.kind() != StatusCodeKind::Provisional
            {
                return match response.status_code.code() {
                    408 => LineState::Fault(LineFault::NoReply),
                    503 => LineState::Fault(LineFault::Refused { status: 503 }),
                    // a refusal, too, says that it is there
                    _ => LineState::Ready,
                };
            }
        }
        LineState::Fault(LineFault::NoReply)
    }
}

/// How long it is waited after a fault.
pub(super) fn pause_after(state: LineState) -> Duration {
    match state {
        LineState::AuthFault => PAUSE_AFTER_REFUSAL,
        LineState::Unknown
        | LineState::Registering
        | LineState::Ready
        | LineState::Fault(_)
        | LineState::Disabled => PAUSE,
    }
}
