//! Owns the one UDP port that all peers share: sockets, the finding of a datagram's connection, and
//! the sockets that the library believes to have.
//!
//! A datagram belongs to the connection that its sender's address was proven for. The proof is a
//! STUN request with a connection's user fragment and a message integrity made with its password
//! (RFC 8445, 7.3), so nobody can take a live address over.

use super::dtls::{self, Flight, Treated};
use super::outgoing::Outgoing;
use super::stun;
use bytes::Bytes;
use futures::task::AtomicWaker;
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, set_ip_mtu_discover, set_socket_recv_buffer_size,
    set_socket_send_buffer_size,
};
use std::collections::{HashMap, VecDeque};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::task::{Context, Poll};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit, UdpSockRef, UdpSocketState};

/// Datagrams a connection's driver may lag behind; more are lost, as on any network.
const INBOX: usize = 1024;
/// Messages read in one system call, each one datagram or a run of them as the kernel joined it.
const MESSAGES: usize = 8;
/// The largest message.
const MESSAGE: usize = 1 << 16;
/// New addresses of a connection whose first requests are kept at a time; a browser has one a network.
const KEPT: usize = 8;
/// Kernel buffer of the shared socket, each way, in bytes: 100 ms of 60 viewers.
const KERNEL_BUFFER: usize = 4 << 20;

/// The shared port.
#[derive(Debug)]
pub(super) struct Port {
    sockets: Vec<Arc<Shared>>,
    routes: RwLock<Routes>,
    unroutable: AtomicU64,
}

/// One socket of the port.
pub(super) struct Shared {
    pub(super) io: UdpSocket,
    /// Sends and reads several datagrams at once where the kernel can.
    pub(super) offload: UdpSocketState,
    at: SocketAddr,
}

impl Shared {
    pub(super) fn bind(at: SocketAddr, kernel_buffer: usize) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(at)?;
        socket.set_nonblocking(true)?;
        // what the kernel grants is enough to run, so a refusal is not an error
        let _ = set_socket_recv_buffer_size(&socket, kernel_buffer);
        let _ = set_socket_send_buffer_size(&socket, kernel_buffer);
        let offload = UdpSocketState::new(UdpSockRef::from(&socket))?;
        // that forbids fragments, which a way with a small MTU needs
        if at.is_ipv4() {
            let _ = set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::WANT);
        }
        Ok(Self {
            at: socket.local_addr()?,
            io: UdpSocket::from_std(socket)?,
            offload,
        })
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Routes {
    /// By local user fragment: who to prove an address to.
    credentials: HashMap<String, (String, Weak<Lanes>)>,
    /// By local address and peer.
    addresses: HashMap<(IpAddr, SocketAddr), (Arc<Lane>, Proof)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// We sent there; nobody has answered with a proof yet.
    Tried,
    /// The peer proved that it knows the connection's password.
    Given,
}

/// One connection's way through the port: a lane for each local address.
#[derive(Debug)]
pub(super) struct Lanes {
    port: Arc<Port>,
    lanes: Mutex<Vec<Arc<Lane>>>,
}

/// What the library takes for a socket.
#[derive(Debug)]
struct Lane {
    /// The address the library knows, which is not the shared port's.
    known_as: SocketAddr,
    shared: Arc<Shared>,
    inbox: Mutex<VecDeque<(SocketAddr, Bytes)>>,
    /// The first requests of new addresses, while they may be unanswered.
    kept: Mutex<VecDeque<(SocketAddr, Bytes)>>,
    waker: AtomicWaker,
    outgoing: Mutex<Outgoing>,
    flight: Mutex<Flight>,
}

impl Port {
    /// Binds `port` (0: one that is free) on each address.
    pub(super) fn bind(addresses: &[IpAddr], port: u16) -> io::Result<Arc<Self>> {
        let mut sockets: Vec<Arc<Shared>> = Vec::new();
        let mut port = port;
        for ip in addresses {
            let socket = Shared::bind((*ip, port).into(), KERNEL_BUFFER)?;
            port = socket.at.port();
            sockets.push(Arc::new(socket));
        }
        Ok(Arc::new(Self {
            sockets,
            routes: RwLock::default(),
            unroutable: AtomicU64::new(0),
        }))
    }

    /// Where the port is reached.
    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.sockets.iter().map(|s| s.at)
    }

    /// Datagrams that belonged to nobody.
    pub(super) fn unroutable(&self) -> u64 {
        self.unroutable.load(Ordering::Relaxed)
    }

    /// A way for a new connection.
    pub(super) fn lanes(self: &Arc<Self>) -> Arc<Lanes> {
        Arc::new(Lanes {
            port: self.clone(),
            lanes: Mutex::default(),
        })
    }

    /// Distributes what arrives, for ever.
    pub(super) async fn run(self: Arc<Self>) {
        let readers = self.sockets.iter().map(|shared| self.read(shared.clone()));
        futures::future::join_all(readers).await;
    }

    async fn read(&self, shared: Arc<Shared>) {
        let mut buffers = vec![vec![0u8; MESSAGE]; MESSAGES];
        let mut meta = [RecvMeta::default(); MESSAGES];
        loop {
            let read = {
                let mut slices: Vec<_> = buffers.iter_mut().map(|b| IoSliceMut::new(b)).collect();
                let read = || {
                    let socket = UdpSockRef::from(&shared.io);
                    shared.offload.recv(socket, &mut slices, &mut meta)
                };
                shared.io.async_io(Interest::READABLE, read).await
            };
            // errors here are some peer's ICMP messages; the socket itself stays good
            let Ok(read) = read else { continue };
            for (buffer, meta) in buffers.iter().zip(&meta[..read]) {
                for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
                    match self.find(&shared, meta.addr, datagram) {
                        Some(lane) => lane.put(meta.addr, Bytes::copy_from_slice(datagram)),
                        None => {
                            self.unroutable.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            }
        }
    }

    fn find(&self, shared: &Arc<Shared>, from: SocketAddr, datagram: &[u8]) -> Option<Arc<Lane>> {
        let key = (shared.at.ip(), from);
        let user = stun::user_fragment(datagram);
        let prover = {
            let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
            let current = routes.addresses.get(&key);
            let Some(user) = user else {
                return current.map(|(lane, _)| lane.clone());
            };
            let (password, lanes) = routes.credentials.get(user)?;
            let lane = lanes.upgrade()?.lane(shared.at.ip())?;
            if let Some((known, Proof::Given)) = current
                && Arc::ptr_eq(known, &lane)
            {
                return Some(lane);
            }
            stun::proves(datagram, password).then_some(lane)
        }?;
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.addresses.insert(key, (prover.clone(), Proof::Given));
        if stun::nominates(datagram) {
            prover.keep(from, Bytes::copy_from_slice(datagram));
        }
        Some(prover)
    }
}

impl Lanes {
    /// Takes the socket's place. The library bound it to a port of its own, which is given back.
    pub(super) fn wrap(&self, socket: &std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let known_as = socket.local_addr()?;
        let shared = self
            .port
            .sockets
            .iter()
            .find(|s| s.at.ip() == known_as.ip());
        let shared = shared
            .ok_or_else(|| io::Error::other(format!("not listening on {}", known_as.ip())))?;
        let lane = Arc::new(Lane {
            known_as,
            shared: shared.clone(),
            inbox: Mutex::default(),
            kept: Mutex::default(),
            waker: AtomicWaker::new(),
            outgoing: Mutex::default(),
            flight: Mutex::default(),
        });
        self.lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(lane.clone());
        Ok(Arc::new(Socket {
            lane,
            port: self.port.clone(),
        }))
    }

    /// Makes the connection known by its credentials; after an ICE restart it has two pairs, because
    /// the old one lives until the new one has taken over (RFC 8445, 9).
    pub(super) fn register(self: &Arc<Self>, user: String, password: String) {
        let mut routes = self
            .port
            .routes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        routes
            .credentials
            .insert(user, (password, Arc::downgrade(self)));
    }

    /// Forgets the connection.
    pub(super) fn close(self: &Arc<Self>) {
        // the driver's goodbye may have been laid out in this moment
        self.flush();
        let mine = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        let this = Arc::downgrade(self);
        let mut routes = self
            .port
            .routes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        routes
            .credentials
            .retain(|_, (_, lanes)| !lanes.ptr_eq(&this));
        routes
            .addresses
            .retain(|_, (lane, _)| !mine.iter().any(|m| Arc::ptr_eq(m, lane)));
    }

    /// Sends what the connection has laid out.
    pub(super) fn flush(&self) {
        for lane in self
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            lane.outgoing().leave(&lane.shared);
        }
    }

    fn lane(&self, ip: IpAddr) -> Option<Arc<Lane>> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.iter().find(|l| l.known_as.ip() == ip).cloned()
    }
}

impl Lane {
    /// Keeps the first request of an address. The library leaves a request that nominates unanswered until its
    /// own check has succeeded, and browsers wait 50 ms before they ask again: so it is read once more, behind
    /// the check's answer.
    fn keep(&self, from: SocketAddr, request: Bytes) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((from, request));
    }

    fn put(&self, from: SocketAddr, datagram: Bytes) {
        if dtls::is_handshake(&datagram)
            && let Treated::Again(flight) = self.flight().arrives(&datagram)
        {
            let mut outgoing = self.outgoing();
            for datagram in flight {
                outgoing.put(&datagram, from, &self.shared);
            }
            outgoing.leave(&self.shared);
            return;
        }
        let answered = stun::is_success(&datagram).then(|| {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let place = kept.iter().position(|(asker, _)| *asker == from)?;
            kept.remove(place)
        });
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        for datagram in std::iter::once((from, datagram)).chain(answered.flatten()) {
            if inbox.len() < INBOX {
                inbox.push_back(datagram);
            }
        }
        drop(inbox);
        self.waker.wake();
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flight(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<(SocketAddr, Bytes)> {
        self.inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }
}

/// A lane as the library holds it.
#[derive(Debug)]
struct Socket {
    lane: Arc<Lane>,
    port: Arc<Port>,
}

impl Socket {
    /// Remembers where was sent, so that an answer that carries no name finds its way back.
    fn try_address(&self, to: SocketAddr) {
        let key = (self.lane.known_as.ip(), to);
        let mut routes = self
            .port
            .routes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        routes
            .addresses
            .entry(key)
            .or_insert_with(|| (self.lane.clone(), Proof::Tried));
    }
}

impl AsyncUdpSocket for Socket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.lane.known_as)
    }

    /// Only lays the datagram out: it leaves with the others of the driver's turn.
    fn poll_send(&self, _cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let (datagram, to) = (transmit.contents, transmit.destination);
        let is_twice =
            dtls::is_handshake(datagram) && self.lane.flight().leaves(datagram) == Treated::Twice;
        let is_moved = {
            let mut outgoing = self.lane.outgoing();
            let is_moved = outgoing.put(datagram, to, &self.lane.shared);
            if is_twice {
                outgoing.put(datagram, to, &self.lane.shared);
            }
            is_moved
        };
        if is_moved {
            self.try_address(to);
        }
        Poll::Ready(Ok(datagram.len()))
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let next = self.lane.take().or_else(|| {
            self.lane.waker.register(cx.waker());
            // what came between the first look and the registration
            self.lane.take()
        });
        let (Some((from, datagram)), Some(buffer), Some(meta)) =
            (next, buffers.first_mut(), meta.first_mut())
        else {
            return Poll::Pending;
        };
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        *meta = RecvMeta::default();
        meta.addr = from;
        meta.len = length;
        meta.stride = length.max(1);
        Poll::Ready(Ok(1))
    }
}

/// All addresses of this machine that a peer may reach: without loopback and link-local ones.
pub(super) fn reachable(interfaces: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = interfaces
        .filter(|ip| match ip {
            IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local() && !ip.is_unspecified(),
            IpAddr::V6(ip) => {
                !ip.is_loopback() && !ip.is_unicast_link_local() && !ip.is_unspecified()
            }
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        found.push(Ipv4Addr::LOCALHOST.into());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::stun::tests::{PASSWORD, USER, nomination, request};
    use super::*;

    /// What the library reads of these datagrams of one peer.
    async fn read_of(sent: &[&Vec<u8>], count: usize) -> Vec<Vec<u8>> {
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let port = Port::bind(&[here], 0).expect("a port");
        let to = port.addresses().next().expect("an address");
        let lanes = port.lanes();
        let socket = std::net::UdpSocket::bind((here, 0)).expect("a socket");
        let socket = lanes.wrap(&socket).expect("a lane");
        lanes.register(USER.to_owned(), PASSWORD.to_owned());
        let peer = UdpSocket::bind((here, 0)).await.expect("a socket");
        for datagram in sent {
            peer.send_to(datagram, to).await.expect("sent");
        }
        let mut read = Vec::new();
        let all = async {
            while read.len() < count {
                let mut buffer = [0; 2048];
                let mut meta = [RecvMeta::default()];
                let next = std::future::poll_fn(|cx| {
                    let mut buffers = [IoSliceMut::new(&mut buffer)];
                    socket.poll_recv(cx, &mut buffers, &mut meta)
                });
                next.await.expect("a datagram");
                read.push(buffer[..meta[0].len].to_vec());
            }
        };
        tokio::select! {
            () = port.clone().run() => {}
            () = all => {}
        }
        lanes.close();
        read
    }

    fn success() -> Vec<u8> {
        let mut success = request()[..20].to_vec();
        success[..4].copy_from_slice(&[1, 1, 0, 0]);
        success
    }

    #[tokio::test]
    async fn a_nomination_is_read_again_when_the_check_is_answered() {
        let (asks, success) = (nomination(), success());
        assert!(stun::nominates(&asks) && stun::proves(&asks, PASSWORD));
        let read = read_of(&[&asks, &success, &asks, &success], 5).await;
        // once only: the library answers the later ones itself
        assert_eq!(
            read.iter().collect::<Vec<_>>(),
            [&asks, &success, &asks, &asks, &success]
        );
    }

    #[tokio::test]
    async fn a_request_that_does_not_nominate_is_read_once() {
        let (asks, success) = (request(), success());
        let read = read_of(&[&asks, &success, &asks], 3).await;
        assert_eq!(read.iter().collect::<Vec<_>>(), [&asks, &success, &asks]);
    }
}
