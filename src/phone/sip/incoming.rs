//! Owns what the gateway sends by itself, and the end of calls that nobody waits for.

use super::trunk::Ending;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::{Method, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a BYE may take.
const BYE: Duration = Duration::from_secs(5);

/// Answers what the gateway sends by itself.
pub(super) async fn answer(mut incoming: TransactionReceiver, dialogs: Arc<DialogLayer>) {
    let mut tasks = JoinSet::new();
    while let Some(mut transaction) = incoming.recv().await {
        while tasks.try_join_next().is_some() {}
        let dialog = dialogs.match_dialog(&transaction);
        tasks.spawn(async move {
            let done = match (dialog, transaction.original.method) {
                (Some(mut dialog), _) => dialog.handle(&mut transaction).await,
                (None, Method::Options) => transaction.reply(StatusCode::OK).await,
                // nobody takes calls here
                (None, Method::Invite) => transaction.reply(StatusCode::BusyHere).await,
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
        });
    }
}

/// Sees calls to their end that nobody waits for.
pub(super) async fn end_calls(mut ending_rx: mpsc::Receiver<Ending>, dialogs: Arc<DialogLayer>) {
    let mut tasks = JoinSet::new();
    while let Some((dialog, invite)) = ending_rx.recv().await {
        while tasks.try_join_next().is_some() {}
        let dialogs = dialogs.clone();
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
            dialogs.remove_dialog(&dialog.id());
        });
    }
}
