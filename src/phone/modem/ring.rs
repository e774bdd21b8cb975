//! Owns a call that comes in on a modem: who calls, whether it is taken, and the talk until one of the two hangs up.

use super::commands::Answer;
use super::leg::{ModemLeg, ends};
use super::model::{Notice, caller};
use super::open::Open;
use crate::phone::leg::{Leg, LegEvent, Ring};
use crate::phone::number::Number;
use crate::room::{CallEnd, LineFault};
use async_trait::async_trait;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// The caller's number comes with the first or second ring.
const CALLER: Duration = Duration::from_secs(4);
/// A call that nobody has taken or refused by then is refused.
const UNDECIDED: Duration = Duration::from_secs(20);

/// A call that comes in. Dropped before it is answered, it is refused.
#[derive(Debug)]
struct ModemRing {
    caller: Option<Number>,
    leg: ModemLeg,
    answer_tx: oneshot::Sender<()>,
}

#[async_trait]
impl Ring for ModemRing {
    fn caller(&self) -> Option<&Number> {
        self.caller.as_ref()
    }

    async fn answer(self: Box<Self>) -> Result<Box<dyn Leg>, CallEnd> {
        let Self { leg, answer_tx, .. } = *self;
        // whoever called may have given up
        answer_tx.send(()).map_err(|()| CallEnd::HungUp)?;
        Ok(Box::new(leg))
    }
}

impl Open<'_> {
    /// Somebody calls.
    pub(super) async fn ringing(&mut self) -> Result<(), LineFault> {
        let Some(rings_tx) = self.line.rings_tx.get().cloned() else {
            return self.commands.ask("AT+CHUP").await.map(|_| ());
        };
        let caller = match timeout(CALLER, self.caller()).await {
            Ok(caller) => caller?,
            Err(_) => None,
        };
        let (mut end, leg) = ends();
        let (answer_tx, mut answer_rx) = oneshot::channel();
        let ring = ModemRing {
            caller,
            leg,
            answer_tx,
        };
        if rings_tx.try_send(Box::new(ring)).is_err() {
            return self.hang_up().await;
        }
        let undecided = sleep(UNDECIDED);
        tokio::pin!(undecided);
        loop {
            tokio::select! {
                answer = &mut answer_rx => match answer {
                    Ok(()) => break,
                    Err(_) => return self.hang_up().await,
                },
                told = self.commands.unasked() => {
                    let notice = self.line.settings.model.notice(&told?);
                    if matches!(notice, Some(Notice::NoCarrier | Notice::Released)) {
                        return Ok(());
                    }
                }
                () = &mut undecided => return self.hang_up().await,
            }
        }
        let events_tx = end.events_tx.clone();
        let ended = match self.commands.ask("ATA").await? {
            Answer::Ok(_) => self.talk_aloud(&mut end).await,
            Answer::Error(_) | Answer::Call(_) => Ok(CallEnd::HungUp),
        };
        self.over(ended, &events_tx).await
    }

    /// Waits for the caller's number; none where the network hides it, or he gives up.
    async fn caller(&mut self) -> Result<Option<Number>, LineFault> {
        loop {
            let line = self.commands.unasked().await?;
            if let Some(number) = caller(&line) {
                return Ok(Number::of_caller(number));
            }
            let notice = self.line.settings.model.notice(&line);
            if matches!(notice, Some(Notice::NoCarrier | Notice::Released)) {
                return Ok(None);
            }
        }
    }

    /// What an ended call comes to: hung up before it is told, as whoever is told may call again.
    pub(super) async fn over(
        &mut self,
        ended: Result<CallEnd, LineFault>,
        events_tx: &tokio::sync::mpsc::Sender<LegEvent>,
    ) -> Result<(), LineFault> {
        let (told, fault) = match ended {
            Ok(told) => (told, None),
            Err(fault) => (CallEnd::LineFault(fault), Some(fault)),
        };
        let hung_up = match fault {
            None | Some(LineFault::SoundStalled) => self.hang_up().await,
            Some(_) => Ok(()),
        };
        drop(events_tx.try_send(LegEvent::Ended(told)));
        match fault {
            Some(fault) => Err(fault),
            None => hung_up,
        }
    }
}
