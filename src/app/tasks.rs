//! Owns the daemon's long-lived tasks: each has a name, none ends unnoticed.

use std::collections::HashMap;
use std::future::Future;
use tokio::task::{Id, JoinSet};
use tracing::Instrument;

/// The running tasks. Dropping it aborts them.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    running: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Tasks {
    /// Starts a task that is to run until it is told to stop.
    pub(super) fn start(
        &mut self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let span = tracing::info_span!("task", name);
        let id = self.running.spawn(task.instrument(span)).id();
        self.names.insert(id, name);
    }

    /// The name of the next task that ends; never, while there is none.
    pub(super) async fn ended(&mut self) -> &'static str {
        let id = match self.running.join_next_with_id().await {
            None => std::future::pending().await,
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => {
                tracing::error!(%error, "a task failed");
                error.id()
            }
        };
        self.names.remove(&id).unwrap_or("unknown")
    }

    /// Waits until one task has ended; others may end meanwhile.
    pub(super) async fn finish(&mut self, name: &'static str) {
        while self.names.values().any(|running| *running == name) {
            self.ended().await;
        }
    }
}
