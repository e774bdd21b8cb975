//! Owns what may be asked in a walk, in words of the rules, and how likely each is.

use proptest::collection::vec;
use proptest::prelude::*;

/// Which of two sessions.
pub(crate) type Which = usize;

/// Who asks where more than one role may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Technician,
    Supervisor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Order,
    Outage,
    Other,
}

/// One step. Members are named by number from 1, whether they exist or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Time passes, in minutes.
    Wait(u16),
    /// The daemon is killed and starts again.
    Restart,
    /// Whatever is still missing for the next phase is done, as lawful people would.
    Forward(Which),

    Plan(Which, u8, u8),
    Convene(Which, u8, u8),
    OpenCheckIn(Which),
    CheckIn(Which, u8, Option<u8>),
    Enrol(u8),
    Revoke(u8),
    Excuse(Which, u8),
    Absent(Which, u8),
    Pledge(Which, u8, bool),
    Conflict(Which, u8),
    Rule(Which, u8, bool),
    Approve(Which, u8),
    Replace(Which, u8, bool),
    ConfirmSignIn(Which),
    ConfirmRecording(Which),
    Authorise(Which),
    Start(Which),
    DeclareOutage(Which),
    EndOutage(Which),
    TendererWaits(Which),
    Vote(Which, u8, u8),
    Suspend(Which, By, Why),
    Resume(Which, By),
    BeginOvernight(Which),
    Postpone(Which, u16),
    EndOvernight(Which),
    BeginBreak(Which),
    EndBreak(Which),
    Leaving(Which, u8, By, bool),
    BeginClosing(Which),
    Sign(Which, u8),
    Leave(Which, u8),
    SignRecord(Which),
    Seal(Which, bool),
    Abort(Which, By, bool),
    /// A feed's recording begins or ends; feed 0 is the camera, others are seats.
    Record(Which, u8, bool),
    /// A gap in a feed's recording opens or closes.
    Gap(Which, u8, bool),
    /// A feed's picture is found frozen, or fine again.
    Anomaly(Which, u8, bool),
    /// The archive of a session is sealed, or was read back.
    Archive(Which, bool),
    /// Somebody without any right asks for something.
    Intrude(Which, u8),
}

pub(crate) fn asks(steps: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Ask>> {
    vec(ask(), steps)
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        8 => which().prop_map(Ask::Forward),
        4 => anything(),
        1 => prop_oneof![1u16..20, 20u16..200, Just(720u16)].prop_map(Ask::Wait),
    ]
}

/// The first session is asked for more often: the other one is in its way.
fn which() -> impl Strategy<Value = Which> {
    prop_oneof![4 => Just(0usize), 1 => Just(1usize)]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![Just(By::Technician), Just(By::Supervisor)]
}

fn why() -> impl Strategy<Value = Why> {
    prop_oneof![Just(Why::Order), Just(Why::Outage), Just(Why::Other)]
}

fn anything() -> impl Strategy<Value = Ask> {
    let no = || 1u8..10;
    let member = move || (which(), no());
    let feed = || 0u8..10;
    prop_oneof![
        1 => Just(Ask::Restart),
        1 => (which(), 3u8..11, 0u8..4).prop_map(|(s, e, r)| Ask::Plan(s, e, r)),
        1 => (which(), 4u8..8, 0u8..3).prop_map(|(s, e, r)| Ask::Convene(s, e, r)),
        1 => which().prop_map(Ask::OpenCheckIn),
        4 => (member(), proptest::option::of(no()))
            .prop_map(|((s, m), seat)| Ask::CheckIn(s, m, seat)),
        1 => (0u8..11).prop_map(Ask::Enrol),
        1 => no().prop_map(Ask::Revoke),
        2 => member().prop_map(|(s, m)| Ask::Excuse(s, m)),
        2 => member().prop_map(|(s, m)| Ask::Absent(s, m)),
        2 => (member(), any::<bool>()).prop_map(|((s, m), b)| Ask::Pledge(s, m, b)),
        2 => member().prop_map(|(s, m)| Ask::Conflict(s, m)),
        2 => (member(), any::<bool>()).prop_map(|((s, m), b)| Ask::Rule(s, m, b)),
        4 => member().prop_map(|(s, m)| Ask::Approve(s, m)),
        4 => (member(), proptest::bool::weighted(0.8))
            .prop_map(|((s, m), b)| Ask::Replace(s, m, b)),
        1 => which().prop_map(Ask::ConfirmSignIn),
        1 => which().prop_map(Ask::ConfirmRecording),
        1 => which().prop_map(Ask::Authorise),
        1 => which().prop_map(Ask::Start),
        2 => which().prop_map(Ask::DeclareOutage),
        1 => which().prop_map(Ask::EndOutage),
        1 => which().prop_map(Ask::TendererWaits),
        2 => (member(), no()).prop_map(|((s, m), c)| Ask::Vote(s, m, c)),
        2 => (which(), by(), why()).prop_map(|(s, b, w)| Ask::Suspend(s, b, w)),
        2 => (which(), by()).prop_map(|(s, b)| Ask::Resume(s, b)),
        1 => which().prop_map(Ask::BeginOvernight),
        2 => (which(), 0u16..400).prop_map(|(s, m)| Ask::Postpone(s, m)),
        1 => which().prop_map(Ask::EndOvernight),
        1 => which().prop_map(Ask::BeginBreak),
        1 => which().prop_map(Ask::EndBreak),
        2 => (member(), by(), any::<bool>())
            .prop_map(|((s, m), b, e)| Ask::Leaving(s, m, b, e)),
        1 => which().prop_map(Ask::BeginClosing),
        2 => member().prop_map(|(s, m)| Ask::Sign(s, m)),
        2 => member().prop_map(|(s, m)| Ask::Leave(s, m)),
        1 => which().prop_map(Ask::SignRecord),
        1 => (which(), any::<bool>()).prop_map(|(s, t)| Ask::Seal(s, t)),
        1 => (which(), by(), proptest::bool::weighted(0.3))
            .prop_map(|(s, b, t)| Ask::Abort(s, b, t)),
        2 => (which(), feed(), any::<bool>()).prop_map(|(s, f, on)| Ask::Record(s, f, on)),
        3 => (which(), feed(), any::<bool>()).prop_map(|(s, f, on)| Ask::Gap(s, f, on)),
        4 => (which(), feed(), any::<bool>()).prop_map(|(s, f, on)| Ask::Anomaly(s, f, on)),
        1 => (which(), any::<bool>()).prop_map(|(s, sealed)| Ask::Archive(s, sealed)),
        2 => (which(), any::<u8>()).prop_map(|(s, n)| Ask::Intrude(s, n)),
    ]
}
