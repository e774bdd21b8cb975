//! Owns what is done about a 200 without Contact (RFC 3261, 12.1.1 asks for one): the callee is on the phone, so he is acknowledged
//! and let go at the best address that is known, the one that was called, over the route that the answer names.

use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Method, Response, SipMessage, StatusCodeKind};
use rsipstack::transaction::endpoint::MessageInspector;
use rsipstack::transport::SipAddr;

/// A parameter of the Contact that we put where there was none.
const ASSUMED: &str = ";assumed-by=bidroom";

/// Looks at what comes before the dialogs do.
#[derive(Debug)]
pub(super) struct AssumeContact;

impl MessageInspector for AssumeContact {
    fn before_send(&self, message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        message
    }

    fn after_received(&self, message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        match message {
            SipMessage::Response(response) => SipMessage::Response(with_contact(response)),
            request @ SipMessage::Request(_) => request,
        }
    }
}

/// Whether an answer had no Contact of its own.
pub(super) fn is_assumed(response: &Response) -> bool {
    response
        .contact_header()
        .is_ok_and(|contact| contact.value().ends_with(ASSUMED))
}

fn with_contact(mut response: Response) -> Response {
    let answers = response.status_code.kind() == StatusCodeKind::Successful
        && response
            .cseq_header()
            .is_ok_and(|cseq| cseq.method().is_ok_and(|method| method == Method::Invite));
    let missing = response
        .contact_header()
        .and_then(|contact| contact.typed())
        .is_err();
    let called = response.to_header().and_then(|to| to.uri());
    if let (true, true, Ok(called)) = (answers, missing, called) {
        response
            .headers
            .retain(|header| !matches!(header, Header::Contact(_)));
        let contact = format!("<{called}>{ASSUMED}");
        response.headers.push(Header::Contact(contact.into()));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(contact: &str, sequence: &str) -> Response {
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\nFrom: <sip:box@10.0.0.2>;tag=1\r\n\
             To: <sip:10000@10.0.0.2:5070>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 {sequence}\r\n{contact}Content-Length: 0\r\n\r\n"
        );
        let message = SipMessage::try_from(text.as_str()).unwrap();
        match AssumeContact.after_received(message, None) {
            SipMessage::Response(response) => response,
            SipMessage::Request(_) => unreachable!("a response stays one"),
        }
    }

    #[test]
    fn what_was_called_stands_for_a_contact_that_is_missing() {
        let assumed = received("", "INVITE");
        assert!(is_assumed(&assumed));
        let contact = assumed.contact_header().unwrap().typed().unwrap();
        assert_eq!(contact.uri.to_string(), "sip:10000@10.0.0.2:5070");
        let own = received("Contact: <sip:phone@10.0.0.9>\r\n", "INVITE");
        assert!(!is_assumed(&own));
        assert!(received("", "BYE").contact_header().is_err());
    }
}
