//! Owns what an operator plans: an evaluation over its venues, its change, its policies and its end, and an archive that is asked for.
//! All of it is kept before anybody is asked.

use super::evaluation::{Evaluation, EvaluationFault};
use super::handle::HubError;
use super::keeper::Keeper;
use super::look;
use super::store::Batch;
use super::words::{Words, has_session};
use crate::config::RoomId;
use crate::hub::contract::HubOrder;
use crate::room::{Note, Policies, SessionId, Utc};
use std::collections::BTreeSet;

/// What a venue is told that a changed evaluation has no more.
const NO_VENUE_ANY_MORE: &str = "评标计划已变更，不再使用本室";

impl Keeper {
    pub(super) fn plan(&mut self, evaluation: &Evaluation, now: Utc) -> Result<(), HubError> {
        evaluation.check(&self.fold(now))?;
        let id = evaluation.id.clone();
        if look::evaluation(self.store.look(), &id)?.is_some() {
            return Err(EvaluationFault::Exists { id }.into());
        }
        let orders = evaluation.plans().into_iter();
        let orders = orders.map(|(room, plan)| (room, HubOrder::PlanSession { plan }));
        let text = serde_json::to_string(evaluation)?;
        self.ask_rooms(orders.collect(), now, |batch| {
            batch.db().execute(
                "INSERT INTO evaluations (id, made, evaluation) VALUES ($1, $2, $3)",
                &[id.as_str().into(), now.0.into(), text.as_str().into()],
            )?;
            Ok(())
        })
    }

    pub(super) fn change(&mut self, evaluation: &Evaluation, now: Utc) -> Result<(), HubError> {
        evaluation.check(&self.fold(now))?;
        let id = &evaluation.id;
        let db = self.store.look();
        let known = look::evaluation(db, id)?.ok_or(HubError::NotFound)?;
        let mut orders = Vec::new();
        let kept: BTreeSet<&RoomId> = evaluation.venues.iter().map(|venue| &venue.room).collect();
        for venue in known
            .venues
            .iter()
            .filter(|venue| !kept.contains(&venue.room))
        {
            if has_session(db, id, &venue.room, now)? {
                let session = id.clone();
                let reason = Note::new(NO_VENUE_ANY_MORE).expect("a line of plain text");
                orders.push((
                    venue.room.clone(),
                    HubOrder::CancelSession { session, reason },
                ));
            }
        }
        for (room, plan) in evaluation.plans() {
            let order = match has_session(db, id, &room, now)? {
                true => HubOrder::ChangePlan { plan },
                false => HubOrder::PlanSession { plan },
            };
            orders.push((room, order));
        }
        self.ask_rooms(orders, now, |batch| keep(batch, evaluation))
    }

    pub(super) fn set_policies(
        &mut self,
        id: &SessionId,
        policies: Option<Policies>,
        now: Utc,
    ) -> Result<(), HubError> {
        let known = look::evaluation(self.store.look(), id)?;
        let mut evaluation = known.ok_or(HubError::NotFound)?;
        evaluation.policies.clone_from(&policies);
        let order = HubOrder::SetPolicies {
            session: id.clone(),
            policies,
        };
        let orders = self.of_venues(&evaluation, &order, now)?;
        self.ask_rooms(orders, now, |batch| keep(batch, &evaluation))
    }

    pub(super) fn cancel(
        &mut self,
        id: &SessionId,
        reason: &Note,
        now: Utc,
    ) -> Result<(), HubError> {
        let known = look::evaluation(self.store.look(), id)?;
        let evaluation = known.ok_or(HubError::NotFound)?;
        let order = HubOrder::CancelSession {
            session: id.clone(),
            reason: reason.clone(),
        };
        let orders = self.of_venues(&evaluation, &order, now)?;
        self.ask_rooms(orders, now, |_| Ok(()))
    }

    /// Asks one room for something beside plans: an archive, a live relay, its end.
    pub(super) fn ask_room(
        &mut self,
        room: RoomId,
        order: HubOrder,
        now: Utc,
    ) -> Result<(), HubError> {
        self.ask_known(vec![(room, order)], now, |_| Ok(()))
    }

    /// The same for rooms that somebody named: the city must have them.
    pub(super) fn ask_known(
        &mut self,
        orders: Vec<(RoomId, HubOrder)>,
        now: Utc,
        keep: impl FnOnce(&mut Batch<'_>) -> Result<(), HubError>,
    ) -> Result<(), HubError> {
        if orders.iter().any(|(room, _)| !self.rooms.contains(room)) {
            return Err(HubError::NotFound);
        }
        self.ask_rooms(orders, now, keep)
    }

    /// The same order to all venues that have the session. Where none has it, to all: each then says so.
    fn of_venues(
        &mut self,
        evaluation: &Evaluation,
        order: &HubOrder,
        now: Utc,
    ) -> Result<Vec<(RoomId, HubOrder)>, HubError> {
        let rooms = evaluation.venues.iter().map(|venue| &venue.room);
        let mut having = Vec::new();
        for room in rooms.clone() {
            if has_session(self.store.look(), &evaluation.id, room, now)? {
                having.push((room.clone(), order.clone()));
            }
        }
        Ok(match having.is_empty() {
            true => rooms.map(|room| (room.clone(), order.clone())).collect(),
            false => having,
        })
    }

    /// Keeps something together with the commands that follow from it; then sends them.
    fn ask_rooms(
        &mut self,
        orders: Vec<(RoomId, HubOrder)>,
        now: Utc,
        keep: impl FnOnce(&mut Batch<'_>) -> Result<(), HubError>,
    ) -> Result<(), HubError> {
        let words = Words {
            keys: &self.keys,
            city: &self.city,
        };
        let mut batch = self.store.batch()?;
        keep(&mut batch)?;
        let mut asked = BTreeSet::new();
        for (room, order) in orders {
            words.keep(batch.db(), &room, order, now)?;
            asked.insert(room);
        }
        batch.commit()?;
        for room in &asked {
            self.send_open(room, now)?;
        }
        Ok(())
    }
}

/// Keeps an evaluation as it is now.
fn keep(batch: &mut Batch<'_>, evaluation: &Evaluation) -> Result<(), HubError> {
    let text = serde_json::to_string(evaluation)?;
    batch.db().execute(
        "UPDATE evaluations SET evaluation = $1 WHERE id = $2",
        &[text.as_str().into(), evaluation.id.as_str().into()],
    )?;
    Ok(())
}
