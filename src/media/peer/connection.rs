//! Owns one peer connection: its making from an offer, what is heard on it, what is sent on it.
//!
//! ```text
//! Waiting ──connected──► Up ◄──── connected ──┐
//!    │                    └──disconnected──► Away ──10 s──► gone
//!    └──15 s──► gone          any ──failed, closed──► gone
//! ```

use super::outbox::{self, Outbox};
use super::port::Lanes;
use super::sdp::{self, Candidate, Fragment, Numbered, Offer, Role};
use super::seam::Seam;
use super::tap::{REPORTS_KEPT, Report, SLOT, Tap};
use super::tcp::Door;
use super::{Error, rtp};
use crate::media::clock;
use crate::media::feed::{Codec, TrackKind};
use crate::room::SourceFault;
use futures::StreamExt;
use futures::stream::{BoxStream, SelectAll};
use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::{NackResponderBuilder, SenderReportBuilder, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::transport::RTCDtlsRole;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use rtc::shared::error::Error as LibraryError;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc, watch};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
    RTCConfigurationBuilder, RTCIceCandidateInit, RTCIceGatheringState, RTCPeerConnectionState,
    RTCSessionDescription, Registry, SettingEngineBuilder, configure_nack, configure_rtcp_reports,
    configure_simulcast_extension_headers, configure_twcc_receiver_only,
};

/// How long a peer may take to connect after its offer was answered.
const TO_CONNECT: Duration = Duration::from_secs(15);
/// How long a peer may be away before it is given up.
const AWAY: Duration = Duration::from_secs(10);
/// How long host candidates may take; they take milliseconds.
const TO_GATHER: Duration = Duration::from_secs(2);
/// Connection events waiting for the connection's task; states and tracks, a handful in a lifetime.
const EVENTS_KEPT: usize = 64;

/// Why a peer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It never connected.
    NeverConnected,
    /// It has not been heard for a while.
    Away,
    /// The connection failed.
    Failed,
    /// The peer closed the connection.
    Closed,
}

impl From<Gone> for SourceFault {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::NeverConnected | Gone::Failed => SourceFault::ConnectionFailed,
            Gone::Away => SourceFault::WorkstationUnheard,
            Gone::Closed => SourceFault::WorkstationLeft,
        }
    }
}

/// What is heard on a connection.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A track's first packet is about to come. `rid` tells simulcast layers apart.
    Opened { ssrc: u32, rid: Option<String> },
    /// A packet of the publisher, with retransmissions already put into the track they repair.
    Packet {
        packet: rtp::Packet,
        arrival: Instant,
    },
    /// The publisher's clock: `ntp` (32.32 fixed point seconds since 1900) and `rtp` name one moment.
    Clock { ssrc: u32, ntp: u64, rtp: u32 },
    /// The viewer wants a key frame.
    KeyFrameWish,
    /// The connection is up (again).
    Up,
    /// The peer is not heard at the moment.
    Silent,
    /// The connection is over. Nothing is heard after it.
    Gone(Gone),
}

#[derive(Debug, Clone, Copy)]
enum Link {
    Waiting { until: Instant },
    Up,
    Away { until: Instant },
}

/// One peer connection, held by the task that serves it.
pub(crate) struct Connection {
    handle: Handle,
    codecs: Vec<Numbered>,
    link: Link,
    events_rx: mpsc::Receiver<Event>,
    reports_rx: mpsc::Receiver<Report>,
    arriving: SelectAll<BoxStream<'static, Arriving>>,
    remotes: Vec<(u32, Arc<dyn TrackRemote>)>,
    outlets: Vec<Outlet>,
    outbox: Outbox,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// A track that is sent to the peer.
struct Outlet {
    kind: TrackKind,
    ssrc: u32,
    track: Arc<TrackLocalStaticRTP>,
}

enum Event {
    State(RTCPeerConnectionState),
    Track(Arc<dyn TrackRemote>),
}

enum Arriving {
    Opened {
        ssrc: u32,
        rid: Option<String>,
        track: Arc<dyn TrackRemote>,
    },
    Packet {
        packet: rtp::Packet,
        arrival: Instant,
    },
}

/// Where the box can be reached, and the ways through its ports.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    pub(super) lanes: Arc<Lanes>,
    pub(super) door: Option<Arc<Door>>,
    pub(super) local: Vec<SocketAddr>,
    pub(super) candidates: Vec<Candidate>,
}

/// What can be done to a connection from outside its task: PATCH.
#[derive(Clone)]
pub(super) struct Handle {
    pc: Arc<dyn PeerConnection>,
    offer: Arc<Mutex<Offer>>,
    ways: Ways,
    /// Whether the peer has connected.
    has_come: Arc<AtomicBool>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

struct Callbacks {
    events_tx: mpsc::Sender<Event>,
    gathered_tx: watch::Sender<bool>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Callbacks {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered_tx.send_replace(true);
        }
    }

    // callbacks run on the task that drives the connection: never wait in them
    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let _ = self.events_tx.try_send(Event::State(state));
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let _ = self.events_tx.try_send(Event::Track(track));
    }
}

fn broken(error: LibraryError) -> Error {
    Error::Broken(error.to_string())
}

impl Connection {
    /// Answers an offer. The connection is up when [`Heard::Up`] is heard.
    pub(super) async fn answer(
        role: Role,
        offer: Offer,
        ways: Ways,
    ) -> Result<(Self, Handle, String), Error> {
        let (mut connection, mut gathered_rx) = Self::make(role, &offer, ways).await?;
        let handle = connection.handle.clone();
        match handle.first_answer(role, &offer, &mut gathered_rx).await {
            Ok((answer, outlets)) => {
                connection.outlets = outlets;
                Ok((connection, handle, answer))
            }
            Err(error) => {
                handle.close().await;
                Err(error)
            }
        }
    }

    /// Offers to send. [`Handle::accept`] takes the peer's answer.
    pub(super) async fn offer(offer: Offer, ways: Ways) -> Result<(Self, Handle, String), Error> {
        let (mut connection, mut gathered_rx) = Self::make(Role::Push, &offer, ways).await?;
        let handle = connection.handle.clone();
        match handle.first_offer(&offer, &mut gathered_rx).await {
            Ok((offered, outlets)) => {
                connection.outlets = outlets;
                Ok((connection, handle, offered))
            }
            Err(error) => {
                handle.close().await;
                Err(error)
            }
        }
    }

    /// A connection that is not described yet; and where is said that it knows its addresses.
    async fn make(
        role: Role,
        offer: &Offer,
        ways: Ways,
    ) -> Result<(Self, watch::Receiver<bool>), Error> {
        let (events_tx, events_rx) = mpsc::channel(EVENTS_KEPT);
        let (reports_tx, reports_rx) = mpsc::channel(REPORTS_KEPT);
        let (gathered_tx, gathered_rx) = watch::channel(false);
        let mut media = media_engine(&offer.codecs).map_err(broken)?;
        let registry = interceptors(role, &mut media).map_err(broken)?;
        let outbox = Outbox::default();
        let registry = registry
            .with(Slot::from(outbox::SLOT), outbox.interceptor())
            .with(Slot::from(SLOT), Tap::new(reports_tx));
        let settings = SettingEngineBuilder::new()
            .with_answering_dtls_role(RTCDtlsRole::Server)
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            .with_include_loopback_candidate(true)
            .with_ice_timeouts(
                Some(Duration::from_secs(5)),
                Some(Duration::from_secs(25)),
                Some(Duration::from_secs(2)),
            )
            .build();
        let tcp = if ways.door.is_some() {
            ways.local.clone()
        } else {
            Vec::new()
        };
        let pc = PeerConnectionBuilder::<SocketAddr>::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(media)
            .with_setting_engine(settings)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Callbacks {
                events_tx,
                gathered_tx,
            }))
            .with_runtime(Arc::new(Seam::new(ways.lanes.clone(), ways.door.clone())))
            .with_udp_addrs(ways.local.clone())
            .with_tcp_addrs(tcp)
            .build()
            .await
            .map_err(broken)?;
        let handle = Handle {
            pc: Arc::new(pc),
            offer: Arc::new(Mutex::new(offer.clone())),
            ways,
            has_come: Arc::default(),
        };
        let connection = Self {
            handle,
            codecs: offer.codecs.clone(),
            link: Link::Waiting {
                until: clock::now() + TO_CONNECT,
            },
            events_rx,
            reports_rx,
            arriving: SelectAll::new(),
            remotes: Vec::new(),
            outlets: Vec::new(),
            outbox,
        };
        Ok((connection, gathered_rx))
    }

    /// What is heard next. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Heard {
        loop {
            let deadline = match self.link {
                Link::Waiting { until } | Link::Away { until } => Some(until),
                Link::Up => None,
            };
            let expiry = async {
                match deadline {
                    Some(until) => tokio::time::sleep_until(until.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(event) = self.events_rx.recv() => match event {
                    Event::State(state) => if let Some(heard) = self.hear_state(state) { return heard },
                    Event::Track(track) => self.arriving.push(read(track)),
                },
                Some(report) = self.reports_rx.recv() => return match report {
                    Report::KeyFrameWish => Heard::KeyFrameWish,
                    Report::Sender { ssrc, ntp, rtp } => Heard::Clock { ssrc, ntp, rtp },
                },
                Some(arriving) = self.arriving.next(), if !self.arriving.is_empty() => match arriving {
                    Arriving::Opened { ssrc, rid, track } => {
                        self.remotes.retain(|(known, _)| *known != ssrc);
                        self.remotes.push((ssrc, track));
                        return Heard::Opened { ssrc, rid };
                    }
                    Arriving::Packet { packet, arrival } => return Heard::Packet { packet, arrival },
                },
                () = expiry => return Heard::Gone(match self.link {
                    Link::Waiting { .. } => Gone::NeverConnected,
                    Link::Up | Link::Away { .. } => Gone::Away,
                }),
            }
        }
    }

    fn hear_state(&mut self, state: RTCPeerConnectionState) -> Option<Heard> {
        match state {
            RTCPeerConnectionState::Connected => {
                self.link = Link::Up;
                self.handle.has_come.store(true, Ordering::Relaxed);
                Some(Heard::Up)
            }
            RTCPeerConnectionState::Disconnected => {
                self.link = Link::Away {
                    until: clock::now() + AWAY,
                };
                Some(Heard::Silent)
            }
            RTCPeerConnectionState::Failed => Some(Heard::Gone(Gone::Failed)),
            RTCPeerConnectionState::Closed => Some(Heard::Gone(Gone::Closed)),
            RTCPeerConnectionState::Unspecified
            | RTCPeerConnectionState::New
            | RTCPeerConnectionState::Connecting => None,
            // the library's states are open-ended
            _ => None,
        }
    }

    /// What a payload type of the peer means.
    pub(crate) fn codec(&self, payload_type: u8) -> Option<Codec> {
        self.codecs
            .iter()
            .find(|c| c.payload_type == payload_type)
            .map(|c| c.codec)
    }

    /// Whether a track of this kind was agreed on.
    pub(crate) fn has(&self, kind: TrackKind) -> bool {
        self.codecs.iter().any(|c| c.codec.track() == kind)
    }

    /// Asks the publisher for a key frame of a track.
    pub(crate) async fn ask_key_frame(&mut self, ssrc: u32) {
        let Some((_, track)) = self.remotes.iter().find(|(known, _)| *known == ssrc) else {
            return;
        };
        let request = PictureLossIndication {
            sender_ssrc: 0,
            media_ssrc: ssrc,
        };
        // a connection that is gone is heard of by `next`
        let _ = track.write_rtcp(vec![Box::new(request)]).await;
    }

    /// Whether a packet of this codec can be sent.
    pub(crate) fn takes(&self, codec: Codec) -> bool {
        self.codecs.iter().any(|c| c.codec == codec)
    }

    /// Lays a packet out for sending, with the peer's numbers in it. A packet that the peer does not take
    /// is dropped.
    pub(crate) fn put(&mut self, codec: Codec, mut packet: rtp::Packet) {
        let Some(numbered) = self.codecs.iter().find(|c| c.codec == codec) else {
            return;
        };
        let Some(outlet) = self.outlets.iter().find(|o| o.kind == codec.track()) else {
            return;
        };
        let header = &mut packet.header;
        header.payload_type = numbered.payload_type;
        header.ssrc = outlet.ssrc;
        header.csrc.clear();
        header.extension = false;
        header.extensions.clear();
        header.extensions_padding = 0;
        header.padding = false;
        self.outbox.put(packet);
    }

    /// Sends what was laid out.
    pub(crate) async fn send(&mut self) {
        if let Some(outlet) = self.outlets.first()
            && self.outbox.is_to_be_emptied()
        {
            let _ = outlet.track.write_rtcp(outbox::sign()).await;
        }
    }

    /// Ends the connection and gives its ways back.
    pub(crate) async fn close(self) {
        self.handle.close().await;
    }
}

impl Handle {
    /// Whether the peer has connected, now or earlier.
    pub(super) fn has_come(&self) -> bool {
        self.has_come.load(Ordering::Relaxed)
    }

    async fn first_answer(
        &self,
        role: Role,
        offer: &Offer,
        gathered_rx: &mut watch::Receiver<bool>,
    ) -> Result<(String, Vec<Outlet>), Error> {
        let description = RTCSessionDescription::offer(offer.text()).map_err(refused)?;
        self.pc
            .set_remote_description(description)
            .await
            .map_err(refused)?;
        let mut outlets = Vec::new();
        if role == Role::Watch {
            for kind in [TrackKind::Video, TrackKind::Audio] {
                // the first codec sets the clock of the sender reports
                let Some(numbered) = offer.codecs_of(kind).next() else {
                    continue;
                };
                let outlet = Outlet::new(kind, numbered);
                self.pc
                    .add_track(outlet.track.clone())
                    .await
                    .map_err(broken)?;
                outlets.push(outlet);
            }
        }
        let answer = self.local_answer().await?;
        // the agent must know its addresses before the peer calls
        let _ = tokio::time::timeout(TO_GATHER, gathered_rx.wait_for(|done| *done)).await;
        let answer = offer.answer(&answer, &self.ways.candidates)?;
        Ok((answer, outlets))
    }

    async fn first_offer(
        &self,
        offer: &Offer,
        gathered_rx: &mut watch::Receiver<bool>,
    ) -> Result<(String, Vec<Outlet>), Error> {
        let mut outlets = Vec::new();
        for numbered in &offer.codecs {
            let outlet = Outlet::new(numbered.codec.track(), numbered);
            let init = RTCRtpTransceiverInit {
                direction: RTCRtpTransceiverDirection::Sendonly,
                streams: vec!["feed".to_owned()],
                send_encodings: Vec::new(),
            };
            let added = self
                .pc
                .add_transceiver_from_track(outlet.track.clone(), Some(init));
            added.await.map_err(broken)?;
            outlets.push(outlet);
        }
        let offered = self.pc.create_offer(None).await.map_err(broken)?;
        let text = sdp::offered(&offered.sdp, &self.ways.candidates)?;
        let (user, password) = sdp::credentials(&offered.sdp)?;
        self.ways.lanes.register(user, password);
        self.pc
            .set_local_description(offered)
            .await
            .map_err(broken)?;
        // the agent must know its addresses before it calls
        let _ = tokio::time::timeout(TO_GATHER, gathered_rx.wait_for(|done| *done)).await;
        Ok((text, outlets))
    }

    /// Takes the answer to this box's own offer.
    pub(super) async fn accept(&self, answer: &str) -> Result<(), Error> {
        let answer = {
            let offer = self.offer.lock().await;
            sdp::accepted(answer, &offer)?
        };
        let description = RTCSessionDescription::answer(answer).map_err(refused)?;
        let taken = self.pc.set_remote_description(description).await;
        taken.map_err(refused)
    }

    async fn local_answer(&self) -> Result<String, Error> {
        let answer = self.pc.create_answer(None).await.map_err(refused)?;
        let (user, password) = sdp::credentials(&answer.sdp)?;
        self.ways.lanes.register(user.clone(), password.clone());
        if let Some(door) = &self.ways.door {
            door.register(user, password);
        }
        let text = answer.sdp.clone();
        self.pc
            .set_local_description(answer)
            .await
            .map_err(refused)?;
        Ok(text)
    }

    /// Carries a fragment out: candidates are taken (`None`), new credentials are an ICE restart and
    /// have an answer.
    pub(super) async fn patch(&self, fragment: &Fragment) -> Result<Option<String>, Error> {
        let mut offer = self.offer.lock().await;
        if !offer.is_restart(fragment) {
            for candidate in &fragment.candidates {
                let init = RTCIceCandidateInit {
                    candidate: candidate.clone(),
                    sdp_mid: Some(offer.mid().to_owned()),
                    sdp_mline_index: Some(0),
                    ..Default::default()
                };
                self.pc.add_ice_candidate(init).await.map_err(refused)?;
            }
            return Ok(None);
        }
        let restarted = offer.restarted(fragment);
        let description = RTCSessionDescription::offer(restarted.text()).map_err(refused)?;
        self.pc
            .set_remote_description(description)
            .await
            .map_err(refused)?;
        let answer = self.local_answer().await?;
        let fragment = sdp::answer_fragment(&answer, &restarted, &self.ways.candidates)?;
        *offer = restarted;
        Ok(Some(fragment))
    }

    async fn close(&self) {
        // closing a closed connection succeeds, and an error leaves nothing to be done
        let _ = self.pc.close().await;
        self.ways.lanes.close();
        if let Some(door) = &self.ways.door {
            door.close();
        }
    }
}

/// What the library does not take of an offer, now or while it is answered, is the offer's fault.
fn refused(error: LibraryError) -> Error {
    tracing::debug!(%error, "offer refused by the library");
    Error::NotAcceptable("the description cannot be served")
}

impl Outlet {
    fn new(kind: TrackKind, numbered: &Numbered) -> Self {
        let ssrc: u32 = rand::random();
        let (name, library_kind) = match kind {
            TrackKind::Video => ("video", RtpCodecKind::Video),
            TrackKind::Audio => ("audio", RtpCodecKind::Audio),
        };
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(ssrc),
                ..Default::default()
            },
            codec: parameters(numbered).rtp_codec,
            ..Default::default()
        };
        let track = MediaStreamTrack::new(
            "feed".into(),
            name.into(),
            name.into(),
            library_kind,
            vec![coding],
        );
        Self {
            kind,
            ssrc,
            track: Arc::new(TrackLocalStaticRTP::new(track)),
        }
    }
}

fn media_engine(codecs: &[Numbered]) -> Result<MediaEngine, LibraryError> {
    let mut engine = MediaEngine::default();
    for numbered in codecs {
        let kind = match numbered.codec.track() {
            TrackKind::Video => RtpCodecKind::Video,
            TrackKind::Audio => RtpCodecKind::Audio,
        };
        engine.register_codec(parameters(numbered), kind)?;
        if let Some(payload_type) = numbered.rtx {
            let rtp_codec = RTCRtpCodec {
                mime_type: "video/rtx".to_owned(),
                clock_rate: 90_000,
                channels: 0,
                sdp_fmtp_line: format!("apt={}", numbered.payload_type),
                rtcp_feedback: vec![],
            };
            engine.register_codec(
                RTCRtpCodecParameters {
                    rtp_codec,
                    payload_type,
                },
                kind,
            )?;
        }
    }
    Ok(engine)
}

/// What looks at each packet on its way: repairs, and reports.
fn interceptors(role: Role, media: &mut MediaEngine) -> Result<Registry, LibraryError> {
    let both_ways = configure_rtcp_reports(configure_nack(Registry::new(), media));
    match role {
        Role::Publish => {
            configure_simulcast_extension_headers(media)?;
            // without it a browser does not dare more than some 300 kbit/s
            configure_twcc_receiver_only(both_ways, media)
        }
        // a viewer sends no media: whoever looks at what is received would see what is sent pass, for nothing
        Role::Watch | Role::Push => Ok(Registry::new()
            .with(Slot::NackResponder, NackResponderBuilder::new().build())
            .with(Slot::SenderReport, SenderReportBuilder::new().build())),
    }
}

fn parameters(numbered: &Numbered) -> RTCRtpCodecParameters {
    let (mime_type, clock_rate, channels) = match numbered.codec {
        Codec::H264 | Codec::H265 => ("video/H264", 90_000, 0),
        Codec::Opus | Codec::Aac => ("audio/opus", 48_000, 2),
        Codec::Pcma => ("audio/PCMA", 8_000, 0),
        Codec::Pcmu => ("audio/PCMU", 8_000, 0),
    };
    let rtp_codec = RTCRtpCodec {
        mime_type: mime_type.to_owned(),
        clock_rate,
        channels,
        sdp_fmtp_line: numbered.fmtp.clone(),
        rtcp_feedback: vec![],
    };
    RTCRtpCodecParameters {
        rtp_codec,
        payload_type: numbered.payload_type,
    }
}

/// A track's events for as long as it lasts.
fn read(track: Arc<dyn TrackRemote>) -> BoxStream<'static, Arriving> {
    let events = futures::stream::unfold(track, |track| async move {
        loop {
            // the library's events are open-ended: what is not known here says nothing of media
            match track.poll().await? {
                TrackRemoteEvent::OnOpen(init) => {
                    let opened = Arriving::Opened {
                        ssrc: init.ssrc,
                        rid: init.rid,
                        track: track.clone(),
                    };
                    return Some((opened, track));
                }
                TrackRemoteEvent::OnRtpPacket(packet) => {
                    return Some((
                        Arriving::Packet {
                            packet,
                            arrival: clock::now(),
                        },
                        track,
                    ));
                }
                TrackRemoteEvent::OnError
                | TrackRemoteEvent::OnEnding
                | TrackRemoteEvent::OnEnded
                | TrackRemoteEvent::OnMute
                | TrackRemoteEvent::OnUnmute
                | TrackRemoteEvent::OnRtcpPacket(_) => {}
                _ => {}
            }
        }
    });
    events.boxed()
}
