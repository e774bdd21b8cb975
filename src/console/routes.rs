//! Owns the table of all routes: who may use each, what goes in and what comes out. The server is built from
//! it, the OpenAPI document is written from it, and the role × route matrix is tested over it.

use super::views::{RoomView, SeatPageView};
use super::wire;
use crate::access::{Account, Token, TrailRow, Workstation};
use crate::hub::reference::{BoardView, Evaluation, StoredEvent};
use crate::room::Policies;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Every route by name. The server binds each to its handler; a missing one does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is described by its row of the table")]
pub enum Endpoint {
    Healthz,
    Metrics,
    OpenApi,
    CaCertificate,
    Welcome,
    SignIn,
    SignOut,
    Unlock,
    ChangePassword,
    OfferFactor,
    ConfirmFactor,
    Enrol,
    CheckIn,
    Commands,
    LiveTechnician,
    LiveSupervisor,
    LiveSeat,
    ImportCommittee,
    PrepareDraw,
    DrawRecord,
    NoticePiece,
    ReplaceMember,
    Gate,
    EnrolmentCode,
    Workstations,
    Checkpoints,
    NewestCheckpoint,
    TakeArchive,
    GiveReceipt,
    Recordings,
    Recording,
    Detection,
    RecordingFile,
    TakeStill,
    TakeClip,
    Accounts,
    CreateAccount,
    AccountAct,
    Tokens,
    CreateToken,
    RevokeToken,
    Audit,
    VerifyAudit,
    WhipOptions,
    WhipPublish,
    WhipResourceOptions,
    WhipPatch,
    WhipDelete,
    WhepOptions,
    WhepWatch,
    WhepResourceOptions,
    WhepPatch,
    WhepDelete,
    AsyncApi,
    Schemas,
    LiveCity,
    CityEvents,
    PlanEvaluation,
    ChangeEvaluation,
    CancelEvaluation,
    SetPolicies,
    RequestArchive,
    BoxCertificate,
    GiveOrder,
    StartRelay,
    RoomPolicies,
    EndRelay,
    Statement,
    AdmitBox,
}

/// HTTP methods that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they say what they are")]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
    Options,
}

impl Method {
    /// In lower case, as OpenAPI has it.
    pub fn word(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post => "post",
            Method::Patch => "patch",
            Method::Delete => "delete",
            Method::Options => "options",
        }
    }
}

/// Who may use a route. What is not let in here gets nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Everybody: nothing about a session is in it.
    Anybody,
    /// Whoever has a sign-in, also one that is locked or not good yet.
    SignedIn,
    /// Whoever may give commands at all; the room decides about each.
    Actors,
    /// An enrolled workstation, with or without a member.
    Seat,
    /// The technician, or somebody on the box.
    Technician,
    /// The supervisor.
    Supervisor,
    /// The technician or the supervisor, or somebody on the box.
    TechnicianOrSupervisor,
    /// The system administrator.
    SystemAdministrator,
    /// The security administrator.
    SecurityAdministrator,
    /// The system or the security administrator.
    AccountAdministrators,
    /// The audit administrator.
    AuditAdministrator,
    /// Whoever may watch the feed in the path, at this moment.
    Viewers,
    /// Whoever may send the feed in the path, at this moment.
    Publishers,
    /// Whoever made the resource in the path; its number is secret, and the media side compares owners.
    Owner,
    /// A metrics token, or somebody on the box.
    Metrics,
    /// Somebody on the box.
    Local,
}

/// What a body is.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// None.
    Empty,
    /// JSON of this schema.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// A stream of events, each with JSON of this schema as data.
    Events(fn(&mut SchemaGenerator) -> Schema),
    /// Something else.
    Media(&'static str),
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Its name.
    pub endpoint: Endpoint,
    /// The method.
    pub method: Method,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
    /// What it does, for the document.
    pub summary: &'static str,
    /// What goes in.
    pub takes: Body,
    /// What comes out.
    pub gives: Body,
}

const fn json<T: JsonSchema>() -> Body {
    Body::Json(|generator| generator.subschema_for::<T>())
}

const fn events<T: JsonSchema>() -> Body {
    Body::Events(|generator| generator.subschema_for::<T>())
}

const fn row(
    endpoint: Endpoint,
    method: Method,
    path: &'static str,
    who: Who,
    summary: &'static str,
    takes: Body,
    gives: Body,
) -> Route {
    Route {
        endpoint,
        method,
        path,
        who,
        summary,
        takes,
        gives,
    }
}

const SDP: Body = Body::Media("application/sdp");
const FRAGMENT: Body = Body::Media("application/trickle-ice-sdpfrag");
const CMS: Body = Body::Media("application/cms");
const PEM: Body = Body::Media("application/x-pem-file");
const NOTHING: Body = Body::Empty;

/// All routes.
#[rustfmt::skip]
pub const ROUTES: &[Route] = {
    use Endpoint as E;
    use Method::{Delete, Get, Options, Patch, Post};
    use Who as W;
    &[
        row(E::Healthz, Get, "/healthz", W::Anybody, "Whether the daemon can do its work", NOTHING, json::<wire::Health>()),
        row(E::Metrics, Get, "/metrics", W::Metrics, "Figures for Prometheus", NOTHING, Body::Media("text/plain")),
        row(E::OpenApi, Get, "/api/openapi.json", W::Anybody, "This document", NOTHING, Body::Media("application/json")),
        row(E::AsyncApi, Get, "/api/asyncapi.yaml", W::Anybody, "What rooms and hubs say to each other (AsyncAPI 3)", NOTHING, Body::Media("application/yaml")),
        row(E::Schemas, Get, "/api/hub-schemas.json", W::Anybody, "The JSON Schema of each of those messages, by its CloudEvents type", NOTHING, Body::Media("application/json")),
        row(E::CaCertificate, Get, "/api/ca.pem", W::Anybody, "The box's own CA, to be trusted by workstations", NOTHING, PEM),
        row(E::Welcome, Get, "/api/welcome", W::Anybody, "Who the browser is, and what it should know first", NOTHING, json::<wire::Welcome>()),

        row(E::SignIn, Post, "/api/sign-in", W::Anybody, "Signs in", json::<wire::SignIn>(), json::<wire::Caller>()),
        row(E::SignOut, Post, "/api/sign-out", W::SignedIn, "Signs out", NOTHING, NOTHING),
        row(E::Unlock, Post, "/api/unlock", W::SignedIn, "Unlocks a sign-in that was idle too long", json::<wire::SignIn>(), json::<wire::Caller>()),
        row(E::ChangePassword, Post, "/api/password", W::SignedIn, "Changes one's own password", json::<wire::ChangePassword>(), json::<wire::Caller>()),
        row(E::OfferFactor, Post, "/api/factor", W::SignedIn, "Offers a second factor to enrol", NOTHING, json::<wire::FactorOffer>()),
        row(E::ConfirmFactor, Post, "/api/factor/confirmation", W::SignedIn, "Enrols it with its first code", json::<wire::ConfirmFactor>(), json::<wire::Caller>()),

        row(E::Enrol, Post, "/api/enrolment", W::Anybody, "Binds this browser to a seat by a one-time code", json::<wire::Code>(), json::<wire::Caller>()),
        row(E::CheckIn, Post, "/api/check-in", W::Seat, "Checks a member in by the code from the gate", json::<wire::Code>(), json::<wire::Caller>()),
        row(E::Commands, Post, "/api/commands", W::Actors, "Gives the room a command", json::<wire::Order>(), json::<wire::Carried>()),

        row(E::LiveTechnician, Get, "/api/live/technician", W::Technician, "The room, as it changes", NOTHING, events::<RoomView>()),
        row(E::LiveSupervisor, Get, "/api/live/supervisor", W::Supervisor, "The room, as it changes", NOTHING, events::<RoomView>()),
        row(E::LiveSeat, Get, "/api/live/seat", W::Seat, "One's own seat, as it changes", NOTHING, events::<SeatPageView>()),

        row(E::ImportCommittee, Post, "/api/sessions/{session}/committee", W::Technician, "Convenes the committee from a table; names go to the vault only", Body::Media("text/csv"), json::<wire::Convened>()),
        row(E::PrepareDraw, Post, "/api/sessions/{session}/draw", W::Technician, "Prepares a draw from a pool and its recusals; names go to the vault only", json::<wire::DrawOrder>(), json::<wire::Carried>()),
        row(E::DrawRecord, Get, "/api/sessions/{session}/draw", W::TechnicianOrSupervisor, "The nameless public record of a session's draw; for the technician once the session is over", NOTHING, json::<crate::draw::PublicRecord>()),
        row(E::NoticePiece, Get, "/api/sessions/{session}/notice/{piece}", W::TechnicianOrSupervisor, "What is said in a session's calls, a piece at a time", NOTHING, Body::Media("audio/wav")),
        row(E::ReplaceMember, Post, "/api/sessions/{session}/replacement", W::Technician, "Puts another person in a missing member's place", json::<wire::NewPerson>(), json::<wire::Carried>()),
        row(E::Gate, Post, "/api/sessions/{session}/gate", W::Technician, "Identifies a member at the gate and makes his check-in code", json::<wire::AtTheGate>(), json::<wire::GateCode>()),
        row(E::EnrolmentCode, Post, "/api/seats/{seat}/enrolment-code", W::Technician, "Makes a one-time code for a seat's workstation", NOTHING, json::<wire::OneTimeCode>()),
        row(E::Workstations, Get, "/api/workstations", W::Technician, "The enrolled workstations", NOTHING, json::<Vec<Workstation>>()),

        row(E::Checkpoints, Get, "/api/checkpoints", W::TechnicianOrSupervisor, "The running session's signed checkpoints, for a witness to keep", NOTHING, Body::Media("application/jsonl")),
        row(E::NewestCheckpoint, Get, "/api/checkpoints/newest", W::TechnicianOrSupervisor, "The newest of them, as a line and as a QR code", NOTHING, json::<wire::NewestCheckpoint>()),
        row(E::TakeArchive, Post, "/api/handovers/received", W::Local, "Takes a sub-venue's archive from a folder of the box; lines of JSON", json::<wire::TakeArchive>(), Body::Media("application/jsonl")),
        row(E::GiveReceipt, Post, "/api/handovers/receipts", W::Local, "The receipt that another venue gave for an archive of this room", json::<wire::GivenReceipt>(), json::<wire::BelievedReceipt>()),
        row(E::Recordings, Get, "/api/recordings", W::Supervisor, "The recorded sessions", NOTHING, json::<Vec<super::wire::RecordedLine>>()),
        row(E::Recording, Get, "/api/recordings/{session}", W::Supervisor, "What was recorded of a session", NOTHING, json::<wire::RecordedSession>()),
        row(E::Detection, Get, "/api/recordings/{session}/detection", W::Supervisor, "The detection report of a session's archive, once it was read back", NOTHING, Body::Media("text/html")),
        row(E::RecordingFile, Get, "/api/recordings/{session}/{feed}/{file}", W::Supervisor, "A recorded file, by byte ranges", NOTHING, Body::Media("video/mp4")),
        row(E::TakeStill, Post, "/api/recordings/{session}/{feed}/stills", W::Supervisor, "Writes down that a still is taken; the page draws it from the file it shows", json::<wire::StillOrder>(), NOTHING),
        row(E::TakeClip, Get, "/api/recordings/{session}/clip", W::Supervisor, "The files of some feeds and a time, as a part of the sealed archive that proves itself", NOTHING, Body::Media("application/zip")),

        row(E::Accounts, Get, "/api/accounts", W::AccountAdministrators, "The accounts", NOTHING, json::<Vec<Account>>()),
        row(E::CreateAccount, Post, "/api/accounts", W::SystemAdministrator, "Makes an account with a one-time password", json::<wire::NewAccount>(), json::<wire::IssuedPassword>()),
        row(E::AccountAct, Post, "/api/accounts/{account}", W::AccountAdministrators, "Closes, approves, unlocks or resets an account", json::<wire::AccountOrder>(), json::<wire::IssuedPassword>()),
        row(E::Tokens, Get, "/api/tokens", W::SecurityAdministrator, "The bearer tokens", NOTHING, json::<Vec<Token>>()),
        row(E::CreateToken, Post, "/api/tokens", W::SecurityAdministrator, "Makes a bearer token", json::<wire::NewTokenOrder>(), json::<wire::IssuedToken>()),
        row(E::RevokeToken, Delete, "/api/tokens/{token}", W::SecurityAdministrator, "Revokes a bearer token", NOTHING, NOTHING),
        row(E::Audit, Get, "/api/audit", W::AuditAdministrator, "The audit trail, newest first; `before`, `kind` and `subject` narrow it", NOTHING, json::<Vec<TrailRow>>()),
        row(E::VerifyAudit, Get, "/api/audit/verification", W::AuditAdministrator, "Whether the audit trail is whole", NOTHING, json::<wire::AuditVerification>()),

        row(E::WhipOptions, Options, "/api/whip/{feed}", W::Anybody, "What WHIP takes here", NOTHING, NOTHING),
        row(E::WhipPublish, Post, "/api/whip/{feed}", W::Publishers, "Publishes a feed (RFC 9725)", SDP, SDP),
        row(E::WhipResourceOptions, Options, "/api/whip/{feed}/{resource}", W::Anybody, "What a published feed takes", NOTHING, NOTHING),
        row(E::WhipPatch, Patch, "/api/whip/{feed}/{resource}", W::Owner, "Trickles a candidate, or restarts ICE", FRAGMENT, FRAGMENT),
        row(E::WhipDelete, Delete, "/api/whip/{feed}/{resource}", W::Owner, "Stops publishing", NOTHING, NOTHING),
        row(E::WhepOptions, Options, "/api/whep/{feed}", W::Anybody, "What WHEP takes here", NOTHING, NOTHING),
        row(E::WhepWatch, Post, "/api/whep/{feed}", W::Viewers, "Watches a feed; `?layer=small` for a tile", SDP, SDP),
        row(E::WhepResourceOptions, Options, "/api/whep/{feed}/{resource}", W::Anybody, "What a watched feed takes", NOTHING, NOTHING),
        row(E::WhepPatch, Patch, "/api/whep/{feed}/{resource}", W::Owner, "Trickles a candidate, or restarts ICE", FRAGMENT, FRAGMENT),
        row(E::WhepDelete, Delete, "/api/whep/{feed}/{resource}", W::Owner, "Stops watching", NOTHING, NOTHING),
    ]
};

/// What a hub serves of the same routes.
pub const OF_HUB: &[Endpoint] = {
    use Endpoint as E;
    &[
        E::OpenApi,
        E::AsyncApi,
        E::Schemas,
        E::CaCertificate,
        E::SignIn,
        E::SignOut,
        E::Unlock,
        E::ChangePassword,
        E::OfferFactor,
        E::ConfirmFactor,
        E::Accounts,
        E::CreateAccount,
        E::AccountAct,
        E::Tokens,
        E::CreateToken,
        E::RevokeToken,
        E::Audit,
        E::VerifyAudit,
    ]
};

/// The routes that only a hub has. Its operator signs in as a technician; a supervisor sees the same board.
#[rustfmt::skip]
pub const CITY_ROUTES: &[Route] = {
    use Endpoint as E;
    use Method::{Get, Post};
    use Who as W;
    &[
        row(E::Healthz, Get, "/healthz", W::Anybody, "Whether the hub hears its rooms", NOTHING, json::<wire::Health>()),
        row(E::Welcome, Get, "/api/welcome", W::Anybody, "Who the browser is, and what it should know first", NOTHING, json::<wire::Welcome>()),
        row(E::LiveCity, Get, "/api/live/city", W::TechnicianOrSupervisor, "The city, as it changes", NOTHING, events::<BoardView>()),
        row(E::CityEvents, Get, "/api/rooms/{room}/events", W::TechnicianOrSupervisor, "A room's journal as the hub has it, newest first; `before` and `limit` narrow it", NOTHING, json::<Vec<StoredEvent>>()),
        row(E::PlanEvaluation, Post, "/api/evaluations", W::Technician, "Plans an evaluation over venues and seats", json::<Evaluation>(), NOTHING),
        row(E::ChangeEvaluation, Post, "/api/evaluations/{evaluation}/change", W::Technician, "Replaces it before it has begun: venues are asked to plan it, to change it, or to end their part", json::<Evaluation>(), NOTHING),
        row(E::SetPolicies, Post, "/api/evaluations/{evaluation}/policies", W::Technician, "Gives it policies of its own at all its venues; none for each room's", json::<wire::OwnPolicies>(), NOTHING),
        row(E::RoomPolicies, Get, "/api/rooms/{room}/policies", W::TechnicianOrSupervisor, "By which policies a room runs, as it said last", NOTHING, json::<Policies>()),
        row(E::RequestArchive, Post, "/api/rooms/{room}/archive", W::Technician, "Asks the room which archive it has of a session, and where copies are", json::<wire::ArchiveOf>(), NOTHING),
        row(E::BoxCertificate, Get, "/api/rooms/{room}/certificate", W::Technician, "The certificate to which orders for a room are encrypted, as its box has signed it: PEM", NOTHING, PEM),
        row(E::GiveOrder, Post, "/api/rooms/{room}/order", W::Technician, "Sends the room an order that the pool's owner has drawn and encrypted to its certificate", json::<wire::OrderOf>(), NOTHING),
        row(E::StartRelay, Post, "/api/rooms/{room}/relay", W::Technician, "Asks the room to send feeds live to a place that its profile permits, until an end", json::<wire::RelayOf>(), NOTHING),
        row(E::EndRelay, Post, "/api/rooms/{room}/relay-end", W::Technician, "Asks the room to send them no longer", json::<wire::RelayEndOf>(), NOTHING),
        row(E::Statement, Get, "/api/rooms/{room}/statements/{statement}", W::Technician, "An attendance statement as the room encrypted it to the pool's owner: CMS in DER", NOTHING, CMS),
        row(E::CancelEvaluation, Post, "/api/evaluations/{evaluation}/cancellation", W::Technician, "Asks all its venues to end it before it has begun", json::<wire::Cancellation>(), NOTHING),
        row(E::AdmitBox, Post, "/api/rooms/{room}/box", W::Technician, "Puts a box that waits in the room's place; the one before it is fenced", json::<wire::AdmitBox>(), NOTHING),
    ]
};
