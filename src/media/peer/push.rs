//! Owns sending a feed to somebody else's server, which the box asks for it (WHIP, RFC 9725, as a client): the connection and what
//! is heard of it. What is said over HTTP is its caller's.

use super::connection::{Connection, Handle, Ways};
use super::peers::{Cause, Entered, Error, Inner, Peers, Place, Session};
use super::port::Port;
use super::sdp::{Candidate, Offer, Role};
use crate::media::feed::{Feed, Layer, TrackKind};
use crate::media::whep::Viewer;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A feed that is offered to a server. Dropped, it is offered no more.
#[derive(Debug)]
pub struct Offered {
    /// The SDP offer.
    pub offer: String,
    answer_tx: oneshot::Sender<String>,
    taken_rx: oneshot::Receiver<Result<Push, Error>>,
}

/// A feed that a server takes.
#[derive(Debug)]
pub struct Push {
    handle: Handle,
    session: Arc<Session>,
}

impl Peers {
    /// Offers to send a feed, its full picture, and its sound where that is wanted. `owner` tells whose connection it is.
    ///
    /// Each has a port of its own: a server that is at one port for all could not tell two of them apart.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Broken`].
    pub async fn push(&self, feed: Feed, sound: bool, owner: String) -> Result<Offered, Error> {
        let coded = |kind| {
            let status = feed.status();
            let status = status.borrow();
            status.formats.get(&kind).map(|format| format.codec)
        };
        let offer = Offer::own(sound.then(|| coded(TrackKind::Audio)).flatten());
        let entered = self.inner.enter(Role::Push, &feed, owner)?;
        let (offered_tx, offered_rx) = oneshot::channel();
        let (answer_tx, answer_rx) = oneshot::channel::<String>();
        let (taken_tx, taken_rx) = oneshot::channel();
        let inner = self.inner.clone();
        let id = entered.id;
        let task = async move {
            let _place = Place { inner: &inner, id };
            let (connection, handle, port) = match inner.offer(offer).await {
                Ok((connection, handle, port, text)) => {
                    // whoever asked may have gone; so has the answer's sender then
                    let _ = offered_tx.send(Ok(text));
                    (connection, handle, port)
                }
                Err(error) => {
                    let _ = offered_tx.send(Err(error));
                    return;
                }
            };
            let Entered { session, stop, .. } = entered;
            let taken = match answer_rx.await {
                Ok(answer) => handle.accept(&answer).await,
                Err(_) => Err(Error::Broken("the answer did not come".into())),
            };
            let told = taken.clone().map(|()| Push { handle, session });
            if taken_tx.send(told).is_err() || taken.is_err() {
                connection.close().await;
                return;
            }
            let viewer = Viewer::new(feed, Layer::Main, connection, inner.lost.clone());
            tokio::select! {
                () = viewer.run(stop) => {}
                () = port.run() => {}
            }
        };
        if self.inner.tasks_tx.send(Box::pin(task)).await.is_err() {
            self.inner.lock().remove(&id);
        }
        let offer = offered_rx
            .await
            .unwrap_or(Err(Error::Broken("the box is stopping".into())))?;
        Ok(Offered {
            offer,
            answer_tx,
            taken_rx,
        })
    }
}

impl Offered {
    /// Takes the server's answer.
    ///
    /// # Errors
    /// [`Error::BadSdp`], [`Error::NotAcceptable`], [`Error::SoundRefused`].
    pub async fn accept(self, answer: String) -> Result<Push, Error> {
        // where the task has ended, the next line says why
        drop(self.answer_tx.send(answer));
        self.taken_rx
            .await
            .unwrap_or(Err(Error::Broken("the connection has ended".into())))
    }
}

impl Push {
    /// Whether it was ever connected.
    pub fn is_up(&self) -> bool {
        self.handle.has_come()
    }

    /// Returns once it is over. Cancel-safe.
    pub async fn ended(&self) {
        self.session.ended().await;
    }

    /// Ends it.
    pub async fn end(self) {
        self.session.leave(Cause::Deleted).await;
    }
}

impl Inner {
    async fn offer(&self, offer: Offer) -> Result<(Connection, Handle, Arc<Port>, String), Error> {
        let addresses: Vec<_> = self.port.addresses().map(|at| at.ip()).collect();
        let port = Port::bind(&addresses, 0).map_err(|error| Error::Broken(error.to_string()))?;
        let ways = Ways {
            lanes: port.lanes(),
            door: None,
            local: addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect(),
            candidates: port.addresses().map(Candidate::Udp).collect(),
        };
        let (connection, handle, text) = Connection::offer(offer, ways).await?;
        Ok((connection, handle, port, text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sdp::accepted;
    use super::*;
    use crate::media::feed::Codec;

    #[test]
    fn an_answer_that_takes_no_sound_is_told_from_one_that_takes_no_picture() {
        let offer = Offer::own(Some(Codec::Opus));
        let answer = |video: u16, audio: u16| {
            let text = format!(
                "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video {video} UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n\
                 a=candidate:1 1 udp 1 hidden.local 9 typ host\r\nm=audio {audio} UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n"
            );
            accepted(&text, &offer)
        };
        assert!(answer(9, 9).is_ok_and(|text| !text.contains(".local")));
        assert_eq!(answer(9, 0), Err(Error::SoundRefused));
        assert!(matches!(answer(0, 9), Err(Error::NotAcceptable(_))));
        assert!(matches!(
            accepted("v=0\r\n", &offer),
            Err(Error::BadSdp { .. })
        ));
    }
}
