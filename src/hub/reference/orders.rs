//! Owns how an order that the pool's owner has drawn gets to a room: the certificate to which he encrypts it, and the envelope, sent in
//! parts that any broker takes, each a command like all others. The hub cannot read what it carries.

use super::board::{CommandState, OrderView};
use super::database::{Database, DatabaseError};
use super::handle::HubError;
use super::keeper::Keeper;
use super::look;
use crate::config::RoomId;
use crate::hub::contract::{HubOrder, LARGEST_COMMAND, LARGEST_ORDER, ReplyOutcome};
use crate::keys::is_envelope;
use crate::room::{Hex32, SessionId, Utc};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Bytes of a part: in base64 and with all that stands around it less than the 128 KiB that a command may have.
const PART: usize = 90_000;

/// Why an order is not sent. Repeats nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsentOrder {
    /// What is no envelope might be read by anybody on its way.
    #[error(
        "不是加密的 CMS 文件，未发送；请专家库用评标室的证书加密（openssl cms -encrypt -aes-256-gcm） / no encrypted CMS file, so it is not sent: the pool's owner encrypts it to the room's certificate (openssl cms -encrypt -aes-256-gcm)"
    )]
    NotAnEnvelope,
    /// Rooms take no larger ones.
    #[error(
        "文件超过 12 MiB，评标室不接收；专家库最多 20000 人 / larger than the 12 MiB that rooms take; a pool has 20,000 people at most"
    )]
    TooLarge,
    /// A room of a version that takes no orders by the hub has stated no certificate.
    #[error(
        "评标室尚未上报证书，不能接收次序；请等它上线，或升级其程序 / the room has stated no certificate, so it takes no orders: wait until it is online, or bring its program up to date"
    )]
    NoCertificate,
    /// The broker takes no message that large.
    #[error(
        "消息服务器单条消息最多 {limit} 字节，抽取次序每段需要 131072 字节；请调大 max_packet_size / the broker takes {limit} bytes a message at most, and parts of an order need 131072: raise its max_packet_size"
    )]
    Broker {
        /// Bytes.
        limit: u32,
    },
}

impl Keeper {
    /// Sends an order to a room.
    ///
    /// # Errors
    /// The city has no such room, or what is given can be no order; nothing was sent then.
    pub(super) fn give_order(
        &mut self,
        room: RoomId,
        session: SessionId,
        container: &[u8],
        now: Utc,
    ) -> Result<(), HubError> {
        if container.len() > LARGEST_ORDER {
            return Err(UnsentOrder::TooLarge.into());
        }
        if !is_envelope(container) {
            return Err(UnsentOrder::NotAnEnvelope.into());
        }
        if let Some(limit) = self.broker_limit() {
            return Err(UnsentOrder::Broker { limit }.into());
        }
        if self.rooms.contains(&room) && !self.board.certificates.contains_key(&room) {
            return Err(UnsentOrder::NoCertificate.into());
        }
        let sha256 = Hex32::of(Sha256::digest(container).into());
        let pieces = container.chunks(PART);
        let parts = u16::try_from(pieces.len()).map_err(|_| UnsentOrder::TooLarge)?;
        let orders = pieces.zip(1..).map(|(piece, part)| HubOrder::GiveOrder {
            session: session.clone(),
            sha256: sha256.clone(),
            part,
            parts,
            content: STANDARD.encode(piece),
        });
        let orders = orders.map(|order| (room.clone(), order)).collect();
        self.ask_known(orders, now, |batch| {
            batch.db().execute(
                "INSERT INTO orders (room, session, sent, sha256, bytes) VALUES ($1, $2, $3, $4, $5)",
                &[
                    room.as_str().into(),
                    session.as_str().into(),
                    now.0.into(),
                    sha256.as_str().into(),
                    (container.len() as u64).into(),
                ],
            )?;
            Ok(())
        })
    }
}

impl Keeper {
    /// What the broker takes at most, where that is too little for an order's parts.
    fn broker_limit(&self) -> Option<u32> {
        let largest = self.broker_rx.borrow().as_ref()?.largest?;
        (usize::try_from(largest).is_ok_and(|bytes| bytes < LARGEST_COMMAND)).then_some(largest)
    }
}

/// Orders that were sent to rooms, newest first: how many of their parts were answered, and how they stand.
pub(super) fn orders(db: &mut Database, now: Utc) -> Result<Vec<OrderView>, DatabaseError> {
    let rows = db.rows(
        "SELECT room, session, sent, sha256, bytes FROM orders ORDER BY sent DESC, room LIMIT $1",
        &[look::SHOWN.into()],
    )?;
    let mut shown = Vec::new();
    for row in rows {
        // its parts are the commands that were given with it
        let parts = db.rows(
            "SELECT expires, reply FROM commands WHERE what = 'give_order' AND room = $1 AND evaluation = $2 AND issued = $3 ORDER BY id",
            &[row.text(0)?.into(), row.text(1)?.into(), row.number(2)?.into()],
        )?;
        let mut view = OrderView {
            room: row.text(0)?.parse().map_err(DatabaseError::damaged)?,
            session: row.text(1)?.parse().map_err(DatabaseError::damaged)?,
            sent: Utc(row.number(2)?),
            sha256: row.text(3)?.parse().map_err(DatabaseError::damaged)?,
            bytes: row.count(4)?,
            parts: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            answered: 0,
            state: CommandState::Waiting,
        };
        let states = parts.iter().map(|part| look::state(part, (0, 1), now));
        let states: Vec<CommandState> = states.collect::<Result<_, _>>()?;
        let answered = states.iter().filter(|state| is_answered(state)).count();
        view.answered = u32::try_from(answered).unwrap_or(u32::MAX);
        // the first no decides; a yes holds once all have said it
        if let Some(worst) = states.into_iter().max_by_key(weight) {
            view.state = worst;
        }
        shown.push(view);
    }
    Ok(shown)
}

fn is_answered(state: &CommandState) -> bool {
    matches!(state, CommandState::Answered { .. })
}

/// Which of its parts an order stands as.
fn weight(state: &CommandState) -> u8 {
    match state {
        CommandState::Answered { outcome } => match **outcome {
            ReplyOutcome::Refused { .. } | ReplyOutcome::Rejected { .. } => 3,
            ReplyOutcome::Done { .. } => 0,
        },
        CommandState::Expired => 2,
        CommandState::Waiting => 1,
    }
}

/// The certificates of the boxes in their rooms' places: SHA-256 of each, hex.
pub(super) fn certificates(db: &mut Database) -> Result<BTreeMap<RoomId, String>, DatabaseError> {
    let rows = db.rows(
        "SELECT c.room, c.certificate FROM certificates c JOIN boxes b ON b.room = c.room AND b.box = c.box
         WHERE b.epoch = (SELECT max(epoch) FROM boxes WHERE room = c.room)",
        &[],
    )?;
    let mut all = BTreeMap::new();
    for row in rows {
        let room = row.text(0)?.parse().map_err(DatabaseError::damaged)?;
        if let Ok(der) = CertificateDer::from_pem_slice(row.text(1)?.as_bytes()) {
            all.insert(room, hex::encode(Sha256::digest(&der)));
        }
    }
    Ok(all)
}

/// The certificate of the box in a room's place, PEM.
pub(super) fn certificate(db: &mut Database, room: &RoomId) -> Result<String, HubError> {
    let row = db.row(
        "SELECT c.certificate FROM certificates c JOIN boxes b ON b.room = c.room AND b.box = c.box
         WHERE c.room = $1 AND b.epoch = (SELECT max(epoch) FROM boxes WHERE room = $1)",
        &[room.as_str().into()],
    )?;
    let row = row.ok_or(HubError::NotFound)?;
    Ok(row.text(0)?.to_owned())
}
