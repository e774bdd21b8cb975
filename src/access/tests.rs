//! Tests of access through its handle, with a clock that is moved by hand.

use super::*;
use crate::keys::{KeySources, Keys, Secret};
use crate::room::{AccountId, MemberNo, SeatNo, SessionId, Span, Utc};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

mod accounts;
mod audit;
mod codes;
mod permissions;
mod sign_in;
mod storage;

/// 2026-03-01.
pub(super) const START: Utc = Utc(1_772_323_200_000);
pub(super) const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)));
pub(super) const GOOD: &str = "Kestrel-over-Luodian-42";

/// A room with its first accounts, whose passwords were changed to [`GOOD`].
pub(super) struct Room {
    pub(super) data: tempfile::TempDir,
    pub(super) access: Access,
    pub(super) now: Utc,
    pub(super) first: BTreeMap<String, Secret>,
}

impl Room {
    /// As a box is after its first start.
    pub(super) fn fresh(second_factor: SecondFactor) -> Self {
        let data = tempfile::tempdir().unwrap();
        let access = open(data.path(), second_factor);
        let mut first = BTreeMap::new();
        let made = access.bootstrap(START, |passwords| {
            first = passwords
                .iter()
                .map(|p| (p.account.to_string(), p.password.clone()))
                .collect();
            Ok(())
        });
        assert!(made.unwrap());
        Self {
            data,
            access,
            now: START,
            first,
        }
    }

    /// The same, and the account is signed in with its own password.
    pub(super) fn with(second_factor: SecondFactor, account: &str) -> (Self, Request) {
        let room = Self::fresh(second_factor);
        let request = room.first_sign_in(account);
        (room, request)
    }

    /// Signs in for the first time and changes the password.
    pub(super) fn first_sign_in(&self, account: &str) -> Request {
        let request = self
            .sign_in_with(account, &self.first[account], None)
            .unwrap();
        let good = Secret::new(GOOD);
        self.access
            .change_password(&request, &self.first[account], &good, self.now)
            .unwrap();
        request
    }

    pub(super) fn sign_in(&self, account: &str) -> Result<Request, AccessError> {
        self.sign_in_with(account, &Secret::new(GOOD), None)
    }

    pub(super) fn sign_in_with(
        &self,
        account: &str,
        password: &Secret,
        code: Option<&Secret>,
    ) -> Result<Request, AccessError> {
        let signed_in = self
            .access
            .sign_in(account, password, code, HERE, self.now)?;
        Ok(Request {
            sign_in: Some(signed_in.cookie),
            address: HERE,
            by_person: true,
            ..Request::default()
        })
    }

    pub(super) fn wait(&mut self, span: Span) {
        self.now = self.now + span;
    }

    pub(super) fn who(&self, request: &Request) -> Principal {
        self.access.authenticate(request, self.now).unwrap()
    }

    pub(super) fn act<'a>(&self, by: &'a Principal) -> Act<'a> {
        Act {
            by,
            address: HERE,
            now: self.now,
        }
    }

    /// The state of a request's sign-in; none if it is nobody's.
    pub(super) fn state(&self, request: &Request) -> Option<SignInState> {
        let principal = self.who(request);
        if let Principal::Account { state, .. } = principal {
            return Some(state);
        }
        assert_eq!(principal, Principal::Anonymous);
        None
    }

    /// A workstation at that seat.
    pub(super) fn workstation(&self, seat: u8) -> Request {
        let code = self
            .access
            .make_enrolment_code(self.act(&technician()), SeatNo(seat))
            .unwrap();
        let enrolled = self.access.enrol(&code, HERE, self.now).unwrap();
        assert_eq!(enrolled.seat, SeatNo(seat));
        Request {
            workstation: Some(enrolled.cookie),
            address: HERE,
            ..Request::default()
        }
    }

    /// A code that brings a member to a seat within the hour.
    pub(super) fn gate_code(&self, member: u8, seat: u8) -> Secret {
        let expires = self.now + Span::hours(1);
        self.access
            .hand_out(
                self.act(&technician()),
                &session(),
                MemberNo(member),
                SeatNo(seat),
                expires,
            )
            .unwrap()
    }

    pub(super) fn check_in(
        &self,
        request: &Request,
        code: &Secret,
    ) -> Result<CheckedIn, AccessError> {
        let by = self.who(request);
        self.access.check_in(self.act(&by), code)
    }
}

pub(super) fn open(data: &Path, second_factor: SecondFactor) -> Access {
    let sources = KeySources {
        folder: data.join("keys"),
        credentials: None,
    };
    let keys = Keys::open(sources, &["localhost".parse().unwrap()], START).unwrap();
    let policy = AccessPolicy {
        second_factor,
        issuer: "评标一室".to_owned(),
        ..AccessPolicy::default()
    };
    Access::open(&data.join("access.sqlite"), keys, policy).unwrap()
}

pub(super) fn session() -> SessionId {
    "BS-1123-04".parse().unwrap()
}

pub(super) fn id(account: &str) -> AccountId {
    account.parse().unwrap()
}

/// An open sign-in of that role.
pub(super) fn of_role(role: Role) -> Principal {
    let (id, sign_in, state) = (id(role.word()), SignInId(99), SignInState::Open);
    Principal::Account {
        id,
        role,
        sign_in,
        state,
    }
}

pub(super) fn technician() -> Principal {
    of_role(Role::Technician)
}
