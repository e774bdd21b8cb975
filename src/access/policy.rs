//! Owns what localities and profiles decide about access.

use crate::room::Span;

pub use crate::config::SecondFactor;

/// How access runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPolicy {
    /// Whether accounts need a second factor.
    pub second_factor: SecondFactor,
    /// A sign-in without a click for so long locks.
    pub idle_lock: Span,
    /// A sign-in ends after so long, whatever happens in it.
    pub longest_sign_in: Span,
    /// So many failures in a row lock an account.
    pub failures: u32,
    /// For so long.
    pub lockout: Span,
    /// So many failures are allowed to one network address at once; one more each
    /// [`AccessPolicy::address_refill`].
    pub address_failures: u32,
    /// See there.
    pub address_refill: Span,
    /// How long an enrolment code is good.
    pub enrolment_code: Span,
    /// Who stands in an authenticator's list: the name of the room.
    pub issuer: String,
}

impl Default for AccessPolicy {
    fn default() -> Self {
        Self {
            second_factor: SecondFactor::Required,
            idle_lock: Span::minutes(15),
            longest_sign_in: Span::hours(12),
            failures: 5,
            lockout: Span::minutes(15),
            address_failures: 20,
            address_refill: Span::seconds(15),
            enrolment_code: Span::minutes(10),
            issuer: "bidroom".to_owned(),
        }
    }
}
