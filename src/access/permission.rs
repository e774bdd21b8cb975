//! Owns what access itself asks before it does something. What the table does not name is denied.
//!
//! Who may use which route stands in `console::routes`, who may watch and send which feed in `room::links`: this is the
//! last door behind those, and it is about accounts, codes and the audit trail only.

use super::principal::{Principal, Role, SignInState};

/// What somebody wants of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Hand out and take back check-in codes.
    CheckIn,
    /// Make enrolment codes, revoke workstations.
    EnrolWorkstation,
    /// Make and close accounts.
    AdministerAccounts,
    /// Unlock, reset, approve, revoke; tokens.
    AdministerSecurity,
    /// Read and verify the audit trail.
    ReadAudit,
}

/// Whether that principal may do that.
pub fn may(principal: &Principal, permission: Permission) -> bool {
    let role = match principal {
        Principal::Account {
            role,
            state: SignInState::Open,
            ..
        } => *role,
        // somebody on the box runs the room
        Principal::Local { .. } => Role::Technician,
        Principal::Account { .. }
        | Principal::Member { .. }
        | Principal::Workstation { .. }
        | Principal::Token { .. }
        | Principal::Daemon
        | Principal::Anonymous => return false,
    };
    let whose = match permission {
        Permission::CheckIn | Permission::EnrolWorkstation => Role::Technician,
        Permission::AdministerAccounts => Role::SystemAdministrator,
        Permission::AdministerSecurity => Role::SecurityAdministrator,
        Permission::ReadAudit => Role::AuditAdministrator,
    };
    role == whose
}
