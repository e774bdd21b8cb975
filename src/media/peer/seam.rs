//! Owns what the library takes for its runtime: tokio, but with the shared ports in place of sockets.

use super::port::Lanes;
use super::tcp::Door;
use crate::keys::media_only;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime,
    TokioRuntime,
};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One connection's runtime.
#[derive(Debug)]
pub(super) struct Seam {
    tokio: TokioRuntime,
    lanes: Arc<Lanes>,
    door: Option<Arc<Door>>,
}

impl Seam {
    pub(super) fn new(lanes: Arc<Lanes>, door: Option<Arc<Door>>) -> Self {
        Self {
            tokio: TokioRuntime,
            lanes,
            door,
        }
    }
}

/// The driver, at the end of whose turn everything leaves that it laid out in it.
struct Turns {
    future: Boxed<'static, ()>,
    lanes: Arc<Lanes>,
}

impl Future for Turns {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        media_only(|| {
            let polled = self.future.as_mut().poll(cx);
            self.lanes.flush();
            polled
        })
    }
}

impl Runtime for Seam {
    fn spawn(&self, future: Boxed<'static, ()>) -> Box<dyn JoinHandle> {
        let lanes = self.lanes.clone();
        self.tokio.spawn(Box::pin(Turns { future, lanes }))
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        self.lanes.wrap(&socket)
    }

    fn wrap_tcp_listener(
        &self,
        listener: std::net::TcpListener,
    ) -> io::Result<Arc<dyn AsyncTcpListener>> {
        match &self.door {
            Some(door) => door.wrap(&listener),
            None => Err(io::Error::other("ICE-TCP is off")),
        }
    }

    fn connect_tcp<'a>(&'a self, to: SocketAddr) -> Boxed<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        self.tokio.connect_tcp(to)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        self.tokio.resolve_host(host)
    }

    fn now(&self) -> Instant {
        self.tokio.now()
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.tokio.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.tokio.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.tokio.block_on(future);
    }

    fn yield_now(&self) -> Boxed<'static, ()> {
        self.tokio.yield_now()
    }

    fn name(&self) -> &'static str {
        "tokio, shared ports"
    }
}
