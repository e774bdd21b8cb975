//! Owns a call that comes in from the gateway, until it is answered, refused, or given up by whoever calls.

use super::leg::SipLeg;
use super::media::Media;
use super::sdp;
use super::trunk::Connected;
use crate::phone::leg::{Leg, Ring};
use crate::phone::number::Number;
use crate::room::{CallEnd, LineFault};
use async_trait::async_trait;
use rsipstack::dialog::dialog::DialogStateReceiver;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Request, StatusCode};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipConnection;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A call that comes in. Dropped before it is answered, it is refused as busy.
pub(super) struct SipRing {
    connected: Arc<Connected>,
    dialog: InviteDialog,
    states_rx: Option<DialogStateReceiver>,
    caller: Option<Number>,
}

impl fmt::Debug for SipRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SipRing").finish_non_exhaustive()
    }
}

impl SipRing {
    /// The dialogue of an INVITE, and the call in it; none where it cannot become one.
    pub(super) fn of(
        invite: &Transaction,
        connected: Arc<Connected>,
    ) -> Option<(InviteDialog, Self)> {
        let dialogs = &connected.dialogs;
        let (states_tx, states_rx) = dialogs.new_dialog_state_channel();
        let contact = Some(connected.contact.clone());
        let dialog = dialogs
            .get_or_create_server_invite(invite, states_tx, None, contact)
            .ok()?;
        let ring = Self {
            caller: caller_of(&invite.original),
            dialog: dialog.clone(),
            states_rx: Some(states_rx),
            connected,
        };
        Some((dialog, ring))
    }
}

#[async_trait]
impl Ring for SipRing {
    fn caller(&self) -> Option<&Number> {
        self.caller.as_ref()
    }

    async fn answer(mut self: Box<Self>) -> Result<Box<dyn Leg>, CallEnd> {
        if !self.dialog.state().can_cancel() {
            return Err(CallEnd::HungUp);
        }
        let agreed = match sdp::read(&self.dialog.initial_request().body) {
            Ok(agreed) => agreed,
            Err(_) => {
                let status = Some(StatusCode::NotAcceptableHere);
                drop(self.dialog.reject(status, None));
                return Err(CallEnd::LineFault(LineFault::NoCodec));
            }
        };
        let mut media = Media::bind(&self.connected)
            .await
            .map_err(|_| CallEnd::LineFault(LineFault::HostUnreachable))?;
        media.agree(agreed);
        let states_rx = self
            .states_rx
            .take()
            .ok_or(CallEnd::LineFault(LineFault::Software))?;
        let headers = vec![Header::ContentType("application/sdp".into())];
        self.dialog
            .accept(Some(headers), Some(media.description()))
            .map_err(|_| CallEnd::HungUp)?;
        self.connected.answered(&self.dialog);
        Ok(Box::new(SipLeg::taken(
            self.connected.clone(),
            self.dialog.clone(),
            states_rx,
            media,
        )))
    }
}

impl Drop for SipRing {
    fn drop(&mut self) {
        if self.dialog.state().can_cancel() {
            drop(self.dialog.reject(Some(StatusCode::BusyHere), None));
        }
    }
}

/// Whether a request came from an address; behind a proxy this is the proxy's.
pub(super) fn is_from(request: &Request, address: IpAddr) -> bool {
    let sent_by = request.via_header().ok().and_then(|via| {
        let (_, target) = SipConnection::parse_target_from_via(via).ok()?;
        SocketAddr::try_from(target).ok()
    });
    sent_by.is_some_and(|from| from.ip() == address)
}

/// The caller's number: as the network vouches for it, else as it is told.
fn caller_of(request: &Request) -> Option<Number> {
    let vouched = request.headers.iter().find_map(|header| {
        let Header::PAssertedIdentity(identity) = header else {
            return None;
        };
        number_in(identity.value())
    });
    vouched.or_else(|| number_in(request.from_header().ok()?.value()))
}

/// The number in `"name" <sip:number@host>;tag=1`, `<tel:+86…>`, or the address alone.
pub(in crate::phone) fn number_in(value: &str) -> Option<Number> {
    // a name may hold anything, an address too
    let address = value.rsplit_once('<').map_or(value, |(_, address)| address);
    let (scheme, rest) = address.split_once(':')?;
    let scheme = scheme.trim();
    if !["sip", "sips", "tel"].contains(&scheme) {
        return None;
    }
    Number::of_caller(rest.split(['@', ';', '>']).next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_callers() {
        let digits = |value| number_in(value).map(|n| n.digits().to_owned());
        let mobile = Some("13800138003".to_owned());
        assert_eq!(digits("<sip:13800138003@10.0.0.1>;tag=1"), mobile);
        assert_eq!(digits("sip:+8613800138003@10.0.0.1;tag=1"), mobile);
        assert_eq!(digits("\"x\" <tel:+86-138-0013-8003>"), mobile);
        let trick = "\"<sip:13800138003@a>\" <sip:10086@10.0.0.1>";
        assert_eq!(digits(trick), Some("10086".to_owned()));
        assert_eq!(digits("<sip:anonymous@anonymous.invalid>"), None);
        assert_eq!(digits("<mailto:13800138003>"), None);
        assert_eq!(digits(""), None);
    }
}
