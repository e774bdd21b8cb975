//! Owns the one table of who may do what. What it does not name is denied.

use super::principal::{Principal, Role, Scope, SignInState};
use crate::room::{FeedKind, FeedSpec, Place, SeatNo};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission<'a> {
    /// See the room as the technician does: map, seats, timeline.
    ViewRoom,
    /// See the wall: phase, marks, counts.
    ViewWall,
    /// See what a seat's own page shows.
    ViewSeat(SeatNo),
    /// Plan a session, import its committee.
    PlanSession,
    /// Preflight, start, suspend, seal; acknowledge faults; answer help calls.
    RunSession,
    /// Authorise, mark, warn, order a pause, approve.
    Supervise,
    /// Hand out and take back what is needed at the gate: check-in codes.
    CheckIn,
    /// Make enrolment codes, revoke workstations.
    EnrolWorkstation,
    /// Type a check-in code at that seat.
    RedeemCode(SeatNo),
    /// What a committee member does: pledges, help, signature, leaving.
    MemberActs,
    /// Start to watch a feed; before a session, everything may be tested.
    ViewFeed {
        /// Which.
        feed: &'a FeedSpec,
        /// Whether the room is in preflight: no committee sits in it yet.
        preflight: bool,
    },
    /// Start to publish a feed.
    PublishFeed(&'a FeedSpec),
    /// Keep alive or end what he himself started: WHIP and WHEP PATCH and DELETE.
    KeepMedia,
    /// Play what was recorded.
    Playback,
    /// Read `/metrics`.
    ReadMetrics,
    /// Read the room's profile and the state of disks, clock and versions.
    ReadSystem,
    /// Make and close accounts.
    AdministerAccounts,
    /// Unlock, reset, approve, revoke; tokens.
    AdministerSecurity,
    /// Read and verify the audit trail.
    ReadAudit,
}

/// Whether that principal may do that.
pub fn may(principal: &Principal, permission: &Permission<'_>) -> bool {
    match principal {
        Principal::Account {
            role,
            state: SignInState::Open,
            ..
        } => role_may(*role, permission),
        // an idle lock never stops media
        Principal::Account {
            state: SignInState::Locked,
            ..
        } => *permission == Permission::KeepMedia,
        Principal::Account {
            state: SignInState::MustChangePassword | SignInState::MustEnrolFactor,
            ..
        } => false,
        Principal::Member { seat, .. } => member_may(*seat, permission),
        Principal::Workstation { seat, .. } => workstation_may(*seat, permission),
        Principal::Token { scopes, .. } => scopes.iter().any(|scope| scope_may(scope, permission)),
        Principal::Local { .. } => {
            role_may(Role::Technician, permission) || *permission == Permission::ReadMetrics
        }
        // it asks nobody
        Principal::Daemon | Principal::Anonymous => false,
    }
}

fn role_may(role: Role, permission: &Permission<'_>) -> bool {
    use Permission as P;
    match role {
        Role::Technician => match permission {
            P::ViewRoom | P::PlanSession | P::RunSession | P::CheckIn | P::EnrolWorkstation => true,
            P::KeepMedia | P::ReadMetrics | P::ReadSystem => true,
            // cameras show that the room works; who says what is none of his business
            P::ViewFeed { feed, preflight } => feed.kind == FeedKind::Camera || *preflight,
            P::ViewWall | P::ViewSeat(_) | P::Supervise | P::RedeemCode(_) | P::MemberActs => false,
            P::PublishFeed(_) | P::Playback => false,
            P::AdministerAccounts | P::AdministerSecurity | P::ReadAudit => false,
        },
        Role::Supervisor => match permission {
            P::ViewRoom
            | P::ViewWall
            | P::Supervise
            | P::ViewFeed { .. }
            | P::KeepMedia
            | P::Playback => true,
            P::PublishFeed(feed) => feed.kind == FeedKind::TalkBack,
            P::ViewSeat(_) | P::PlanSession | P::RunSession | P::CheckIn | P::EnrolWorkstation => {
                false
            }
            P::RedeemCode(_) | P::MemberActs | P::ReadMetrics | P::ReadSystem => false,
            P::AdministerAccounts | P::AdministerSecurity | P::ReadAudit => false,
        },
        Role::SystemAdministrator => {
            matches!(
                permission,
                P::AdministerAccounts | P::ReadSystem | P::ReadMetrics
            )
        }
        Role::SecurityAdministrator => matches!(permission, P::AdministerSecurity),
        Role::AuditAdministrator => matches!(permission, P::ReadAudit),
        // experts act at their seats; bidders have nothing before there are inquiries
        Role::Expert | Role::Bidder => false,
    }
}

fn workstation_may(seat: SeatNo, permission: &Permission<'_>) -> bool {
    match permission {
        Permission::ViewSeat(wanted) | Permission::RedeemCode(wanted) => *wanted == seat,
        Permission::PublishFeed(feed) => is_of_seat(feed, seat),
        Permission::KeepMedia => true,
        Permission::ViewRoom
        | Permission::ViewWall
        | Permission::PlanSession
        | Permission::RunSession
        | Permission::Supervise
        | Permission::CheckIn
        | Permission::EnrolWorkstation
        | Permission::MemberActs
        | Permission::ViewFeed { .. }
        | Permission::Playback
        | Permission::ReadMetrics
        | Permission::ReadSystem
        | Permission::AdministerAccounts
        | Permission::AdministerSecurity
        | Permission::ReadAudit => false,
    }
}

fn member_may(seat: SeatNo, permission: &Permission<'_>) -> bool {
    if let Permission::ViewFeed { feed, .. } = permission {
        return feed.kind == FeedKind::TalkBack;
    }
    // there is nothing to redeem for who is there already
    let there = matches!(permission, Permission::RedeemCode(_));
    *permission == Permission::MemberActs || (!there && workstation_may(seat, permission))
}

fn scope_may(scope: &Scope, permission: &Permission<'_>) -> bool {
    match (scope, permission) {
        (Scope::Publish(id), Permission::PublishFeed(feed)) => *id == feed.id,
        (Scope::View(id), Permission::ViewFeed { feed, .. }) => *id == feed.id,
        (Scope::ViewAll, Permission::ViewFeed { .. })
        | (Scope::Metrics, Permission::ReadMetrics) => true,
        (Scope::Publish(_) | Scope::View(_) | Scope::ViewAll, Permission::KeepMedia) => true,
        _ => false,
    }
}

/// Whether a feed is made by that seat's workstation.
fn is_of_seat(feed: &FeedSpec, seat: SeatNo) -> bool {
    matches!(feed.kind, FeedKind::Face | FeedKind::Screen) && feed.place == Place::Seat(seat)
}
