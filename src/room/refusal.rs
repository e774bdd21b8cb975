//! Owns every lawful 'no' of the room, each with its reason for the operator.

use super::event::{BreakKind, Pledge};
use super::ids::{CandidateId, FeedId, LineId, MemberNo, RelayId, ReplicaId, SeatNo, SessionId};
use super::order::OrderFault;
use super::session::PhaseKind;
use super::time::{Span, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Why the room says no. Codes are translated on the page; `Display` is English, for logs and `ctl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Refusal {
    /// This role may not ask for that.
    NotYourRole,
    /// The command needs a session, and none was named.
    NoSessionNamed,
    /// There is no such open session.
    NoSuchSession { session: SessionId },
    /// That session's number was used before.
    SessionExists { session: SessionId },
    /// Not in this phase.
    WrongPhase { phase: PhaseKind },
    /// Another session holds the room.
    RoomOccupied { by: SessionId },
    /// The typed number is not this session's.
    TypedNumberDiffers,
    /// A real session cannot be held with test pictures.
    TestFeeds { feeds: BTreeSet<FeedId> },
    /// A planned value makes no sense.
    BadPlan { field: String },
    /// The profile has no such seat.
    NoSuchSeat { seat: SeatNo },
    /// The committee has no such member.
    NoSuchMember { member: MemberNo },
    /// The profile has no such feed.
    NoSuchFeed { feed: FeedId },

    // composition
    /// Too few members.
    CommitteeTooSmall { members: usize, least: u8 },
    /// An even number.
    CommitteeEven { members: usize },
    /// Too few of them are experts.
    TooFewExperts {
        experts: usize,
        members: usize,
        share: u8,
        of: u8,
    },
    /// More members than seats.
    TooFewSeats { members: usize, seats: usize },
    /// Not the numbers that were planned.
    NotAsPlanned { experts: u8, representatives: u8 },
    /// One person twice.
    PersonTwice,

    // draw and call-out
    /// A draw is on: the committee and the plan follow from it.
    DrawLasts,
    /// Calls of the last draw are still open.
    CallsOpen,
    /// There is no draw that this could concern.
    NoDraw,
    /// The draw is not so far, or further.
    WrongDrawStage,
    /// The pool's owner has drawn this order already: nobody commits to anything here.
    OrderGiven,
    /// The order that the hub has brought is not taken.
    OrderUnfit { fault: OrderFault },
    /// The hub has not signed the draw's commitments yet.
    HubSignatureMissing,
    /// The signature is not that of the hub's key, which was fixed when the draw was prepared, over its commitments.
    HubSignatureDiffers,
    /// The draw may begin at this moment at the earliest.
    DrawTooEarly { from: Utc },
    /// The session has started, or is over.
    DrawTooLate,
    /// For this group fewer may be drawn than are needed.
    PoolTooSmall {
        group: u8,
        eligible: u32,
        needed: u8,
    },
    /// The secret is not the one that was committed to.
    SecretDiffers,
    /// There is no call-out.
    NoCallOut,
    /// It is not paused.
    NotPaused,
    /// It is paused, or ended.
    CallOutRests,
    /// There is no such candidate.
    NoSuchCandidate { candidate: CandidateId },
    /// That candidate has no place.
    NotAccepted { candidate: CandidateId },
    /// Nobody said that he will not come.
    NotWithdrawing { candidate: CandidateId },
    /// That member was not drawn: put another person in his place.
    NotDrawn { member: MemberNo },
    /// The profile has no such line.
    NoSuchLine { line: LineId },
    /// No line can take the call of somebody who calls.
    NoLineFree,

    // check-in
    /// That member sits elsewhere.
    WrongSeat { yours: SeatNo },
    /// The seat's workstation is not enrolled.
    SeatNotEnrolled { seat: SeatNo },
    /// Checked in already.
    AlreadyPresent,
    /// The grace period is over; the supervisor may excuse it.
    TooLate { grace: Span },
    /// Whoever left does not come back.
    NoReEntry,
    /// Was recorded as absent, removed or replaced.
    NotExpected,
    /// Not checked in.
    NotPresent { member: MemberNo },
    /// Signed already.
    AlreadySigned,
    /// A declared conflict waits for the supervisor.
    ConflictUndecided { members: BTreeSet<MemberNo> },
    /// There is no conflict to rule on.
    NoConflict { member: MemberNo },
    /// A conflict was declared already.
    AlreadyDeclared,
    /// The member is here, or expected.
    MemberNotMissing { member: MemberNo },
    /// The supervisor has not approved it.
    NotApproved { member: MemberNo },
    /// Approved, excused or elected already.
    AlreadyDone,

    // readiness
    /// These have not checked in.
    MembersMissing { members: BTreeSet<MemberNo> },
    /// These have not signed that pledge.
    PledgesMissing {
        members: BTreeSet<MemberNo>,
        pledge: Pledge,
    },
    /// Nothing is being written of these.
    NotRecording { feeds: BTreeSet<FeedId> },
    /// The technician has not confirmed the recordings.
    RecordingNotConfirmed,
    /// The supervisor has not authorised the start.
    NotAuthorised,
    /// Equipment is not fit for a session; its id is named.
    EquipmentUnfit { equipment: String },
    /// An outage lasts.
    OutageLasts,
    /// There is no outage.
    NoOutage,
    /// The outage has lasted too long: only an end without a result is left.
    OutageTooLong,

    // the course
    /// Nobody was elected chair.
    NoChair,
    /// A chair was elected.
    ChairElected,
    /// Only an expert may be chair.
    ChairMustBeExpert,
    /// Only the supervisor lifts what he ordered.
    OrderedBySupervisor,
    /// That break lasts already, or another.
    BreakLasts { kind: BreakKind },
    /// There is no break.
    NoBreak,
    /// Nobody called for help there.
    NoHelpCall { seat: SeatNo },
    /// Help was called for already.
    HelpAlreadyCalled,
    /// There is nothing to acknowledge.
    NoWarning,
    /// The supervisor speaks already.
    TalkBackLasts,
    /// Nobody speaks.
    NoTalkBack,
    /// The profile names no such place to send feeds to.
    NoSuchRelay { relay: RelayId },
    /// The profile does not let these feeds out there.
    FeedsNotRelayed { feeds: BTreeSet<FeedId> },
    /// A relay needs feeds, and an end within a day.
    RelayWithoutEnd,
    /// Somebody in the house has ended it for this session.
    RelayBarred,
    /// Nothing is sent there.
    NoRelay,
    /// There is no such gap in this session.
    NoSuchGap { gap: u32 },

    // the end
    /// These have not signed the report.
    SignaturesMissing { members: BTreeSet<MemberNo> },
    /// The supervisor has not signed the closing record.
    ClosingRecordUnsigned,
    /// Members leave after they have signed.
    SignFirst,

    // keeping
    /// The box keeps no sealed archive of that number.
    NoSuchArchive { session: SessionId },
    /// It is on hold.
    ArchiveHeld,
    /// It is not on hold.
    NotHeld,
    /// The receipt is for another archive of that number.
    ReceiptOfAnother,
    /// Its files are not what the manifest says: it stays, as evidence of that.
    ArchiveDamaged,
    /// It is not whole in these replicas.
    NotReplicated { replicas: BTreeSet<ReplicaId> },
    /// It is being deleted.
    AlreadyReleased,
    /// Its personal data were erased, or are being.
    PersonalDataGone,
    /// Its retention is not over; for good where no end is named.
    StillKept { until: Option<Utc> },
    /// The typed date is not the box's.
    DateDiffers,

    // workstations
    /// No workstation is enrolled at that seat.
    NotEnrolled { seat: SeatNo },
    /// Somebody sits there.
    SeatInUse { seat: SeatNo },
    /// A preflight runs already.
    PreflightRuns,
    /// It cannot be made while a session is on.
    SessionOn { session: SessionId },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotYourRole => f.write_str("this role may not do that"),
            Refusal::NoSessionNamed => f.write_str("name the session"),
            Refusal::NoSuchSession { session } => write!(f, "there is no open session {session}"),
            Refusal::SessionExists { session } => {
                write!(f, "session number {session} was used before")
            }
            Refusal::WrongPhase { phase } => write!(f, "not possible while {}", phase.words()),
            Refusal::RoomOccupied { by } => write!(f, "session {by} holds the room"),
            Refusal::TypedNumberDiffers => f.write_str("the typed number is not this session's"),
            Refusal::TestFeeds { feeds } => {
                write!(f, "only rehearsals run with test pictures: {}", list(feeds))
            }
            Refusal::BadPlan { field } => write!(f, "the plan's {field} makes no sense"),
            Refusal::NoSuchSeat { seat } => write!(f, "the room has no seat {seat}"),
            Refusal::NoSuchMember { member } => write!(f, "the committee has no member {member}"),
            Refusal::NoSuchFeed { feed } => write!(f, "the room has no feed {feed}"),
            Refusal::CommitteeTooSmall { members, least } => {
                write!(f, "{members} members; at least {least} are needed")
            }
            Refusal::CommitteeEven { members } => {
                write!(f, "{members} members; the number must be odd")
            }
            Refusal::TooFewExperts {
                experts,
                members,
                share,
                of,
            } => {
                write!(
                    f,
                    "{experts} of {members} are experts; at least {share}/{of} must be"
                )
            }
            Refusal::TooFewSeats { members, seats } => {
                write!(f, "{members} members for {seats} seats")
            }
            Refusal::NotAsPlanned {
                experts,
                representatives,
            } => write!(
                f,
                "the plan has {experts} experts and {representatives} tenderer representatives"
            ),
            Refusal::PersonTwice => f.write_str("a person is named twice"),
            Refusal::WrongSeat { yours } => write!(f, "this code is for seat {yours}"),
            Refusal::SeatNotEnrolled { seat } => {
                write!(f, "the workstation of seat {seat} is not enrolled")
            }
            Refusal::AlreadyPresent => f.write_str("checked in already"),
            Refusal::TooLate { grace } => write!(
                f,
                "later than the grace period of {} min; the supervisor may excuse it",
                grace.0 / 60_000
            ),
            Refusal::NoReEntry => f.write_str("whoever has left may not come back in"),
            Refusal::NotExpected => f.write_str("this member is not expected any more"),
            Refusal::NotPresent { member } => write!(f, "member {member} is not checked in"),
            Refusal::DrawLasts => f.write_str("a draw is on; the committee follows from it"),
            Refusal::CallsOpen => f.write_str("calls of the last draw are being hung up; try again"),
            Refusal::NoDraw => f.write_str("there is no draw"),
            Refusal::WrongDrawStage => f.write_str("the draw is at another step"),
            Refusal::OrderGiven => f.write_str("the order was drawn by the pool's owner"),
            Refusal::OrderUnfit { fault } => write!(f, "the order is not taken: {fault}"),
            Refusal::HubSignatureMissing => {
                f.write_str("the hub has not signed the draw's commitments yet")
            }
            Refusal::HubSignatureDiffers => f.write_str(
                "the signature is not that of the hub's key over the draw's commitments",
            ),
            Refusal::DrawTooEarly { .. } => f.write_str("it is too early for the draw"),
            Refusal::DrawTooLate => f.write_str("the planned start has passed"),
            Refusal::PoolTooSmall {
                eligible, needed, ..
            } => write!(
                f,
                "only {eligible} of the pool may be drawn for a group that needs {needed}"
            ),
            Refusal::SecretDiffers => {
                f.write_str("this is not the secret that was committed to")
            }
            Refusal::NoCallOut => f.write_str("there is no call-out"),
            Refusal::NotPaused => f.write_str("the call-out is not paused"),
            Refusal::CallOutRests => f.write_str("the call-out is paused or ended"),
            Refusal::NoSuchCandidate { candidate } => {
                write!(f, "there is no candidate {candidate}")
            }
            Refusal::NotAccepted { candidate } => {
                write!(f, "candidate {candidate} has no place")
            }
            Refusal::NotWithdrawing { candidate } => {
                write!(f, "nobody said that candidate {candidate} will not come")
            }
            Refusal::NotDrawn { member } => write!(
                f,
                "member {member} was not drawn; put another person in his place"
            ),
            Refusal::NoLineFree => f.write_str("no line is free to take a call"),
            Refusal::NoSuchLine { line } => write!(f, "the profile has no line {line}"),
            Refusal::AlreadySigned => f.write_str("signed already"),
            Refusal::ConflictUndecided { members } => {
                write!(
                    f,
                    "the supervisor must rule on the conflict of {}",
                    list(members)
                )
            }
            Refusal::NoConflict { member } => write!(f, "member {member} has no open conflict"),
            Refusal::AlreadyDeclared => f.write_str("a conflict was declared already"),
            Refusal::MemberNotMissing { member } => write!(f, "member {member} is not missing"),
            Refusal::NotApproved { member } => {
                write!(
                    f,
                    "the supervisor has not approved a replacement for member {member}"
                )
            }
            Refusal::AlreadyDone => f.write_str("done already"),
            Refusal::MembersMissing { members } => write!(f, "not checked in: {}", list(members)),
            Refusal::PledgesMissing { members, pledge } => {
                let pledge = match pledge {
                    Pledge::Integrity => "integrity",
                    Pledge::Recusal => "recusal",
                };
                write!(f, "the {pledge} pledge is not signed by {}", list(members))
            }
            Refusal::NotRecording { feeds } => {
                write!(f, "nothing is being written of {}", list(feeds))
            }
            Refusal::RecordingNotConfirmed => {
                f.write_str("confirm first that every stream is written")
            }
            Refusal::NotAuthorised => f.write_str("the supervisor has not authorised the start"),
            Refusal::EquipmentUnfit { equipment } => {
                write!(f, "{equipment} is not fit for a session")
            }
            Refusal::OutageLasts => f.write_str("an outage lasts"),
            Refusal::NoOutage => f.write_str("there is no outage"),
            Refusal::OutageTooLong => {
                f.write_str("the outage lasted too long; the session can only be ended")
            }
            Refusal::NoChair => f.write_str("the committee has not elected its chair"),
            Refusal::ChairElected => f.write_str("the chair is elected"),
            Refusal::ChairMustBeExpert => f.write_str("the chair must be an expert"),
            Refusal::OrderedBySupervisor => {
                f.write_str("only the supervisor lifts what he ordered")
            }
            Refusal::BreakLasts { .. } => f.write_str("a break lasts"),
            Refusal::NoBreak => f.write_str("there is no break"),
            Refusal::NoHelpCall { seat } => write!(f, "nobody called for help at seat {seat}"),
            Refusal::HelpAlreadyCalled => f.write_str("help was called for already"),
            Refusal::NoWarning => f.write_str("there is no warning to acknowledge"),
            Refusal::NoSuchArchive { session } => {
                write!(f, "the box keeps no sealed archive of session {session}")
            }
            Refusal::ArchiveHeld => f.write_str("the archive is on hold"),
            Refusal::ReceiptOfAnother => {
                f.write_str("the receipt is for another archive than this room's of that number")
            }
            Refusal::NotHeld => f.write_str("the archive is not on hold"),
            Refusal::ArchiveDamaged => {
                f.write_str("files of the archive are damaged; it stays as evidence of that")
            }
            Refusal::NotReplicated { replicas } => {
                write!(f, "the archive is not whole in {}", list(replicas))
            }
            Refusal::AlreadyReleased => f.write_str("the archive is being deleted"),
            Refusal::PersonalDataGone => {
                f.write_str("the archive's personal data are erased already")
            }
            Refusal::StillKept { until: None } => f.write_str("the archive is kept for good"),
            Refusal::StillKept { until: Some(_) } => {
                f.write_str("the archive's retention is not over")
            }
            Refusal::DateDiffers => f.write_str(
                "the typed date is not the box's; set the box's clock right before anything is deleted",
            ),
            Refusal::TalkBackLasts => f.write_str("a supervisor speaks already"),
            Refusal::NoTalkBack => f.write_str("nobody speaks"),
            Refusal::NoSuchRelay { relay } => {
                write!(f, "the room's profile has no relay {relay} under [[hub.relays]]")
            }
            Refusal::FeedsNotRelayed { feeds } => {
                write!(f, "the room's profile does not let out {}", list(feeds))
            }
            Refusal::RelayWithoutEnd => {
                f.write_str("a relay needs a feed, and an end that lies ahead and within 24 hours")
            }
            Refusal::RelayBarred => {
                f.write_str("the room has ended this relay, and lets it not begin again in this session")
            }
            Refusal::NoRelay => f.write_str("nothing is sent there"),
            Refusal::NoSuchGap { gap } => write!(f, "there is no gap {gap}"),
            Refusal::SignaturesMissing { members } => write!(f, "not signed by {}", list(members)),
            Refusal::ClosingRecordUnsigned => {
                f.write_str("the supervisor has not signed the closing record")
            }
            Refusal::SignFirst => f.write_str("sign the report first"),
            Refusal::NotEnrolled { seat } => write!(f, "no workstation is enrolled at seat {seat}"),
            Refusal::SeatInUse { seat } => write!(f, "somebody sits at seat {seat}"),
            Refusal::PreflightRuns => f.write_str("a preflight runs already"),
            Refusal::SessionOn { session } => write!(f, "not while session {session} is on"),
        }
    }
}

impl std::error::Error for Refusal {}

fn list<T: fmt::Display>(things: &BTreeSet<T>) -> String {
    let words: Vec<String> = things.iter().map(ToString::to_string).collect();
    words.join(", ")
}
