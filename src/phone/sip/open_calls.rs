//! Owns what is needed to end a trunk's calls after a crash: for each the one request that ends it, sealed in a file of its own
//! while the call is open. The next life sends them as they are before it does anything else: CANCEL for what still rings, BYE for
//! what was answered.
//!
//! They are there in case the process dies, not the machine, so nothing waits for the disk. A call that is answered while nobody
//! runs is acknowledged by nobody, and ended by the gateway itself (RFC 3261, 13.3.1.4: after 32 s).

use super::trunk::Connected;
use crate::keys::{Keys, SealPurpose};
use rsipstack::dialog::authenticate::handle_client_authenticate;
use rsipstack::dialog::dialog::DialogSnapshot;
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::typed::{CSeq, From, To, Via};
use rsipstack::sip::{Header, Method, Param, Request, SipMessage, StatusCodeKind, Version};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::make_via_branch;
use rsipstack::transaction::transaction::Transaction;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long the ends of what a crash left may take; the line is ready only then.
const ENDED: Duration = Duration::from_secs(5);
/// So far beyond our last request is the BYE's number, for what the crash hid; gaps are lawful (RFC 3261, 12.2.2).
const BEYOND: u32 = 10;

/// A trunk's open calls.
#[derive(Debug)]
pub struct OpenCalls {
    folder: PathBuf,
    keys: Keys,
    /// What an earlier life left, by file.
    left: Mutex<Vec<(String, Request)>>,
}

impl OpenCalls {
    /// Those of one trunk, which has the folder to itself; finds what an earlier life left there.
    pub fn read(folder: PathBuf, keys: Keys) -> Self {
        let mut left = Vec::new();
        // a folder that is not there holds nothing
        for file in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(name) = file.file_name().into_string() else {
                continue;
            };
            let request = fs::read(file.path()).ok().and_then(|sealed| {
                let plain = keys.open_sealed(SealPurpose::OpenCall, name.as_bytes(), &sealed);
                request_of(std::str::from_utf8(&plain.ok()?).ok()?)
            });
            match request {
                Some(request) => left.push((name, request)),
                // cut off as it was written, or another box's
                None => drop(fs::remove_file(file.path())),
            }
        }
        Self {
            folder,
            keys,
            left: Mutex::new(left),
        }
    }

    /// Keeps what ends a call that rings or is about to.
    pub(super) fn rings(&self, invite: &Request) {
        if let Some(cancel) = cancel_of(invite) {
            self.keep(&cancel);
        }
    }

    /// Keeps what ends a call that was answered.
    pub(super) fn answered(&self, dialog: &DialogSnapshot, connected: &Connected) {
        self.keep(&bye_of(dialog, connected));
    }

    fn keep(&self, request: &Request) {
        let Some(name) = name_of(request) else {
            return;
        };
        let text = zeroize::Zeroizing::new(request.to_string());
        let sealed = self
            .keys
            .seal(SealPurpose::OpenCall, name.as_bytes(), text.as_bytes());
        let path = self.folder.join(&name);
        let new = path.with_extension("new");
        let kept = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&new, sealed))
            .and_then(|()| fs::rename(&new, path));
        if let Err(error) = kept {
            tracing::warn!(%error, "after a crash this call would be left to the gateway");
        }
    }

    /// Forgets a call that is over.
    pub(super) fn forget(&self, call_id: &str) {
        self.remove(&name(call_id));
    }

    fn remove(&self, name: &str) {
        if let Err(error) = fs::remove_file(self.folder.join(name))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the end of a call is kept though it is over");
        }
    }

    /// The port from which what was left had been sent: who sends from there again is known to the gateway.
    pub(super) fn port(&self) -> Option<u16> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, request) = left.first()?;
        let via = request.via_header().ok()?.typed().ok()?;
        via.uri.host_with_port.port.map(u16::from)
    }

    /// Ends what an earlier life left. What the gateway does not answer is tried again with the next connection.
    pub(super) async fn end(&self, endpoint: &EndpointInnerRef, connected: &Connected) {
        let left = self
            .left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if left.is_empty() {
            return;
        }
        let mut tasks = JoinSet::new();
        for (name, request) in left.clone() {
            let (endpoint, credential) = (endpoint.clone(), connected.credential.clone());
            let destination = connected.destination.clone();
            tasks.spawn(async move {
                let sent = async {
                    let key = TransactionKey::from_request(&request, TransactionRole::Client);
                    let mut transaction =
                        Transaction::new_client(key.ok()?, request, endpoint, None);
                    transaction.destination = Some(destination);
                    let mut response = outcome(&mut transaction).await?;
                    if let (401 | 407, Some(credential)) = (response.status_code.code(), credential)
                    {
                        let number = transaction.original.cseq_header().ok()?.seq().ok()? + 1;
                        transaction =
                            handle_client_authenticate(number, &transaction, response, &credential)
                                .await
                                .ok()?;
                        response = outcome(&mut transaction).await?;
                    }
                    // 408 is what silence comes to
                    Some(response.status_code.code()).filter(|code| *code != 408)
                };
                let status = timeout(ENDED, sent).await.ok().flatten();
                (name, status)
            });
        }
        let (mut ended, mut silent) = (0, 0);
        while let Some(done) = tasks.join_next().await {
            let Ok((name, Some(_))) = done else {
                silent += 1;
                continue;
            };
            ended += 1;
            self.remove(&name);
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            left.retain(|(known, _)| *known != name);
        }
        tracing::info!(ended, silent, "calls that a crash left at the gateway");
    }
}

/// Sends a request; its final response.
async fn outcome(transaction: &mut Transaction) -> Option<rsipstack::sip::Response> {
    transaction.send().await.ok()?;
    while let Some(message) = transaction.receive().await {
        if let SipMessage::Response(response) = message
            && response.status_code.kind() != StatusCodeKind::Provisional
        {
            return Some(response);
        }
    }
    None
}

fn request_of(text: &str) -> Option<Request> {
    match SipMessage::try_from(text).ok()? {
        SipMessage::Request(request) => Some(request),
        SipMessage::Response(_) => None,
    }
}

fn name_of(request: &Request) -> Option<String> {
    Some(name(request.call_id_header().ok()?.value()))
}

/// The file of a call; who calls us chooses its Call-ID.
fn name(call_id: &str) -> String {
    hex::encode(&Sha256::digest(call_id)[..16])
}

/// The CANCEL of an INVITE (RFC 3261, 9.1): its address, Via, From, To, Call-ID, number and route, and nothing else.
fn cancel_of(invite: &Request) -> Option<Request> {
    let number = invite.cseq_header().ok()?.seq().ok()?;
    let via = invite.via_header().ok()?.clone();
    let same = invite.headers.iter().filter(|header| {
        matches!(
            header,
            Header::From(_) | Header::To(_) | Header::CallId(_) | Header::Route(_)
        )
    });
    let mut headers = vec![Header::Via(via)];
    headers.extend(same.cloned());
    headers.push(Header::CSeq(
        CSeq {
            seq: number,
            method: Method::Cancel,
        }
        .into(),
    ));
    headers.push(Header::MaxForwards(70.into()));
    headers.push(Header::ContentLength(0.into()));
    Some(Request {
        method: Method::Cancel,
        uri: invite.uri.clone(),
        version: Version::V2,
        headers: headers.into(),
        body: Vec::new(),
    })
}

/// The BYE of a dialogue, of whichever side; as it would be sent by `connected`.
fn bye_of(dialog: &DialogSnapshot, connected: &Connected) -> Request {
    let (mut from, mut to) = (dialog.from.clone(), dialog.to.clone());
    let (from_tag, to_tag) = match dialog.role {
        TransactionRole::Client => (&dialog.id.local_tag, &dialog.id.remote_tag),
        TransactionRole::Server => (&dialog.id.remote_tag, &dialog.id.local_tag),
    };
    tag(&mut from.params, from_tag);
    tag(&mut to.params, to_tag);
    if dialog.role == TransactionRole::Server {
        // whoever sends is From
        let callee = From {
            display_name: to.display_name,
            uri: to.uri,
            params: to.params,
        };
        to = To {
            display_name: from.display_name,
            uri: from.uri,
            params: from.params,
        };
        from = callee;
    }
    let via = Via {
        version: Version::V2,
        transport: connected.destination.r#type.unwrap_or_default(),
        uri: connected.contact.host_with_port.clone().into(),
        params: vec![make_via_branch(), Param::Rport(None)],
    };
    let number = CSeq {
        seq: dialog.local_cseq + BEYOND,
        method: Method::Bye,
    };
    let mut headers = vec![
        Header::Via(via.into()),
        Header::From(from.into()),
        Header::To(to.into()),
        Header::CallId(dialog.id.call_id.clone().into()),
        Header::CSeq(number.into()),
    ];
    headers.extend(dialog.route_set.iter().cloned().map(Header::Route));
    headers.push(Header::MaxForwards(70.into()));
    headers.push(Header::ContentLength(0.into()));
    Request {
        method: Method::Bye,
        uri: dialog.remote_uri.clone(),
        version: Version::V2,
        headers: headers.into(),
        body: Vec::new(),
    }
}

/// Sets the tag where it is missing.
fn tag(params: &mut Vec<Param>, tag: &str) {
    if !tag.is_empty() && !params.iter().any(|param| matches!(param, Param::Tag(_))) {
        params.push(Param::Tag(tag.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeySources;
    use crate::room::Utc;

    fn keys(folder: &std::path::Path) -> Keys {
        let sources = KeySources {
            folder: folder.join("keys"),
            credentials: None,
        };
        let hosts = ["localhost".parse().unwrap()];
        Keys::open(sources, &hosts, Utc(1_795_741_500_000)).unwrap()
    }

    fn invite() -> Request {
        request_of(
            "INVITE sip:13800138000@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:40123;branch=z9hG4bK77;rport\r\n\
             From: <sip:box@10.0.0.1>;tag=1\r\nTo: <sip:13800138000@10.0.0.1>\r\nCall-ID: c1\r\nCSeq: 7 INVITE\r\n\
             Contact: <sip:box@10.0.0.2:40123>\r\nContent-Type: application/sdp\r\nProxy-Require: x\r\n\
             Max-Forwards: 70\r\nContent-Length: 3\r\n\r\nv=0",
        )
        .unwrap()
    }

    #[test]
    fn a_cancel_names_the_invite_and_nothing_else() {
        let text = cancel_of(&invite()).unwrap().to_string();
        let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.remove(0), "CANCEL sip:13800138000@10.0.0.1 SIP/2.0");
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "CSeq: 7 CANCEL",
                "Call-ID: c1",
                "Content-Length: 0",
                "From: <sip:box@10.0.0.1>;tag=1",
                "Max-Forwards: 70",
                "To: <sip:13800138000@10.0.0.1>",
                "Via: SIP/2.0/UDP 10.0.0.2:40123;branch=z9hG4bK77;rport",
            ]
        );
    }

    #[test]
    fn an_open_call_is_found_by_the_next_life_only_and_names_nobody() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("calls");
        let keys = keys(place.path());
        let now = OpenCalls::read(folder.clone(), keys.clone());
        now.rings(&invite());
        assert_eq!(now.port(), None, "its own calls are on");
        fs::write(folder.join("spoiled"), "CANCEL").unwrap();
        let next = OpenCalls::read(folder.clone(), keys.clone());
        assert_eq!(next.port(), Some(40_123));
        let files: Vec<_> = fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 1, "what cannot be read is thrown away");
        let sealed = fs::read(files[0].path()).unwrap();
        let number = b"13800138000";
        assert!(!sealed.windows(number.len()).any(|bytes| bytes == number));
        now.forget("c1");
        assert_eq!(OpenCalls::read(folder, keys).port(), None);
    }
}
