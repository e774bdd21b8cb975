//! Owns the connection to one gateway or trunk: its address, its transport, and the calls' way to it.

use super::contact::AssumeContact;
use super::incoming::{answer, end_calls};
use super::leg::SipLeg;
use super::open_calls::OpenCalls;
use super::watch::pause_after;
use crate::phone::leg::{Leg, Line, Ring};
use crate::phone::number::Number;
use crate::room::{CallEnd, LineFault, LineState};
use async_trait::async_trait;
use rsipstack::EndpointBuilder;
use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invitation::InviteAsyncResult;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::Uri;
use rsipstack::transaction::endpoint::EndpointOption;
use rsipstack::transport::connection::MAX_UDP_BUF_SIZE;
use rsipstack::transport::tcp_listener::TcpListenerConnection;
use rsipstack::transport::tls::TlsConfig;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, TransportLayer};
use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// A gateway that answers nothing for so long is not there (64*T1 of RFC 3261, which is 32 s for the open internet): a request
/// goes out four times by then.
pub(super) const SILENT: Duration = Duration::from_secs(4);
/// Calls whose end waits.
const ENDING: usize = 64;
/// Calls that come in and wait to be taken; more find us busy.
const RINGING: usize = 4;

/// How the signalling is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS; the gateway's certificate is verified.
    Tls,
}

/// What a trunk is.
#[derive(Clone)]
pub struct TrunkSettings {
    /// The gateway's host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the signalling is carried.
    pub transport: Transport,
    /// The user part of our address, and the name that signs in.
    pub user: String,
    /// The password; none where the gateway asks for none.
    pub password: Option<Zeroizing<String>>,
    /// Whether we register.
    pub register: bool,
    /// The UDP ports of calls' sound; none for any that is free.
    pub sound_ports: Option<(u16, u16)>,
    /// Certificates that are trusted for TLS, PEM.
    pub authorities: Vec<u8>,
}

impl fmt::Debug for TrunkSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrunkSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

/// A gateway or trunk. Cheap to clone; its calls go on while [`Trunk::run`] does.
#[derive(Debug, Clone)]
pub struct Trunk {
    pub(super) settings: Arc<TrunkSettings>,
    pub(super) state_tx: Arc<watch::Sender<LineState>>,
    pub(super) connected_tx: Arc<watch::Sender<Option<Arc<Connected>>>>,
    /// Where calls that come in go; nowhere before somebody asks for them.
    rings_tx: Arc<OnceLock<mpsc::Sender<Box<dyn Ring>>>>,
    /// What ends its calls after a crash; none where nothing is kept.
    open_calls: Option<Arc<OpenCalls>>,
}

/// A call that nobody waits for, and its INVITE where that has not ended.
pub(super) type Ending = (InviteDialog, Option<JoinHandle<InviteAsyncResult>>);

/// A way to the gateway that works.
pub(super) struct Connected {
    pub(super) peer: SocketAddr,
    pub(super) local: IpAddr,
    pub(super) destination: SipAddr,
    pub(super) caller: Uri,
    pub(super) contact: Uri,
    pub(super) credential: Option<Credential>,
    pub(super) dialogs: Arc<DialogLayer>,
    /// The UDP ports of calls' sound.
    pub(super) sound_ports: Option<(u16, u16)>,
    /// A call failed by the line's fault: it is to be seen how the gateway stands.
    pub(super) doubted: Notify,
    host: String,
    ending_tx: mpsc::Sender<Ending>,
    open_calls: Option<Arc<OpenCalls>>,
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl Connected {
    /// A user's address at the gateway.
    pub(super) fn uri(&self, user: &str) -> Option<Uri> {
        Uri::try_from(format!("sip:{user}@{}", self.host).as_str()).ok()
    }

    /// Has a call ended after a crash that rings, or is about to.
    pub(super) fn rings(&self, dialog: &InviteDialog) {
        if let Some(open_calls) = &self.open_calls {
            open_calls.rings(&dialog.initial_request());
        }
    }

    /// Has a call ended after a crash that was answered.
    pub(super) fn answered(&self, dialog: &InviteDialog) {
        if let Some(open_calls) = &self.open_calls {
            open_calls.answered(&dialog.snapshot(), self);
        }
    }

    /// Forgets a call that is over.
    pub(super) fn forget(&self, dialog: &InviteDialog) {
        let id = dialog.id();
        self.dialogs.remove_dialog(&id);
        if let Some(open_calls) = &self.open_calls {
            open_calls.forget(&id.call_id);
        }
        self.blank();
    }

    /// The library takes every datagram into one buffer, where a shorter one leaves the end of a longer, and so a number, for as long
    /// as the line stands. One of the buffer's size that holds no message takes its place.
    fn blank(&self) {
        let ours = self.contact.host_with_port.to_string();
        if let (Some(rsipstack::sip::Transport::Udp), Ok(ours)) =
            (self.destination.r#type, ours.parse::<SocketAddr>())
        {
            let sent = UdpSocket::bind((self.local, 0))
                .and_then(|socket| socket.send_to(&[b' '; MAX_UDP_BUF_SIZE], ours));
            if let Err(error) = sent {
                tracing::warn!(%error, "the last message of a call stays in memory until others overwrite it");
            }
        }
    }

    /// Ends a call without waiting for the other side.
    pub(super) fn let_go(
        &self,
        dialog: InviteDialog,
        invite: Option<JoinHandle<InviteAsyncResult>>,
    ) {
        if self.ending_tx.try_send((dialog, invite)).is_err() {
            tracing::error!("too many calls wait for their end; the gateway will end this one");
        }
    }
}

/// A Call-ID that tells nothing.
pub(super) fn call_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl Trunk {
    /// A trunk; nothing is sent before it runs.
    pub fn new(settings: TrunkSettings) -> Self {
        Self {
            settings: Arc::new(settings),
            state_tx: Arc::new(watch::Sender::new(LineState::Unknown)),
            connected_tx: Arc::new(watch::Sender::new(None)),
            rings_tx: Arc::default(),
            open_calls: None,
        }
    }

    /// A trunk whose calls are ended by the next life, should this one be cut off; what an earlier one left is ended first.
    #[must_use]
    pub fn with(mut self, open_calls: OpenCalls) -> Self {
        self.open_calls = Some(Arc::new(open_calls));
        self
    }

    /// Keeps the connection for ever.
    pub async fn run(self) {
        loop {
            let state = self.run_once().await;
            self.connected_tx.send_replace(None);
            self.become_state(state);
            sleep(pause_after(state)).await;
        }
    }

    pub(super) fn become_state(&self, state: LineState) {
        self.state_tx.send_if_modified(|known| {
            let changed = *known != state;
            *known = state;
            changed
        });
    }

    /// One connection, until it has to be made anew; how it stands then.
    async fn run_once(&self) -> LineState {
        let unreachable = LineState::Fault(LineFault::HostUnreachable);
        let settings = &self.settings;
        let Some(peer) = resolve(&settings.host, settings.port).await else {
            return unreachable;
        };
        let Some(local) = local_towards(peer) else {
            return unreachable;
        };
        let token = CancellationToken::new();
        let _ends_with_us = token.clone().drop_guard();
        let Some(transports) = self.transports(local, &token).await else {
            return unreachable;
        };
        let mut builder = EndpointBuilder::new();
        let endpoint = builder
            .with_user_agent("bidroom")
            .with_transport_layer(transports)
            .with_cancel_token(token.clone())
            .with_inspector(Box::new(AssumeContact))
            .with_option(EndpointOption {
                t1x64: SILENT,
                callid_suffix: Some(local.to_string()),
                ..EndpointOption::default()
            })
            .build();
        let (Some(ours), Ok(incoming)) = (
            endpoint.get_addrs().first().cloned(),
            endpoint.incoming_transactions(),
        ) else {
            return LineState::Fault(LineFault::Software);
        };
        let uri = |host: &str| Uri::try_from(format!("sip:{}@{host}", settings.user).as_str()).ok();
        let host = match (settings.port, settings.transport) {
            (5060, Transport::Udp | Transport::Tcp) | (5061, Transport::Tls) => {
                settings.host.clone()
            }
            (port, _) => format!("{}:{port}", settings.host),
        };
        let (Some(caller), Some(contact)) = (uri(&host), uri(&ours.addr.to_string())) else {
            return LineState::Fault(LineFault::Software);
        };
        let (ending_tx, ending_rx) = mpsc::channel(ENDING);
        let connected = Arc::new(Connected {
            peer,
            local,
            destination: SipAddr {
                r#type: Some(self.kind()),
                addr: peer.into(),
            },
            caller,
            contact,
            credential: self.credential(),
            dialogs: Arc::new(DialogLayer::new(endpoint.inner.clone())),
            sound_ports: self.settings.sound_ports,
            doubted: Notify::new(),
            host,
            ending_tx,
            open_calls: self.open_calls.clone(),
        });
        tokio::select! {
            () = endpoint.serve() => LineState::Fault(LineFault::Software),
            () = answer(incoming, &connected, &self.rings_tx) => LineState::Fault(LineFault::Software),
            () = end_calls(ending_rx, &connected) => LineState::Fault(LineFault::Software),
            state = async {
                if let Some(open_calls) = &self.open_calls {
                    open_calls.end(&endpoint.inner, &connected).await;
                }
                self.watch_over(&endpoint.inner, &connected).await
            } => state,
        }
    }

    fn kind(&self) -> rsipstack::sip::Transport {
        match self.settings.transport {
            Transport::Udp => rsipstack::sip::Transport::Udp,
            Transport::Tcp => rsipstack::sip::Transport::Tcp,
            Transport::Tls => rsipstack::sip::Transport::Tls,
        }
    }

    /// Whether the gateway, or the way to it, is not what it was.
    pub(super) async fn has_moved(&self, connected: &Connected) -> bool {
        let peer = resolve(&self.settings.host, self.settings.port).await;
        peer != Some(connected.peer) || local_towards(connected.peer) != Some(connected.local)
    }

    pub(super) fn credential(&self) -> Option<Credential> {
        let password = self.settings.password.as_ref()?;
        Some(Credential {
            username: self.settings.user.clone(),
            password: password.to_string(),
            realm: None,
            auth_username: None,
        })
    }

    async fn transports(&self, local: IpAddr, token: &CancellationToken) -> Option<TransportLayer> {
        let transports = TransportLayer::new(token.clone());
        let before = self.open_calls.as_ref().and_then(|calls| calls.port());
        let port = free_port(local, before.unwrap_or(0), self.settings.transport);
        match self.settings.transport {
            Transport::Tcp => {
                // the library binds later, and wants to know the port now
                let free = TcpListener::bind((local, port)).ok()?.local_addr().ok()?;
                let listener = TcpListenerConnection::new(free, None).await.ok()?;
                transports.add_transport(listener.into());
            }
            Transport::Udp | Transport::Tls => {
                let udp = UdpConnection::create_connection(
                    (local, port).into(),
                    None,
                    Some(token.child_token()),
                );
                transports.add_transport(udp.await.ok()?.into());
            }
        }
        if self.settings.transport == Transport::Tls {
            transports.set_tls_config(TlsConfig {
                ca_certs: Some(self.settings.authorities.clone()),
                sni_hostname: Some(self.settings.host.clone()),
                ..TlsConfig::default()
            });
        }
        Some(transports)
    }
}

#[async_trait]
impl Line for Trunk {
    async fn dial(&self, number: &Number) -> Result<Box<dyn Leg>, CallEnd> {
        let connected = self.connected_tx.borrow().clone();
        match connected {
            Some(connected) => Ok(Box::new(SipLeg::dial(connected, number).await?)),
            None => Err(match *self.state_tx.borrow() {
                LineState::AuthFault => CallEnd::AuthFault,
                LineState::Fault(fault) => CallEnd::LineFault(fault),
                LineState::Unknown
                | LineState::Registering
                | LineState::Ready
                | LineState::Disabled => CallEnd::LineFault(LineFault::NoReply),
            }),
        }
    }

    fn rings(&self) -> Option<mpsc::Receiver<Box<dyn Ring>>> {
        let (rings_tx, rings_rx) = mpsc::channel(RINGING);
        self.rings_tx.set(rings_tx).ok().map(|()| rings_rx)
    }

    fn state(&self) -> watch::Receiver<LineState> {
        self.state_tx.subscribe()
    }
}

/// That port where it is free, else any.
fn free_port(local: IpAddr, port: u16, transport: Transport) -> u16 {
    let free = match transport {
        Transport::Tcp => TcpListener::bind((local, port)).is_ok(),
        Transport::Udp | Transport::Tls => UdpSocket::bind((local, port)).is_ok(),
    };
    if free { port } else { 0 }
}

async fn resolve(host: &str, port: u16) -> Option<SocketAddr> {
    let mut found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.ok()?.collect();
    // gateways speak IPv4; where there is nothing else, the other will do
    found.sort_by_key(SocketAddr::is_ipv6);
    found.first().copied()
}

/// The address of this box from which a peer is reached; nothing is sent.
fn local_towards(peer: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if peer.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    }
    .parse()
    .ok()?;
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(peer).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
