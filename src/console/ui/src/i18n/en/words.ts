// Owns the English words of the room.
import type { Fault, SourceFault } from "../../wire";
import type { Actions, Advice, Alarms, Events, Faults, Refusals } from "../shape";
import { sourceFaults } from "./sources";

const gb = (bytes: number) => (bytes >= 1e12 ? `${(bytes / 1e12).toFixed(1)} TB` : `${(bytes / 1e9).toFixed(1)} GB`);
const minutes = (ms: number) => `${Math.round(ms / 60000)} min`;

export const phases = {
  planned: "Planned",
  convened: "Committee named",
  check_in: "Check-in",
  ready: "Ready",
  in_session: "In session",
  suspended: "Suspended",
  overnight: "Locked overnight",
  closing: "Signing",
  sealed: "Sealed",
  aborted: "Ended without result",
};

export const kinds = {
  session: { real: "Evaluation", rehearsal: "Rehearsal" },
  member: { expert: "Expert", tenderer_representative: "Tenderer representative" },
  mask: { expert: "Expert", tenderer_representative: "Rep." },
  feed: { camera: "camera", microphone: "microphone", face: "face", screen: "screen", talk_back: "talk-back" },
  track: { video: "picture", audio: "sound" },
  anomaly: { frozen: "picture frozen", black: "picture black", silent: "no sound", too_loud: "too loud" },
  break: { rest: "Rest", meal: "Meal" },
  help: { technical: "Technical help", supervisor: "Call the supervisor", unwell: "Unwell" },
  conflict: { employer: "Works or worked there", relative: "Relative", interest: "Economic interest", other: "Something else" },
  ruling: { stays: "Stays in the committee", removed: "Must be recused and leaves" },
  suspension: { order: "Ordered by the supervisor", outage: "Link, power or equipment fault", committee: "Committee incomplete", other: "Other reason" },
  leaving: { finished: "Work done", illness: "Illness", emergency: "Emergency", expelled: "Sent away by the supervisor" },
  pledge: { integrity: "integrity pledge", recusal: "recusal pledge" },
  presence: { expected: "Not here yet", present: "Checked in", absent: "Absent", left: "Left", removed: "Recused", replaced: "Replaced" },
  role: {
    technician: "Technician",
    supervisor: "Supervisor",
    expert: "Expert",
    system_administrator: "System administrator",
    security_administrator: "Security administrator",
    audit_administrator: "Audit administrator",
    bidder: "Bidder",
  },
  clock: { start: "Planned start in", grace: "Grace left", outage: "Outage clock left" },
  gap: {
    absent: "no signal yet",
    source_lost: "signal lost",
    silent: "connected, but no data",
    no_key_frame: "no picture to begin with",
    unusable: "format cannot be stored",
    lagged: "writing fell behind",
    disk: "disk fault",
    daemon_not_running: "recorder not running",
  },
  verdict: { passed: "passed", attention: "attention", failed: "failed" },
};

/** Why a source is lost. */
export const actions: Actions = {
  run_preflight: "Run preflight",
  open_check_in: "Open check-in",
  confirm_sign_in: "Confirm sign-in",
  confirm_recording: "Confirm recording",
  authorise_start: "Authorise start",
  start_session: "Start evaluation",
  declare_outage: "Declare outage",
  end_outage: "Outage over",
  record_tenderer_waits: "Tenderer waits on",
  suspend_session: "Suspend",
  resume_session: "Resume",
  begin_overnight: "Lock overnight",
  postpone_lock: "Postpone lock",
  end_overnight: "Open the room",
  begin_break: "Begin break",
  end_break: "End break",
  mark: "Mark",
  start_talk_back: "Talk",
  end_talk_back: "Stop talking",
  begin_closing: "Begin signing",
  sign_closing_record: "Sign closing record",
  seal_session: "Seal",
  abort_session: "End without result",
  sign_pledge: "Sign pledge",
  declare_conflict: "Declare conflict",
  vote_for_chair: "Vote for a chair",
  call_for_help: "Call for help",
  acknowledge_warning: "I have read this",
  sign_report: "Sign report",
  leave: "Leave",
};

export const refusals: Refusals = {
  not_your_role: () => "your role may not do this",
  no_session_named: () => "no session is planned",
  no_such_session: () => "there is no such open session",
  session_exists: (r) => `number ${r.session} was used before`,
  wrong_phase: (r, n) => `not in phase '${n.phase(r.phase)}'`,
  room_occupied: (r) => `the room is used by ${r.by}`,
  typed_number_differs: () => "the typed number is not this session's",
  test_feeds: (r, n) => `${n.feeds(r.feeds)}: test pictures cannot be used in a real evaluation`,
  bad_plan: (r) => `the plan's '${r.field.replaceAll("_", " ")}' makes no sense`,
  no_such_seat: (r) => `there is no seat ${r.seat}`,
  no_such_member: () => "there is no such member",
  no_such_feed: () => "there is no such feed",
  committee_too_small: (r) => `${r.members} members, at least ${r.least} are needed`,
  committee_even: (r) => `${r.members} members; the number must be odd`,
  too_few_experts: (r) => `${r.experts} of ${r.members} are experts; at least ${r.share}/${r.of} must be`,
  too_few_seats: (r) => `${r.members} members for ${r.seats} seats`,
  not_as_planned: (r) => `the plan has ${r.experts} experts and ${r.representatives} representatives`,
  person_twice: () => "a person is named twice",
  wrong_seat: (r) => `this code is for seat ${r.yours}; please go there`,
  seat_not_enrolled: (r) => `the workstation of seat ${r.seat} is not enrolled`,
  already_present: () => "checked in already",
  too_late: (r) => `later than the grace period of ${minutes(r.grace)}; the supervisor may excuse it`,
  no_re_entry: () => "whoever has left may not come back in",
  not_expected: () => "this member is not expected any more",
  not_present: (r, n) => `${n.member(r.member)} is not checked in`,
  already_signed: () => "signed already",
  conflict_undecided: (r, n) => `the supervisor must rule on the conflict of ${n.members(r.members)}`,
  no_conflict: (r, n) => `${n.member(r.member)} has no open conflict`,
  already_declared: () => "declared already",
  member_not_missing: (r, n) => `${n.member(r.member)} is not missing`,
  not_approved: (r, n) => `the supervisor has not approved replacing ${n.member(r.member)}`,
  already_done: () => "done already",
  members_missing: (r, n) => `not checked in: ${n.members(r.members)}`,
  pledges_missing: (r, n) => `${kinds.pledge[r.pledge]} not signed by ${n.members(r.members)}`,
  not_recording: (r, n) => `nothing is written yet of ${n.feeds(r.feeds)}`,
  recording_not_confirmed: () => "the technician has not confirmed the recordings",
  not_authorised: () => "the supervisor has not authorised the start",
  equipment_unfit: (r) => `${equipment(r.equipment)} is not fit for an evaluation`,
  outage_lasts: () => "an outage lasts",
  no_outage: () => "there is no outage",
  outage_too_long: () => "the outage lasted too long; the session can only be ended",
  no_chair: () => "the committee has not elected its chair",
  chair_elected: () => "the chair is elected",
  chair_must_be_expert: () => "the chair must be an expert",
  ordered_by_supervisor: () => "only the supervisor lifts what he ordered",
  break_lasts: (r) => `a ${kinds.break[r.kind].toLowerCase()} lasts`,
  no_break: () => "there is no break",
  no_help_call: (r) => `nobody called for help at seat ${r.seat}`,
  help_already_called: () => "help was called; please wait",
  no_warning: () => "there is nothing to acknowledge",
  talk_back_lasts: () => "a supervisor speaks already",
  no_talk_back: () => "nobody speaks",
  no_such_gap: () => "there is no such gap",
  signatures_missing: (r, n) => `report not signed by ${n.members(r.members)}`,
  closing_record_unsigned: () => "the supervisor has not signed the closing record",
  sign_first: () => "sign the report first",
  not_enrolled: (r) => `no workstation is enrolled at seat ${r.seat}`,
  seat_in_use: (r) => `somebody sits at seat ${r.seat}`,
  preflight_runs: () => "a preflight runs already",
  session_on: (r) => `session ${r.session} is on`,
};

export function equipment(id: string): string {
  const known: Record<string, string> = {
    "disk-recordings": "Recording disk",
    "disk-journal": "Journal's disk",
    disk: "Recording disk",
    storage: "Recording disk",
    clock: "Clock",
    journal: "Journal",
    recorder: "Recorder",
    recording: "Test recording",
    "test-recording": "Test recording",
    workstations: "Workstations",
    certificate: "Certificate",
    speaker: "Speakers",
    screens: "Screens",
    faces: "Seat cameras",
    microphones: "Seat microphones",
    cameras: "Room cameras",
    hub: "Hub",
  };
  const exact = known[id];
  if (exact !== undefined) return exact;
  const words = id.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const faults: Faults = {
  disk_nearly_full: (f) => `only ${gb(f.free_bytes)} left for recordings`,
  disk_full: () => "the disk is full, recordings cannot be written",
  disk_read_only: () => "the disk became read-only, recordings cannot be written",
  disk_slow: () => "the disk is too slow",
  disk_not_writable: (f) => `recordings cannot be written: ${f.detail}`,
  clock_off: (f) => (f.offset_ms == null ? "the clock is not synchronised" : `the clock is off by ${f.offset_ms} ms`),
  no_signal: (f) => `no signal: ${source(f.cause).what}`,
  no_signal_yet: () => "no signal yet",
  sends_wrongly: (f) => source(f.cause).what,
  not_enrolled: () => "no workstation is enrolled",
  not_sending: (f) => `no picture of the ${f.feeds.map((feed) => (feed.endsWith("-screen") ? "screen" : "face")).join(" and ")}`,
  not_showable: (f) => `no browser shows ${f.codec}, and there is no sub stream`,
  certificate_expiring: (f) => `the certificate ends in ${f.days} days`,
  other: (f) => f.detail,
};

const faultTodo: Record<string, string> = {
  disk_nearly_full: "Ask the administrator for room on the recording disk. No new evaluation can start without it.",
  disk_full: "Recordings are not kept. Make room on the recording disk now: recording goes on by itself. Suspend the session if need be.",
  disk_read_only: "The file system or the disk is damaged. Mend or replace it now: recording goes on by itself once it can be written. Suspend the session if need be.",
  disk_slow: "Nothing is missing yet, but recording may fall behind. Stop other work on that disk; see whether an array is rebuilding or the disk is worn out.",
  disk_not_writable: "Recordings are not kept. Check the disk now; suspend the session if need be.",
  clock_off: "Check the network time (NTP or BeiDou). Beyond 1 s no evaluation can start.",
  no_signal_yet: "Check power and cable of the device; it reconnects by itself.",
  not_enrolled: "Press the seat on the map, make a code, and type it in at the workstation.",
  not_sending: "Make sure the workstation's page is open and camera, microphone and screen are allowed.",
  not_showable: "Switch on an H.264 sub stream in the camera.",
  certificate_expiring: "Ask the administrator to renew the certificate.",
  other: "Ask the administrator.",
};

export function source(fault: SourceFault): Advice {
  return sourceFaults[fault.kind](fault as never, undefined as never);
}

/** What to do about a fault. */
export function remedy(fault: Fault): string {
  return "cause" in fault ? source(fault.cause).todo : (faultTodo[fault.kind] ?? "");
}

/** Causes of gaps that lie in the box, not in the source. */
const OURS = new Set<string>(["disk", "lagged", "daemon_not_running"]);

const over = { frozen: "picture moves again", black: "picture is back", silent: "sound is back", too_loud: "sound is bearable again" };
const anomalyTodo = {
  frozen: "The picture does not change. Restart the camera; at a seat, plug it in again or reload the workstation's page.",
  black: "See whether the lens is covered or the lights are out.",
  silent: "See whether the microphone is muted or its cable loose; whoever muted it on purpose need only be told.",
  too_loud: "Turn the microphone down, or move it away from the loudspeaker.",
};

export const alarms: Alarms = {
  feed_lost: (a, n) => ({ what: `${n.feed(a.feed)} lost: ${source(a.fault).what}`, todo: source(a.fault).todo }),
  feed_absent: (a, n) => (a.fault == null ? { what: `${n.feed(a.feed)}: no signal yet`, todo: "Make sure the workstation's page is open and camera, microphone and screen are allowed." } : { what: `${n.feed(a.feed)}: no signal yet, ${source(a.fault).what}`, todo: source(a.fault).todo }),
  recording_gap: (a, n) => ({ what: `${n.feed(a.feed)}: ${kinds.track[a.track]} missing, ${a.fault == null || OURS.has(a.cause) ? kinds.gap[a.cause] : source(a.fault).what}`, todo: `${OURS.has(a.cause) ? "Check the recording disk and the box." : a.fault == null ? "Check power, cable and the workstation's page." : source(a.fault).todo} Recording goes on by itself; explain the gap before the end.` }),
  anomaly: (a, n) => ({ what: `${n.feed(a.feed)}: ${kinds.anomaly[a.anomaly]}`, todo: `${anomalyTodo[a.anomaly]} Recording goes on.` }),
  equipment: (a) => ({ what: `${equipment(a.equipment)}: ${faults[a.fault.kind](a.fault as never, undefined as never)}`, todo: remedy(a.fault) }),
  help: (a) => ({ what: `Seat ${a.seat} calls: ${kinds.help[a.help].toLowerCase()}${a.overdue ? " (waits too long)" : ""}`, todo: a.help === "unwell" ? "Go there at once; call an ambulance if need be." : a.help === "supervisor" ? "Tell the supervisor, then press 'I am there'." : "Go to the seat, then press 'I am there'." }),
  break_due: (a) => ({ what: `${kinds.break[a.of]} is due${a.overdue ? ", and overdue" : ""}`, todo: "Arrange it, and note its beginning in the bar below." }),
  member_missing: (a, n) => ({ what: `${n.member(a.member)} has not come within the grace period`, todo: "The supervisor may excuse it. If nobody comes, record the absence and ask for a replacement." }),
  conflict_waits: (a, n) => ({ what: `${n.member(a.member)} declared a conflict`, todo: "The supervisor must rule on it." }),
  replacement_waits: (a, n) => ({ what: `${n.member(a.member)} is missing`, todo: a.approved ? "The supervisor approved: import the replacement." : "The supervisor must approve a replacement." }),
  outage_expired: () => ({ what: "The outage lasted longer than allowed", todo: "The tenderer decides: wait on, or end." }),
  outage_lasts: () => ({ what: "An outage lasts", todo: "Once it is mended, confirm it in the bar below." }),
};

const named = (who: string) => who;

export const events: Events = {
  room_configured: () => ({ what: "A new room profile was read" }),
  daemon_started: (e) => ({ what: `System started, version ${e.version}`, level: "warn" }),
  daemon_stopping: () => ({ what: "System stopping", level: "warn" }),
  clock_jumped: (e) => ({ what: `Clock set by ${e.by_ms} ms`, level: "warn" }),
  workstation_enrolled: (e) => ({ what: `Workstation of seat ${e.seat} enrolled` }),
  workstation_revoked: (e) => ({ what: `Workstation of seat ${e.seat} revoked`, level: "warn" }),
  preflight_requested: () => ({ what: "Preflight began" }),
  preflight_done: (e) => {
    const failed = e.results.filter((r) => r.verdict === "failed").length;
    return failed > 0 ? { what: `Preflight done, ${failed} failed`, level: "bad" } : { what: `Preflight done, ${e.results.length} checks`, level: "good" };
  },
  equipment_failed: (e) => ({ what: `${equipment(e.equipment)}: ${faults[e.fault.kind](e.fault as never, undefined as never)}`, level: "bad" }),
  equipment_recovered: (e) => ({ what: `${equipment(e.equipment)} works again`, level: "good" }),
  feed_went_live: (e, n) => ({ what: `${n.feed(e.feed)} live` }),
  feed_lost: (e, n) => ({ what: `${n.feed(e.feed)} lost: ${source(e.cause).what}`, level: "bad" }),
  session_planned: (e) => ({ what: `${kinds.session[e.plan.kind]} ${e.plan.id} planned` }),
  plan_changed: (e) => ({ what: `Plan of ${e.plan.id} changed` }),
  committee_convened: (e) => ({ what: `Committee of ${e.members.length} named` }),
  check_in_opened: () => ({ what: "Check-in open, seats assigned by chance" }),
  code_handed_out: (e, n) => ({ what: `${n.member(e.member)} identified at the gate, code handed out` }),
  member_checked_in: (e, n) => ({ what: `${n.member(e.member)} checked in at seat ${e.seat}${e.late ? " (late)" : ""}`, level: e.late ? "warn" : undefined }),
  grace_ended: (e, n) => ({ what: `Grace period over; missing: ${n.members(e.missing)}`, level: "warn" }),
  lateness_excused: (e, n) => ({ what: `${n.member(e.member)} may come late` }),
  member_absent: (e, n) => ({ what: `${n.member(e.member)} recorded as absent`, level: "warn" }),
  pledge_signed: (e, n) => ({ what: `${n.member(e.member)} signed the ${kinds.pledge[e.pledge]}` }),
  conflict_declared: (e, n) => ({ what: `${n.member(e.member)} declared a conflict: ${kinds.conflict[e.kind].toLowerCase()}`, level: "warn" }),
  conflict_ruled: (e, n) => ({ what: `Ruling on ${named(n.member(e.member))}: ${kinds.ruling[e.ruling].toLowerCase()}`, level: e.ruling === "removed" ? "warn" : undefined }),
  replacement_approved: (e, n) => ({ what: `${n.member(e.member)} may be replaced` }),
  member_replaced: (e, n) => ({ what: `${n.member(e.member)} replaced by ${n.member(e.as_member)}` }),
  sign_in_confirmed: () => ({ what: "Sign-in confirmed, ready", level: "good" }),
  recording_confirmed: () => ({ what: "All streams are being written", level: "good" }),
  start_authorised: () => ({ what: "Start authorised", level: "good" }),
  readiness_lost: (e, n) => ({ what: `Recording broke off, confirm again: ${n.feeds(e.feeds)}`, level: "bad" }),
  session_started: () => ({ what: "Evaluation started", level: "good" }),
  outage_declared: (e) => ({ what: `Outage: ${e.cause}`, level: "bad" }),
  outage_ended: () => ({ what: "Outage over", level: "good" }),
  outage_time_expired: () => ({ what: "Outage longer than allowed", level: "bad" }),
  tenderer_waits: () => ({ what: "The tenderer waits on" }),
  chair_vote_cast: (e, n) => ({ what: `${n.member(e.voter)} voted for a chair` }),
  chair_elected: (e, n) => ({ what: `${n.member(e.member)} elected chair`, level: "good" }),
  session_suspended: (e) => ({ what: `Suspended: ${kinds.suspension[e.cause].toLowerCase()}, ${e.reason}`, level: "warn" }),
  session_resumed: () => ({ what: "Resumed", level: "good" }),
  overnight_begun: () => ({ what: "Locked for the night", level: "warn" }),
  lock_postponed: (e, n) => ({ what: `Lock put off until ${n.time(e.until)}` }),
  member_returned: (e, n) => ({ what: `${n.member(e.member)} identified again` }),
  overnight_ended: () => ({ what: "Opened in the morning", level: "good" }),
  break_due: (e) => ({ what: `${kinds.break[e.kind]} due`, level: "warn" }),
  break_overdue: (e) => ({ what: `${kinds.break[e.kind]} overdue`, level: "bad" }),
  break_begun: (e) => ({ what: `${kinds.break[e.kind]} began` }),
  break_ended: (e) => ({ what: `${kinds.break[e.kind]} ended` }),
  help_called: (e) => ({ what: `Seat ${e.seat} calls: ${kinds.help[e.kind].toLowerCase()}`, level: e.kind === "unwell" ? "bad" : "warn" }),
  help_overdue: (e) => ({ what: `Seat ${e.seat} waits too long for help`, level: "bad" }),
  help_answered: (e) => ({ what: `Help came to seat ${e.seat}` }),
  moment_marked: (e, n) => ({ what: `Marked${e.feed == null ? "" : ` (${n.feed(e.feed)})`}: ${e.note}`, level: "warn" }),
  seat_warned: (e) => ({ what: `Seat ${e.seat} warned: ${e.text}`, level: "warn" }),
  warning_acknowledged: (e) => ({ what: `Seat ${e.seat} read the warning` }),
  talk_back_started: (e, n) => ({ what: `Talk-back to ${n.seats(e.seats)}` }),
  talk_back_ended: () => ({ what: "Talk-back ended" }),
  member_left: (e, n) => ({ what: `${n.member(e.member)} left: ${kinds.leaving[e.reason].toLowerCase()}`, level: e.reason === "finished" ? undefined : "warn" }),
  recording_started: (e, n) => ({ what: `${n.feed(e.feed)} being written` }),
  recording_ended: (e, n) => ({ what: `${n.feed(e.feed)} recording ended` }),
  recording_gap_opened: (e, n) => ({ what: `${n.feed(e.feed)}: ${kinds.track[e.track]} missing, ${kinds.gap[e.cause]}`, level: "bad" }),
  recording_gap_closed: (e, n) => ({ what: `${n.feed(e.feed)}: ${kinds.track[e.track]} recorded again`, level: "good" }),
  anomaly_began: (e, n) => ({ what: `${n.feed(e.feed)}: ${kinds.anomaly[e.anomaly]}`, level: e.anomaly === "frozen" || e.anomaly === "black" ? "bad" : "warn" }),
  anomaly_ended: (e, n) => ({ what: `${n.feed(e.feed)}: ${over[e.anomaly]}`, level: "good" }),
  gap_explained: (e) => ({ what: `Gap ${e.gap} explained: ${e.text}` }),
  index_heads: () => ({ what: "Recording indexes witnessed" }),
  closing_begun: () => ({ what: "Signing began" }),
  report_signed: (e, n) => ({ what: `${n.member(e.member)} signed the report${e.dissent ? " with dissent" : ""}`, level: e.dissent ? "warn" : undefined }),
  closing_record_signed: () => ({ what: "Closing record signed", level: "good" }),
  session_sealed: () => ({ what: "Sealed", level: "good" }),
  session_aborted: (e) => ({ what: `Ended without result: ${e.reason}`, level: "bad" }),
  archive_sealed: () => ({ what: "Archive sealed and signed", level: "good" }),
  archive_read_back: (e) => (e.damaged ? { what: `Archive read back: ${e.damaged} files damaged`, level: "bad" } : { what: "Archive read back: all whole", level: "good" }),
};

export const problems: Record<string, string> = {
  unreachable: "The room's box does not answer; check the network",
  sign_in_first: "Sign in first",
  wrong_credentials: "Account, password or code is wrong",
  locked_out: "Too many failures; the account is locked for a while",
  too_many: "Too many attempts; wait a little",
  weak_password: "The new password is refused: 10 characters or more, without the account's name, not a common one, not the old one",
  not_permitted: "Not permitted",
  locked: "Locked; unlock first",
  not_found: "Not found",
  account_exists: "There is an account of that name already",
  last_administrator: "This is the last account of its administration; make another first",
  code_not_valid: "The code is wrong, used or too old",
  seat_taken: "Somebody is checked in at this seat",
  not_enrolled: "This browser is not enrolled to a seat",
  bad_name: "A name has 1 to 40 letters, digits, spaces or - _ .",
  bad_request: "The box does not understand this",
  busy: "The room is busy; try again",
  stopping: "The system is stopping",
  not_written: "The journal cannot be written; nothing was done",
  no_session_runs: "No session is on in this room, so there is nothing to witness; open the check-in first",
  no_checkpoint_yet: "No checkpoint yet; the first is made within a minute",
  internal: "The box could not do it; its log says why",
  faults_in_table: "The table has faults; nobody was imported",
  one_row: "The table must have one row below its header",
  not_of_this_committee: "Nobody of this committee has that ID number",
  no_seat_yet: "Seats are assigned when check-in opens",
  names_a_person: "The text names a person; use the mask, e.g. Expert 3",
  foreign_origin: "The request came from another site",
};

export const columns: Record<string, string> = { name: "Name", phone: "Mobile", id_number: "ID number", kind: "Kind", employer: "Employer" };

export const rowFaults: Record<string, string> = {
  encoding: "neither UTF-8 nor GB18030; save as CSV",
  not_csv: "no CSV from this line on",
  column_missing: "this column is missing",
  column_twice: "this column stands twice",
  no_rows: "a header and nobody below it",
  too_many_rows: "too many rows",
  empty: "empty",
  too_long: "too long",
  not_a_name: "characters that no name has",
  not_a_mobile: "not an 11-digit mobile number (format the column as text)",
  not_an_id_number: "not an 18-character ID number",
  birth_date: "no such date of birth",
  checksum: "the check digit does not fit: mistyped",
  unknown_kind: "neither expert nor tenderer_representative",
  duplicate: "the same ID number as an earlier line",
  duplicate_phone: "the same mobile number as an earlier line",
  already_in_session: "in this session already",
};

export const comma: string = ", ";
export const stop: string = ": ";
export const system: string = "System";
export const andMore = (n: number) => `${n} more`;
