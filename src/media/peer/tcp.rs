//! Owns ICE-TCP (RFC 6544) on one port, for viewers behind a firewall that lets no UDP pass: the
//! first frame of a stream (RFC 4571) is a STUN request and tells whose it is.
//!
//! A stream that does not take what is sent loses whole frames, as a UDP way loses datagrams: the
//! connection's driver never waits for it, and so notices when its peer has stopped answering.

use super::stun;
use rustix::net::sockopt::set_socket_send_buffer_size;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use webrtc::runtime::{AsyncTcpListener, AsyncTcpStream};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a stream may keep its name to itself.
const TO_INTRODUCE: Duration = Duration::from_secs(5);
/// Streams that have not introduced themselves; more have to wait.
const STRANGERS: usize = 64;
/// Streams of one connection waiting for its driver; a browser opens one.
const WAITING: usize = 4;
/// STUN requests are far smaller.
const LARGEST_FIRST: usize = 1500;
/// Kernel buffer of a stream, in bytes: 1 s of a feed, more would only be late.
const KERNEL_BUFFER: usize = 256 << 10;

/// The shared listeners.
#[derive(Debug)]
pub(super) struct TcpPort {
    listeners: Vec<(SocketAddr, TcpListener)>,
    doors: Mutex<HashMap<String, (String, Weak<Door>)>>,
    strangers: Arc<Semaphore>,
}

/// One connection's way in.
#[derive(Debug)]
pub(super) struct Door {
    port: Arc<TcpPort>,
    ends: Mutex<Vec<(IpAddr, mpsc::Sender<Stream>)>>,
}

impl TcpPort {
    /// Binds `port` (0: one that is free) on each address.
    pub(super) fn bind(addresses: &[IpAddr], port: u16) -> io::Result<Arc<Self>> {
        let mut listeners = Vec::new();
        let mut port = port;
        for ip in addresses {
            let listener = std::net::TcpListener::bind((*ip, port))?;
            listener.set_nonblocking(true)?;
            let at = listener.local_addr()?;
            port = at.port();
            listeners.push((at, TcpListener::from_std(listener)?));
        }
        let strangers = Arc::new(Semaphore::new(STRANGERS));
        Ok(Arc::new(Self {
            listeners,
            doors: Mutex::default(),
            strangers,
        }))
    }

    /// Where the port is reached.
    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().map(|(at, _)| *at)
    }

    /// A way in for a new connection.
    pub(super) fn door(self: &Arc<Self>) -> Arc<Door> {
        Arc::new(Door {
            port: self.clone(),
            ends: Mutex::default(),
        })
    }

    /// Lets streams in, for ever.
    pub(super) async fn run(self: Arc<Self>) {
        let ports = self
            .listeners
            .iter()
            .map(|(at, listener)| self.accept(*at, listener));
        futures::future::join_all(ports).await;
    }

    async fn accept(self: &Arc<Self>, at: SocketAddr, listener: &TcpListener) {
        let mut introductions = JoinSet::new();
        loop {
            while introductions.try_join_next().is_some() {}
            let Ok(permit) = self.strangers.clone().acquire_owned().await else {
                return;
            };
            let Ok((stream, from)) = listener.accept().await else {
                // out of file descriptors: they come back when peers leave
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let this = self.clone();
            introductions.spawn(async move {
                let introduced =
                    tokio::time::timeout(TO_INTRODUCE, this.introduce(at, stream, from)).await;
                drop(permit);
                if !matches!(introduced, Ok(Some(()))) {
                    tracing::debug!(port = at.port(), "a TCP stream belonged to nobody");
                }
            });
        }
    }

    async fn introduce(&self, at: SocketAddr, stream: TcpStream, from: SocketAddr) -> Option<()> {
        let _ = stream.set_nodelay(true);
        // what the kernel grants is enough to run, so a refusal is not an error
        let _ = set_socket_send_buffer_size(&stream, KERNEL_BUFFER);
        let (read, write) = stream.into_split();
        let mut first = Vec::with_capacity(256);
        let length = loop {
            if let [high, low, ..] = first[..] {
                let length = 2 + usize::from(u16::from_be_bytes([high, low]));
                if length > LARGEST_FIRST {
                    return None;
                }
                if first.len() >= length {
                    break length;
                }
            }
            read.readable().await.ok()?;
            match read.try_read_buf(&mut first) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        };
        let message = &first[2..length];
        let user = stun::user_fragment(message)?;
        let (password, door) = self
            .doors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(user)
            .cloned()?;
        if !stun::proves(message, &password) {
            return None;
        }
        let end = door.upgrade()?.end(at.ip())?;
        let stream = Stream {
            read,
            write,
            first: Mutex::new(first),
            begun: Mutex::default(),
            local: at,
            peer: from,
        };
        // full: the connection has streams enough
        end.try_send(stream).ok()
    }
}

impl Door {
    /// Takes the listener's place. The library bound it to a port of its own, which is given back.
    pub(super) fn wrap(
        &self,
        listener: &std::net::TcpListener,
    ) -> io::Result<Arc<dyn AsyncTcpListener>> {
        let known_as = listener.local_addr()?;
        let (tx, rx) = mpsc::channel(WAITING);
        self.ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((known_as.ip(), tx));
        Ok(Arc::new(Listener {
            known_as,
            streams_rx: tokio::sync::Mutex::new(rx),
        }))
    }

    /// Makes the connection known by its credentials.
    pub(super) fn register(self: &Arc<Self>, user: String, password: String) {
        let mut doors = self
            .port
            .doors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        doors.insert(user, (password, Arc::downgrade(self)));
    }

    /// Forgets the connection.
    pub(super) fn close(self: &Arc<Self>) {
        let this = Arc::downgrade(self);
        let mut doors = self
            .port
            .doors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        doors.retain(|_, (_, door)| !door.ptr_eq(&this));
        self.ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn end(&self, ip: IpAddr) -> Option<mpsc::Sender<Stream>> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter()
            .find(|(known, _)| *known == ip)
            .map(|(_, end)| end.clone())
    }
}

/// What the library takes for a listener.
#[derive(Debug)]
struct Listener {
    known_as: SocketAddr,
    streams_rx: tokio::sync::Mutex<mpsc::Receiver<Stream>>,
}

impl AsyncTcpListener for Listener {
    fn accept<'a>(&'a self) -> Boxed<'a, io::Result<(Arc<dyn AsyncTcpStream>, SocketAddr)>> {
        Box::pin(async move {
            let Some(mut stream) = self.streams_rx.lock().await.recv().await else {
                // the connection is being closed
                return std::future::pending().await;
            };
            let peer = stream.peer;
            // the library finds its candidate by the address that it bound
            stream.local = self.known_as;
            Ok((Arc::new(stream) as Arc<dyn AsyncTcpStream>, peer))
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.known_as)
    }
}

/// A stream whose first bytes were read already.
#[derive(Debug)]
struct Stream {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    first: Mutex<Vec<u8>>,
    /// The rest of a frame of which the kernel took a part.
    begun: Mutex<Vec<u8>>,
    local: SocketAddr,
    peer: SocketAddr,
}

impl Stream {
    /// Writes what the kernel takes now, and tells how much that was.
    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.write.try_write(bytes) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(0),
            done => done,
        }
    }

    /// Sends a frame, or loses it.
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if !begun.is_empty() {
            let written = self.write_some(&begun)?;
            begun.drain(..written);
        }
        if begun.is_empty() {
            let written = self.write_some(frame)?;
            if written > 0 {
                begun.extend_from_slice(&frame[written..]);
            }
        }
        Ok(())
    }
}

impl AsyncTcpStream for Stream {
    fn read<'a, 'b>(&'a self, buffer: &'b mut [u8]) -> Boxed<'b, io::Result<usize>>
    where
        'a: 'b,
    {
        Box::pin(async move {
            {
                let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
                if !first.is_empty() {
                    let length = first.len().min(buffer.len());
                    buffer[..length].copy_from_slice(&first[..length]);
                    first.drain(..length);
                    return Ok(length);
                }
            }
            loop {
                self.read.readable().await?;
                match self.read.try_read(buffer) {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    done => return done,
                }
            }
        })
    }

    fn write_all<'a, 'b>(&'a self, buffer: &'b [u8]) -> Boxed<'b, io::Result<()>>
    where
        'a: 'b,
    {
        Box::pin(std::future::ready(self.send(buffer)))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
