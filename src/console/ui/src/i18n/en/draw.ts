// Owns the English words of draw and call-out: steps of the proof, standings, how calls end, the board.
import type { AbortedView, CallEnd, DrawStep, Exclusion, LineState, StandingKind, TextEnd } from "../../wire";

export const mask = (no: number): string => `Candidate ${no}`;

export const steps: Record<DrawStep, string> = {
  prepared: "Waits for the supervisor's commitment",
  committed: "Waits for the supervisor's secret",
  countersigned: "Signed by the hub; waits for the supervisor's secret",
  revealed: "The box reveals its secret",
  seeded: "Seed fixed",
  aborted: "Ended",
};

export const abortReasons: Record<AbortedView["reason"]["kind"], string> = {
  ordered: "by order",
  basis_lost: "what was committed to is lost",
  basis_differs: "what was committed to differs",
  hub_silent: "the hub did not sign in time",
  session_ended: "the session ended",
};

export const exclusions: Record<Exclusion, string> = {
  employer: "works for a recusal unit",
  former_employer: "left one within the look-back",
  relative: "relatives",
  ban: "banned",
  listed: "listed",
  named: "designated already",
  speciality: "other speciality",
};

export const standings: Record<StandingKind, string> = {
  waiting: "To be called",
  calling: "Calling",
  accepted: "Attends",
  declined: "Declined",
  given_up: "Not reached",
  released: "Too late, thanked",
  withdrawing: "Withdrawal to be ruled on",
  withdrew: "Withdrew",
  not_needed: "Not needed",
};

export const progress: Record<string, string> = {
  dialling: "Dialling",
  ringing: "Ringing",
  early_media: "Network announcement",
  answered: "Notice is read",
  key: "Key pressed, to be confirmed",
  idle_key: "Notice is read",
};

export const ends: Record<string, string> = {
  confirmed: "confirmed",
  reached: "reached",
  no_key: "answered, no key confirmed",
  hung_up: "hung up unconfirmed",
  busy: "busy",
  no_answer: "no answer",
  rejected: "rejected",
  unreachable: "off or out of reach",
  no_such_number: "no such number",
  answered_late: "answered as we hung up",
  cancelled: "cancelled",
  interrupted: "cut off by a restart",
  bad_number: "invalid number, not dialled",
  auth_fault: "line sign-in refused",
};

export const faults: Record<string, string> = {
  no_reply: "gateway does not answer",
  host_unreachable: "gateway cannot be reached",
  no_media: "answered, no sound",
  no_codec: "no common codec",
  refused: "gateway refuses calls",
  odd_reply: "odd answer of the gateway",
  modem_gone: "modem is gone",
  modem_silent: "modem does not answer",
  no_sim: "no SIM card",
  pin_needed: "SIM card asks for its PIN",
  no_network: "not in the mobile network",
  sound_stalled: "modem's sound stopped",
  in_use: "line is in use",
  disk_full: "call recording cannot be written",
  speech_missing: "notice is not spoken yet",
  no_such_line: "no such line in the profile",
  vault_failed: "number cannot be read from the vault",
  software: "software fault",
};

const faultOf = (of: unknown): string => {
  const code = typeof of === "string" ? of : "refused";
  const status = typeof of === "object" && of !== null && "refused" in of ? (of as { refused: { status: number } }).refused.status : null;
  return `${faults[code] ?? code}${status === null ? "" : ` (${status})`}`;
};

export function end(value: CallEnd): string {
  if (value.end === "line_fault") return `line fault: ${faultOf(value.of)}`;
  if (value.end === "confirmed") return value.of === "attends" ? "confirmed: attends" : "confirmed: declines";
  return ends[value.end] ?? value.end;
}

export function line(state: LineState): string {
  if (state.state === "fault") return faultOf(state.of);
  return { unknown: "unknown", registering: "signing in", ready: "ready", auth_fault: "sign-in refused", disabled: "switched off" }[state.state];
}

/** What became of a text message. */
export function text(end: TextEnd | null): string {
  switch (end?.end) {
    case undefined:
      return "sending a text";
    case "sent":
      return "text sent";
    case "refused":
      return end.cause == null ? "text refused" : `text refused (${end.cause})`;
    case "failed":
      return `text not sent: ${faultOf(end.fault)}`;
    case "interrupted":
      return "cut off while a text was sent: it may have gone out, and is not sent again";
  }
}

export const withdrawals = { called_back: "called back to withdraw", told: "withdrawal granted", missing: "missing, replacement approved" };

export const pieces: Record<string, string> = {
  notice: "The notice",
  "notice-again": "No key: the notice again",
  "confirm-attends": "Confirm that you come",
  "confirm-declines": "Confirm that you do not",
  "thanks-attends": "You come: thanks",
  "thanks-declines": "You do not: thanks",
  goodbye: "Not confirmed: goodbye",
  released: "All places taken: thanks",
  sorry: "Not recorded: we call again",
  "call-back": "Calls back: how to withdraw",
  "confirm-withdraws": "Confirm that you withdraw",
  "thanks-withdraws": "Withdrawn: thanks",
  "not-withdrawn": "The withdrawal was not recorded",
  "keeps-place": "Not withdrawn: you still come",
  "no-calls": "Other callers: no calls here",
};

export const page = {
  listen: "Listen to the notice",
  listenWhich: "What to listen to",
  title: "Draw and call-out",
  which: "Session",
  none: "No session waits for a committee",
  noneTodo: "Once the technician has planned a session, its experts are drawn and called here.",
  places: "Experts needed",
  accepted: "Attend",
  calling: "Calling",
  lost: "Declined or not reached",
  redrawn: "Redrawn",
  completeBy: "Complete by",
  board: "Voice call-out",
  boardAside: (lines: number) => `${lines} lines · never the project's name · names appear at gate and seat only`,
  columns: { candidate: "Candidate", speciality: "Speciality", attempt: "Call", progress: "Progress", keys: "Keys", time: "Time", note: "Note" },
  attempt: (no: number) => (no === 0 ? "—" : `No. ${no}`),
  redraw: "redraw",
  member: (name: string) => `now ${name}`,
  nextCall: (time: string) => `called again at ${time}`,
  otherLine: "waits for another line",
  noCandidates: "Nobody was drawn yet",
  proof: "Proof of the draw",
  attemptNo: (no: number) => `Draw ${no}`,
  pool: "Pool",
  poolOf: (rows: number, eligible: number) => `${rows} people, ${eligible} may be drawn`,
  excluded: "Excluded",
  groups: "Specialities",
  group: (name: string, count: number, filled: number, eligible: number) => `${name} ${filled}/${count}, ${eligible} may be drawn`,
  designated: (count: number) => `and ${count} designated experts`,
  root: "Pool's root",
  rules: "Rules' hash",
  boxCommitment: "Box's commitment",
  supervisorCommitment: "Supervisor's",
  hubSignature: "Hub's signature",
  hubWaits: (until: string) => `waiting for the hub until ${until}; then the draw is ended, on the record`,
  given: "Order given by",
  givenBy: (key: string, attempt: number) => `the pool's owner (draw ${attempt}, key ${key}…); signature and order were verified here`,
  waitsForAcceptance: "Waits for the supervisor's acceptance",
  waitsForHub: "Waits for the hub's signature",
  acceptOrder: "Accept the order and call",
  seed: "Seed",
  notYet: "not yet",
  aborted: (no: number, time: string, why: string) => `Draw ${no} was ended at ${time} (${why}); this stays on the record`,
  record: "Download the public record",
  composition: "Composition",
  compositionOf: (members: number, odd: boolean, least: number, share: string) => `${members} in all; at least ${least}${odd ? ", odd" : ""}, experts at least ${share}`,
  compositionDone: "Complete and lawful",
  compositionOpen: (open: number) => `${open} still missing`,
  notice: { missing: "The notice is being spoken", ready: "The notice is ready", failed: "The notice could not be spoken" },
  lines: "Lines",
  noLines: "There is no phone line: set lines up in the room's profile",
  lineRests: "rests, to be tested",
  lineProbe: "test number",
  lineTaken: (who: string) => `Call from ${who}`,
  stranger: "a stranger",
  lineIdle: "idle",
  retryLine: "Try again",
  alarms: "To do",
  quiet: "Nothing to do",
  operations: "Operations",
  rule: "No human step in the draw: no candidate can be skipped, chosen or looked up.",
  arrived: (at: string) => `The hub brought an order that is drawn already, ${at}; it is proven.`,
  take: "Use the hub's order…",
  prepare: "Prepare the draw…",
  commit: "Enter the commitment…",
  reveal: "Reveal the secret…",
  withdraw: "Record a withdrawal…",
  grant: "Grant",
  refuse: "Refuse",
  redrawMember: "Redraw",
  stage: { running: "Running", paused: "Paused", stopped: "Stopped", complete: "Committee complete" },
  stuck: "The pool is empty, and places are open",
  paused: (why: string) => `Paused: ${why}`,
  silence: (n: number, of: number) => `${n} of the last ${of} calls were not answered: the supervisor checks the lines, then decides`,
};

export const form = {
  title: "Prepare the draw",
  arrivedTitle: "Use the order that the hub has brought",
  arrivedHelp: "Drawn by the pool's owner and encrypted to this box; signature, session and every row were proven when it came. The supervisor accepts it next, and the calls begin.",
  arrivedSubmit: "Use the order",
  came: "Came",
  digest: "SHA-256 of the file",
  owner: "Drawn by",
  ownerKey: (key: string, rows: number) => `key ${key}…, a pool of ${rows}`,
  help: "The tables go into the box's encrypted vault only and appear on no page and in no log. The box then commits itself to pool, rules and its own secret, and the supervisor enters his commitment.",
  pool: "Expert pool (CSV)",
  poolHelp: "Columns: name, phone, id_number, employer, specialities; optional former_employers (with the day of leaving, as A(2024-05-31)), relatives_employers, banned_until",
  order: "Or: an order that is drawn already (encrypted file, .cms)",
  orderHelp: "Drawn by the pool's owner, encrypted to this box and signed; pool, recusals and order are in it, so choose neither of those tables",
  recusals: "Recusals (CSV, optional)",
  recusalsHelp: "Columns: kind (unit, relative, ban, person), name; optional aliases, id_number, until",
  named: "Named members (CSV, optional)",
  namedHelp: "Designated experts and tenderer representatives, as in a committee's table; neither drawn nor called",
  choose: "Choose a file",
  groups: "Specialities and numbers",
  speciality: "Speciality",
  count: "Number",
  add: "Add a speciality",
  remove: "Remove",
  sum: (sum: number, experts: number) => `${sum} to be drawn; ${experts} experts planned, designated ones included`,
  submit: "Submit and commit",
  faults: (count: number) => `${count} faults in the tables; nobody was stored`,
  table: "Table",
  tables: { pool: "Pool", recusals: "Recusals", named: "Named" } as Record<string, string>,
};

export const secret = {
  commitTitle: "Enter the supervisor's commitment",
  commitText: "On a computer or phone that is not this box, make a random number of 64 hexadecimal digits, keep it safe, and enter only its SHA-256 here:",
  commitCommand: "openssl rand -hex 32 | tr -d '\\n' | tee secret.txt | sha256sum",
  commitment: "Commitment (64 hexadecimal digits)",
  revealTitle: "Reveal the supervisor's secret",
  revealText: "Enter the random number that you kept. The box then reveals its own at once; the order of all candidates is fixed, and cannot be changed.",
  secret: "Secret (64 hexadecimal digits)",
  wrong: "64 lower-case hexadecimal digits are needed",
  commit: "Commit",
  reveal: "Reveal",
};

export const ask = {
  abort: { title: "End the draw", text: "This stays on the record for good; another draw counts as the next.", act: "End the draw" },
  pause: { title: "Pause the call-out", text: "No new call is made; calls that are on go on.", act: "Pause" },
  stop: { title: "Stop the call-out", text: "All calls are broken off, and the draw is void, which stays on the record. Whoever has accepted must be told otherwise.", act: "Stop the call-out" },
  single: { title: "Allow a single line", text: "A candidate is given up only after attempts on two lines. While the other line is out of order, one may be allowed to be enough.", act: "Allow" },
  withdraw: { title: "Record a withdrawal", text: "Choose the candidate who asked to withdraw; the supervisor rules on it, then the next is drawn.", which: "Candidate", act: "Record" },
  reason: "Reason",
};
