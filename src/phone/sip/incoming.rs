//! Owns what the gateway sends by itself, and the end of calls that nobody waits for.

use super::ring::{SipRing, is_from};
use super::trunk::{Connected, Ending};
use crate::phone::leg::Ring;
use rsipstack::sip::{Method, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::transaction::Transaction;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a BYE may take.
const BYE: Duration = Duration::from_secs(5);
/// Requests that are answered at once; who sends more is not heard.
const ANSWERED: usize = 128;

/// Answers what the gateway sends by itself.
pub(super) async fn answer(
    mut incoming: TransactionReceiver,
    connected: &Arc<Connected>,
    rings_tx: &OnceLock<mpsc::Sender<Box<dyn Ring>>>,
) {
    let mut tasks = JoinSet::new();
    while let Some(transaction) = incoming.recv().await {
        while tasks.try_join_next().is_some() {}
        if tasks.len() < ANSWERED {
            let rings_tx = rings_tx.get().cloned();
            tasks.spawn(answer_one(transaction, connected.clone(), rings_tx));
        }
    }
}

async fn answer_one(
    mut transaction: Transaction,
    connected: Arc<Connected>,
    rings_tx: Option<mpsc::Sender<Box<dyn Ring>>>,
) {
    let dialog = connected.dialogs.match_dialog(&transaction);
    let done = match (dialog, transaction.original.method) {
        (Some(mut dialog), _) => dialog.handle(&mut transaction).await,
        (None, Method::Options) => transaction.reply(StatusCode::OK).await,
        (None, Method::Invite) => ring(&mut transaction, &connected, rings_tx).await,
        (None, Method::Ack) => Ok(()),
        (None, _) => {
            transaction
                .reply(StatusCode::CallTransactionDoesNotExist)
                .await
        }
    };
    if done.is_err() {
        tracing::debug!("a request of the gateway could not be answered");
    }
    // the other side's ACK, and what it sends again
    while transaction.receive().await.is_some() {}
}

/// A call that comes in: busy, where nobody takes calls, or where it is not the gateway that sends it.
async fn ring(
    invite: &mut Transaction,
    connected: &Arc<Connected>,
    rings_tx: Option<mpsc::Sender<Box<dyn Ring>>>,
) -> rsipstack::Result<()> {
    let ours = rings_tx.filter(|_| is_from(&invite.original, connected.peer.ip()));
    let Some(place) = ours.as_ref().and_then(|tx| tx.try_reserve().ok()) else {
        return invite.reply(StatusCode::BusyHere).await;
    };
    let Some((mut dialog, ring)) = SipRing::of(invite, connected.clone()) else {
        return invite.reply(StatusCode::CallTransactionDoesNotExist).await;
    };
    place.send(Box::new(ring));
    let done = dialog.handle(invite).await;
    // one that was not answered has nobody who removes it
    if dialog.state().is_terminated() {
        connected.dialogs.remove_dialog(&dialog.id());
    }
    done
}

/// Sees calls to their end that nobody waits for.
pub(super) async fn end_calls(mut ending_rx: mpsc::Receiver<Ending>, connected: &Arc<Connected>) {
    let mut tasks = JoinSet::new();
    while let Some((dialog, invite)) = ending_rx.recv().await {
        while tasks.try_join_next().is_some() {}
        let connected = connected.clone();
        tasks.spawn(async move {
            let ended = timeout(BYE, async {
                drop(dialog.hangup().await);
                if let Some(invite) = invite {
                    drop(invite.await);
                }
            });
            if ended.await.is_err() {
                tracing::warn!("the gateway did not acknowledge the end of a call");
            }
            connected.forget(&dialog);
        });
    }
}
