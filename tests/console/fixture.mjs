// Owns views as the daemon sends them, for the tests of the pages: an empty room, a busy one, a broken one.

const HOUR = 3600_000;
export const NOW = () => Date.now();

// as in room-profiles/municipal-9.toml
const POSITIONS = [[50, 12], [19, 31], [81, 31], [19, 50], [81, 50], [19, 69], [81, 69], [34, 88], [66, 88]];

const feed = (id, name, kind, place, over = {}) => ({
  id, name, kind, place,
  source: "live", since: NOW() - HOUR, fault: null,
  recording: { state: "writing", since: NOW() - HOUR, cause: null, bytes: 1_340_000_000, last_write: NOW() - 400 },
  carries: kind === "camera" ? ["H264 1280×720", "PCMA"] : kind === "screen" ? ["H264 1920×1080"] : ["H264 1280×720", "OPUS"],
  small: true, viewable: true, anomalies: [],
  ...over,
});

const member = (no, seat, over = {}) => ({
  no, kind: no === 9 ? "tenderer_representative" : "expert", seat,
  presence: "present", since: NOW() - 2 * HOUR, late: false, chair: no === 1, code_handed_out: true, excused: false,
  pledges: ["integrity", "recusal"], conflict: null, replacement_approved: false, returned: false, voted: true, signed: null, dissent: false,
  ...over,
});

const seat = (no, over = {}) => ({
  no, x: POSITIONS[no - 1][0], y: POSITIONS[no - 1][1], enrolled: true, member: null,
  face: `seat-${no}-face`, screen: `seat-${no}-screen`, recorded: true, help: null, warning: null,
  ...over,
});

const action = (name, refusal = null) => ({ action: name, allowed: refusal === null, refusal });

const TECHNICIAN = ["run_preflight", "open_check_in", "confirm_sign_in", "confirm_recording", "start_session", "declare_outage", "end_outage", "record_tenderer_waits", "suspend_session", "resume_session", "begin_overnight", "end_overnight", "begin_break", "end_break", "begin_closing", "seal_session", "abort_session"];
const SUPERVISOR = ["authorise_start", "suspend_session", "resume_session", "postpone_lock", "mark", "start_talk_back", "end_talk_back", "sign_closing_record", "abort_session"];

const actions = (names, phase, allowed) => names.map((name) => action(name, allowed.includes(name) ? null : { code: "wrong_phase", phase }));

const session = (phase, over = {}) => ({
  id: "BS-1123-04", kind: "real", phase, since: NOW() - 30 * 60_000, start: NOW() - 2 * HOUR, expected: 4 * HOUR, started: null,
  planned: { experts: 8, tenderer_representatives: 1, rules: null }, members: [], chair: null, votes: 0, barrier: null, suspension: null, outage: null,
  aborted: null, current_break: null, due_breaks: [], talk_back: null, gaps: [], marks: 0, closing_record_signed: false, clocks: [],
  ...over,
});

let seq = 100;
const line = (ago, event, actor = { role: "technician", account: "tech1" }) => ({ seq: (seq += 1), at: NOW() - ago, session: "BS-1123-04", actor, event });

const daemon = { role: "daemon", part: "media" };
const history = () => [
  line(12_000, { type: "recording_gap_opened", gap: 1, feed: "seat-5-face", track: "video", from: NOW() - 12_000, cause: "source_lost" }, daemon),
  line(12_500, { type: "feed_lost", feed: "seat-5-face", cause: { kind: "workstation_left" } }, daemon),
  line(95_000, { type: "help_called", seat: 4, kind: "technical" }, { role: "member", session: "BS-1123-04", member: 4 }),
  line(260_000, { type: "moment_marked", feed: "seat-2-face", note: "离席 2 分钟" }, { role: "supervisor", account: "jiandu" }),
  line(700_000, { type: "break_ended", kind: "rest" }),
  line(1_500_000, { type: "break_begun", kind: "rest" }),
  line(HOUR, { type: "chair_elected", member: 1 }, { role: "member", session: "BS-1123-04", member: 3 }),
  line(HOUR + 60_000, { type: "session_started" }),
  line(HOUR + 120_000, { type: "start_authorised" }, { role: "supervisor", account: "jiandu" }),
  line(HOUR + 180_000, { type: "recording_confirmed" }),
  line(HOUR + 300_000, { type: "sign_in_confirmed" }),
  line(HOUR + 400_000, { type: "member_checked_in", member: 8, seat: 8, late: true }, { role: "daemon", part: "access" }),
  line(HOUR + 1_900_000, { type: "check_in_opened", seats: { 1: 1 } }),
  line(HOUR + 2_900_000, { type: "committee_convened", members: Array.from({ length: 9 }, (_, i) => ({ kind: "expert", person: `p${i}` })) }),
  line(HOUR + 3_500_000, { type: "session_planned", plan: { id: "BS-1123-04", kind: "real", start: NOW(), expected: HOUR, experts: 8, tenderer_representatives: 1, policies: null } }),
];

const seatFeeds = (over = () => ({})) => POSITIONS.flatMap((_, i) => [
  feed(`seat-${i + 1}-face`, `席位 ${i + 1} 面部`, "face", { in: "seat", seat: i + 1 }, over(i + 1, "face")),
  feed(`seat-${i + 1}-screen`, `席位 ${i + 1} 屏幕`, "screen", { in: "seat", seat: i + 1 }, over(i + 1, "screen")),
]);

const cameras = () => [
  feed("camera-1", "全景", "camera", { in: "evaluation_room" }),
  feed("camera-2", "门口", "camera", { in: "evaluation_room" }),
  feed("camera-3", "主席台", "camera", { in: "evaluation_room" }),
  feed("camera-4", "走廊", "camera", { in: "evaluation_room" }),
  feed("talkback", "对讲", "talk_back", { in: "supervision_room" }, { source: "absent", since: null, recording: { state: "not_wanted", since: null, cause: null, bytes: 0, last_write: null }, carries: [] }),
];

const idle = { source: "absent", since: null, carries: [], small: false, recording: { state: "not_wanted", since: null, cause: null, bytes: 0, last_write: null } };

const room = (over) => ({
  seq: 4711, at: NOW(), room: { name: "评标一室", city: "保山市公共资源交易中心", version: "0.1.0" }, me: { account: "tech1" },
  session: null, sessions: [], convening: [], lines: [], seats: POSITIONS.map((_, i) => seat(i + 1)), feeds: [...seatFeeds(), ...cameras()], alarms: [], timeline: [],
  actions: [], next: null, preflight: { state: "never" }, recording: { wanted: 22, writing: 22 },
  storage: { free_bytes: 38_200_000_000_000, total_bytes: 48_000_000_000_000, rate: 4_400_000, spare_bytes: 37_700_000_000_000, hours: 2380, sessions: 396 }, clock_offset_ms: 1.2,
  ...over,
});

const stamp = (at) => ({ at, mono: 1, boot: "b" });

const preflight = () => ({
  state: "done", at: stamp(NOW() - 2 * HOUR), results: [
    { item: "disk-recordings", verdict: "passed", fault: null, detail: "38.2 TB" },
    { item: "clock", verdict: "passed", fault: null, detail: "1.2 ms" },
    { item: "camera-1", verdict: "passed", fault: null, detail: "H264 1280×720" },
    { item: "camera-4", verdict: "attention", fault: { kind: "not_showable", codec: "H.265" }, detail: "" },
    { item: "seat-5-face", verdict: "failed", fault: { kind: "not_enrolled" }, detail: "" },
    { item: "test-recording", verdict: "passed", fault: null, detail: "10 s" },
  ],
});

const HEX = "9f3c71a04be2d8150c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809102ce";
const attempt = (line, ago, over = {}) => ({ line, placed: NOW() - ago, progress: { state: "answered" }, keys: [], end: null, ended: null, ...over });
const candidate = (no, group, standing, over = {}) => ({ candidate: no, group, redraw: false, standing, since: null, member: null, next_call: null, cause: null, withdrawal: null, attempts: [], text: null, ...over });
const ended = (line, end, keys = []) => attempt(line, 100_000, { end, ended: NOW() - 60_000, keys });
const attends = { end: "confirmed", of: "attends" };
const candidates = () => [
  candidate(1, 0, "accepted", { since: NOW() - 60_000, attempts: [ended("sip-1", attends, ["1", "1"])] }),
  candidate(2, 0, "withdrawing", { since: NOW() - 30_000, attempts: [ended("sip-2", attends, ["*", "1", "1"])] }),
  candidate(3, 0, "declined", { since: NOW() - 60_000, attempts: [ended("sip-3", { end: "confirmed", of: "declines" }, ["2", "2"])] }),
  candidate(4, 1, "calling", { attempts: [ended("sip-1", { end: "busy" }), attempt("sip-4", 27_000, { progress: { state: "key", key: "1" }, keys: ["1"] })] }),
  candidate(5, 1, "waiting", { next_call: NOW() + 200_000, attempts: [ended("sip-2", { end: "line_fault", of: { refused: { status: 503 } } })] }),
  candidate(6, 1, "given_up", { since: NOW() - 20_000, cause: { end: "no_answer" }, attempts: [ended("sip-1", { end: "no_answer" }), ended("sip-2", { end: "no_answer" })] }),
  candidate(7, 0, "calling", { redraw: true, attempts: [attempt("sip-3", 3_000, { progress: { state: "dialling" } })] }),
  candidate(8, 1, "waiting", { redraw: true }),
];
const lines = () => [
  { line: "sip-1", kind: "sip", state: { state: "ready" }, since: NOW() - HOUR, probed: true, resting: false, last_fault: null, calling: null },
  { line: "sip-2", kind: "sip", state: { state: "ready" }, since: NOW() - HOUR, probed: true, resting: true, last_fault: { end: "line_fault", of: { refused: { status: 503 } } }, calling: null },
  { line: "sip-3", kind: "sip", state: { state: "ready" }, since: NOW() - HOUR, probed: true, resting: false, last_fault: null, calling: { candidate: 7, placed: NOW() - 3_000, taken: false } },
  { line: "sip-4", kind: "sip", state: { state: "ready" }, since: NOW() - HOUR, probed: true, resting: false, last_fault: null, calling: { candidate: 4, placed: NOW() - 27_000, taken: false } },
  { line: "modem-1", kind: "modem", state: { state: "fault", of: "no_sim" }, since: NOW() - HOUR, probed: false, resting: false, last_fault: null, calling: null },
];
const drawOf = (over = {}) => ({
  attempt: 2, stage: "seeded", since: NOW() - HOUR, rows: 3412, eligible: 3364,
  excluded: [{ reason: "employer", rows: 31 }, { reason: "former_employer", rows: 12 }, { reason: "ban", rows: 5 }],
  groups: [{ speciality: "房屋建筑", count: 3, eligible: 812, filled: 2, exhausted: false }, { speciality: "工程造价", count: 2, eligible: 640, filled: 0, exhausted: false }],
  designated: 1, root: HEX, rules: HEX, box_commitment: HEX, supervisor_commitment: HEX, seed: HEX, given: null,
  hub: { key: HEX, signature: HEX + HEX, until: null },
  aborted: [{ attempt: 1, at: NOW() - 2 * HOUR, reason: { kind: "ordered", note: "名单有误" } }],
  ...over,
});
const convening = (over = {}) => ({
  session: "BS-1123-04", kind: "real", phase: "planned", start: NOW() + 2 * HOUR, expected: 4 * HOUR, complete_by: NOW() + HOUR, draw_from: NOW() - 46 * HOUR,
  experts: 6, tenderer_representatives: 1, composition: { members: 7, least: 5, odd: true, expert_share: [2, 3], complete: false },
  draw: drawOf(), notice: { notice: "ready", digest: "x" },
  callout: {
    stage: "running", since: null, pause: null, stopped: null, places: 5, filled: 2, calling: 2, declined: 1, given_up: 1, redrawn: 2, stuck: false, overdue: false, single_line: false,
    candidates: candidates(),
  },
  actions: [action("abort_draw", { code: "wrong_draw_stage" }), action("pause_call_out"), action("resume_call_out", { code: "not_paused" })],
  ...over,
});

/** A call-out that is on, as the technician sees it. */
export const calling = () => room({
  session: session("planned"), convening: [convening()], lines: lines(),
  alarms: [
    { level: "bad", since: NOW() - 90_000, what: { kind: "line_rests", line: "sip-2", fault: { end: "line_fault", of: { refused: { status: 503 } } } } },
    { level: "bad", since: NOW() - HOUR, what: { kind: "line_down", line: "modem-1", state: { state: "fault", of: "no_sim" } } },
    { level: "warn", since: NOW() - 30_000, what: { kind: "withdrawal_waits", session: "BS-1123-04", candidate: 2 } },
  ],
});

/** The same, stopped by unusual silence, as the supervisor sees it. */
export const silent = () => {
  const one = convening();
  return {
    ...calling(),
    convening: [{
      ...one,
      callout: { ...one.callout, stage: "paused", since: NOW() - 60_000, pause: { kind: "unanswered", unanswered: 6, of: 8 } },
      actions: [action("pause_call_out", { code: "call_out_rests" }), action("resume_call_out"), action("stop_call_out"), action("allow_single_line")],
    }],
    alarms: [{ level: "bad", since: NOW() - 60_000, what: { kind: "call_out_silent", session: "BS-1123-04", unanswered: 6, of: 8 } }],
  };
};

/** Prepared: the supervisor must commit himself. */
export const prepared = () => room({
  session: session("planned"),
  convening: [convening({ draw: drawOf({ attempt: 1, stage: "prepared", supervisor_commitment: null, seed: null, aborted: [], hub: { key: HEX, signature: null, until: null } }), callout: null, notice: { notice: "missing" }, actions: [action("abort_draw")] })],
  lines: lines(),
});

/** Committed: the hub has not signed yet, and did not the first time. */
export const unsigned = () => room({
  session: session("planned"),
  convening: [convening({
    draw: drawOf({
      attempt: 2, stage: "committed", seed: null, hub: { key: HEX, signature: null, until: NOW() + 90_000 },
      aborted: [{ attempt: 1, at: NOW() - 2 * HOUR, reason: { kind: "hub_silent" } }],
    }),
    callout: null, notice: { notice: "ready", digest: "x" }, actions: [action("abort_draw")],
  })],
  lines: lines(),
});

/** The hub has signed. */
export const countersigned = () => {
  const view = unsigned();
  const [one] = view.convening;
  return { ...view, convening: [{ ...one, draw: drawOf({ attempt: 2, stage: "countersigned", seed: null }) }] };
};

/** The pool's owner has drawn already. */
export const given = () => room({
  session: session("planned"),
  convening: [convening({
    draw: drawOf({ attempt: 1, stage: "prepared", supervisor_commitment: null, seed: null, aborted: [], hub: null, given: { key: HEX, attempt: 3 } }),
    callout: null, notice: { notice: "ready", digest: "x" }, actions: [action("abort_draw")],
  })],
  lines: lines(),
});

/** The hub has brought an order; one before it was not taken. */
export const arrived = () => ({
  ...room({
    session: session("planned"),
    convening: [convening({ draw: null, callout: null, notice: { notice: "missing" }, actions: [], order: { sha256: HEX, since: NOW() - 5 * 60_000, key: HEX, rows: 18_204, specialities: ["房屋建筑", "工程造价"] } })],
  }),
  alarms: [{ level: "warn", since: NOW() - 60_000, what: { kind: "order_refused", session: "BS-1123-04", fault: "order_of_another_day" } }],
});

/** Nothing drawn yet. */
export const undrawn = () => room({ session: session("planned"), convening: [convening({ draw: null, callout: null, notice: { notice: "missing" }, actions: [] })] });

/** Nothing has happened yet: no session, no workstation, nothing sent. */
export const empty = () => room({
  seats: POSITIONS.map((_, i) => seat(i + 1, { enrolled: i < 3, recorded: false })),
  feeds: [...seatFeeds(() => idle), ...cameras().map((f) => ({ ...f, recording: idle.recording }))],
  recording: { wanted: 0, writing: 0 }, actions: [],
});

export const checkIn = () => room({
  session: session("check_in", {
    kind: "rehearsal", start: NOW() + 20 * 60_000, clocks: [{ kind: "start", ends: NOW() + 20 * 60_000 }, { kind: "grace", ends: NOW() + 50 * 60_000 }],
    members: POSITIONS.map((_, i) => member(i + 1, i + 1, i < 4 ? { chair: false, pledges: i < 2 ? ["integrity", "recusal"] : ["integrity"] } : { presence: "expected", chair: false, since: null, code_handed_out: i < 6, pledges: [] })),
  }),
  seats: POSITIONS.map((_, i) => seat(i + 1, { enrolled: i !== 6, member: member(i + 1, i + 1, i < 4 ? { chair: false, pledges: i < 2 ? ["integrity", "recusal"] : ["integrity"] } : { presence: "expected", chair: false, since: null, code_handed_out: i < 6, pledges: [] }) })),
  feeds: [...seatFeeds((no) => (no === 7 ? idle : { recording: idle.recording })), ...cameras()],
  timeline: history().slice(-4), preflight: preflight(), recording: { wanted: 4, writing: 4 },
  next: "confirm_sign_in",
  actions: actions(TECHNICIAN, "check_in", ["declare_outage", "abort_session", "run_preflight"]).map((a) => (a.action === "confirm_sign_in" ? action("confirm_sign_in", { code: "members_missing", members: [5, 6, 7, 8, 9] }) : a)),
});

const busySeat = (i) => seat(i + 1, {
  member: i === 6 ? null : member(i + 1, i + 1),
  ...(i === 3 ? { help: { kind: "technical", since: NOW() - 95_000, overdue: false } } : {}),
});
const lost = () => ({ source: "lost", since: NOW() - 12_500, fault: { kind: "workstation_left" }, carries: [], recording: { state: "gap", since: NOW() - 12_000, cause: "source_lost", bytes: 990_000_000, last_write: NOW() - 12_000 } });

/** An evaluation is on; one camera is lost, one seat calls for help, one is empty. */
export const busy = () => room({
  session: session("in_session", {
    started: NOW() - HOUR - 60_000, members: POSITIONS.flatMap((_, i) => (i === 6 ? [] : [member(i + 1, i + 1)])), chair: 1, votes: 8, marks: 1,
    gaps: [{ no: 1, gap: { feed: "seat-5-face", track: "video", from: NOW() - 12_000, cause: "source_lost" }, to: null, explanations: [] }],
  }),
  seats: POSITIONS.map((_, i) => busySeat(i)),
  feeds: [...seatFeeds((no, kind) => (no === 5 && kind === "face" ? lost() : no === 7 ? idle : {})), ...cameras()],
  recording: { wanted: 20, writing: 19 },
  alarms: [
    { level: "bad", since: NOW() - 12_500, what: { kind: "feed_lost", feed: "seat-5-face", fault: { kind: "workstation_left" } } },
    { level: "bad", since: NOW() - 12_000, what: { kind: "recording_gap", gap: 1, feed: "seat-5-face", track: "video", cause: "source_lost", fault: { kind: "workstation_left" } } },
    { level: "warn", since: NOW() - 95_000, what: { kind: "help", seat: 4, help: "technical", overdue: false } },
    { level: "warn", since: NOW() - 300_000, what: { kind: "break_due", of: "meal", overdue: false } },
  ],
  timeline: history(), preflight: preflight(), next: "begin_closing",
  actions: actions(TECHNICIAN, "in_session", ["begin_closing", "begin_break", "suspend_session", "begin_overnight"]),
});

const wrong = (what) => ({ what, level: what === "frozen" || what === "black" ? "bad" : "warn" });
const WRONG = { "seat-1-face": "frozen", "seat-2-face": "black", "seat-3-face": "silent", "seat-6-face": "too_loud", "camera-2": "frozen" };

/** An evaluation is on, and pictures and sound are not as they should be. */
export const troubled = () => {
  const view = busy();
  const feeds = view.feeds.map((f) => (f.id in WRONG ? { ...f, anomalies: [wrong(WRONG[f.id])] } : f));
  const alarms = Object.entries(WRONG).map(([id, what], i) => ({ level: wrong(what).level, since: NOW() - 8_000 - i * 20_000, what: { kind: "anomaly", feed: id, anomaly: what } }));
  return { ...view, feeds, alarms: alarms.sort((a, b) => a.level.localeCompare(b.level)) };
};

export const closing = () => {
  const view = busy();
  return {
    ...view, alarms: [], recording: { wanted: 20, writing: 20 },
    feeds: [...seatFeeds((no) => (no === 7 ? idle : {})), ...cameras()],
    seats: view.seats.map((s) => ({ ...s, help: null, member: s.member === null ? null : { ...s.member, signed: s.no < 4 ? NOW() - 60_000 : null } })),
    session: { ...view.session, phase: "closing", gaps: [] }, next: "seal_session",
    actions: actions(TECHNICIAN, "closing", ["suspend_session", "seal_session"]),
  };
};

export const supervisor = (view) => ({
  ...view, me: { account: "jiandu" }, next: null,
  alarms: [...view.alarms, { level: "warn", since: NOW() - 60_000, what: { kind: "conflict_waits", member: 3 } }, { level: "bad", since: NOW() - 90_000, what: { kind: "member_missing", member: 7 } }],
  actions: actions(SUPERVISOR, view.session?.phase ?? "planned", ["suspend_session", "mark", "start_talk_back", "abort_session"]),
});

const MEMBER = ["sign_pledge", "declare_conflict", "vote_for_chair", "call_for_help", "acknowledge_warning", "sign_report", "leave"];

/** A seat's page; `me` and `session` differ by step. */
export const seatPage = (over = {}) => ({
  seq: 4711, at: NOW(), room: { name: "评标一室", city: "保山市公共资源交易中心", version: "0.1.0" }, seat: 3,
  session: {
    id: "BS-1123-04", kind: "real", phase: "check_in", since: NOW() - 60_000, start: NOW() + HOUR, started: null, suspension: null, current_break: null, chair: null,
    colleagues: [1, 2, 3, 4, 5].map((no) => ({ no, kind: no === 5 ? "tenderer_representative" : "expert", seat: no, present: no !== 4, signed: false })),
    ...(over.session ?? {}),
  },
  me: null, my_vote: null, talk_back: false, warning: null, help: null,
  feeds: [feed("talkback", "对讲", "talk_back", { in: "supervision_room" })],
  actions: MEMBER.map((name) => action(name)),
  ...Object.fromEntries(Object.entries(over).filter(([key]) => key !== "session")),
  ...(over.session === null ? { session: null } : {}),
});
export const seatMember = (over = {}) => member(3, 3, { chair: false, ...over });

export const welcome = (caller, hub = false) => ({
  caller, hub, room: "评标一室", city: "保山市公共资源交易中心", time_zone: "Asia/Shanghai",
  pictures: {
    face: { width: 1280, height: 720, fps: 25, bitrate: 2_000_000 }, face_small: { width: 320, height: 180, fps: 15, bitrate: 200_000 },
    screen: { width: 1920, height: 1080, fps: 10, bitrate: 2_000_000 }, screen_small: { width: 480, height: 270, fps: 5, bitrate: 200_000 },
  },
});

export const account = (name, role, state = "open") => ({ is: "account", account: name, role, state });

export const accounts = () => [
  { id: "tech1", role: "technician", closed: false, waits_for_approval: false, locked_until: NOW() + 600_000, factor: true, last_sign_in: NOW() - HOUR },
  { id: "jiandu", role: "supervisor", closed: false, waits_for_approval: false, locked_until: null, factor: true, last_sign_in: NOW() - 2 * HOUR },
  { id: "anquan2", role: "security_administrator", closed: false, waits_for_approval: true, locked_until: null, factor: false, last_sign_in: null },
  { id: "old", role: "technician", closed: true, waits_for_approval: false, locked_until: null, factor: false, last_sign_in: null },
];
export const tokens = () => [
  { id: 1, name: "sdk", scopes: ["view_all"], expires: NOW() + 30 * 24 * HOUR, revoked: false },
  { id: 2, name: "whip camera", scopes: [{ publish: "camera-9" }], expires: NOW() - HOUR, revoked: false },
];
export const audit = () => Array.from({ length: 30 }, (_, i) => ({
  no: 930 - i, at: NOW() - i * 47_000, kind: ["view-feed", "command", "sign-in", "denied"][i % 4], subject: ["supervisor:jiandu", "technician:tech1", "anonymous", "workstation:3"][i % 4],
  object: ["feed:seat-3-face", "command:begin_break", "account:tech1", "route:/api/audit"][i % 4], result: ["done", "done", "refused", "denied"][i % 4], address: "10.20.3.11",
}));

/** A sealed archive on hold, whole in one replica, damaged in another, and not yet in a third. */
export const archive = {
  until: NOW() + 15 * 366 * 24 * HOUR, hold: "投诉处理中", released: false, personal_until: null, personal_data: "kept",
  replicas: [
    { id: "second-disk", seen: { state: "whole", verified: { at: NOW() - HOUR, mono: 1, boot: "b" } } },
    { id: "s3", seen: { state: "damaged", since: { at: NOW() - HOUR, mono: 1, boot: "b" } } },
    { id: "district", seen: null },
  ],
};

/** A recorded session, as `/api/recordings/{session}` gives it; `files` are the names of segments that the server has. */
export const recorded = (files) => {
  const start = NOW() - HOUR;
  const feeds = ["seat-1-face", "seat-2-face", "seat-3-face", "seat-3-screen", "camera-1", "camera-2"];
  const segment = (i, codec) => ({
    file: files[i % files.length], from: start + i * 4000, to: start + (i + 1) * 4000, bytes: 2_400_000, cause: null,
    tracks: [{ track: "video", codec }, { track: "audio", codec: "opus" }],
  });
  return {
    id: "BS-1123-04", kind: "real", names: { "camera-1": "全景", "camera-2": "门口" },
    feeds: feeds.map((feed, row) => ({
      feed,
      segments: Array.from({ length: 40 }, (_, i) => i).filter((i) => row !== 1 || i < 14 || i > 20).map((i) => segment(i, row === 5 ? "h265" : "h264")),
      gaps: row === 1 ? [{ track: "video", from: start + 14 * 4000, to: start + 21 * 4000, cause: "source_lost" }] : [],
    })),
    moments: [
      { ...line(0, { type: "session_started" }), at: start + 2000 },
      { ...line(0, { type: "moment_marked", feed: null, note: "离席" }), at: start + 40_000 },
      { ...line(0, { type: "recording_gap_opened", gap: 1, feed: "seat-2-face", track: "video", from: start, cause: "source_lost" }, daemon), at: start + 56_000 },
      { ...line(0, { type: "session_suspended", cause: "outage", reason: "网络中断" }), at: start + 90_000 },
      { ...line(0, { type: "session_resumed" }), at: start + 110_000 },
    ],
  };
};

/** The city board of a hub: a room at work, one in trouble, one that is gone, one that nobody has heard of. */
export const city = () => {
  const now = Date.now();
  const health = { disk_free_bytes: 3.1e12, disk_total_bytes: 4e12, disk_hours: 190, clock_offset_ms: 0.4, temperature_c: 46, cameras: 4, cameras_live: 4, last_backup: now - 9e6, archives_not_replicated: 0 };
  const session = { id: "BS-1123-04", kind: "real", phase: "in_session", since: now - 4e6, start: now - 4e6, expected: 144e5, started: now - 4e6, expected_members: 5, present_members: 5, clocks: [] };
  const state = (over = {}) => ({
    seq: 812, at: now, name: "市级评标一室", version: "0.1.0", seats: 9, enrolled: 9, session: null, sessions: [], alarms: [],
    recording: { wanted: 0, writing: 0 }, health, unreceipted: 0, ...over,
  });
  const room = (id, over = {}) => ({ id, online: true, stale: false, heard: now - 800, state: state(), epoch: 1, upto: 812, ...over });
  const trouble = [
    { urgent: true, since: now - 6e4, kind: "feed_lost", subject: "camera-2", fault: "connection_refused" },
    { urgent: false, since: now - 3e4, kind: "help", subject: "4", fault: null },
    { urgent: false, since: now - 3e4, kind: "equipment", subject: "clock", fault: "clock_off" },
    { urgent: false, since: now - 3e4, kind: "break_due", subject: null, fault: "meal" },
  ];
  const evaluation = { id: "BS-1126-01", kind: "real", start: now + 864e5, expected: 144e5, rules: null, policies: null, venues: [{ room: "baoshan-1", experts: 3, tenderer_representatives: 0 }, { room: "longling-1", experts: 2, tenderer_representatives: 0 }] };
  return {
    at: now, city: "保山市公共资源交易中心", broker: "mqtts://mqtt.example.cn:8883",
    rooms: [
      room("baoshan-1", { certificate: "5c".repeat(32), state: state({ session, sessions: [{ id: session.id, phase: session.phase, start: session.start, expected: session.expected, seats: 5 }], recording: { wanted: 14, writing: 14 }, relays: [{ id: "city", host: "sfu.example.cn", permitted: ["camera-1", "camera-2"], sound: false, until: now + 72e5, feeds: [{ feed: "camera-1", state: "sending" }, { feed: "camera-2", state: "failed" }], barred: false }] }) }),
      room("longling-1", { epoch: 2, state: state({ name: "龙陵县评标室", seats: 7, alarms: trouble, recording: { wanted: 11, writing: 10 }, unreceipted: 37, health: { ...health, cameras_live: 3, archives_not_replicated: 2, last_backup: null } }) }),
      room("shidian-1", { online: false, stale: true, heard: now - 3e5, state: state({ name: "施甸县评标室", seats: 7 }) }),
      room("tengchong-1", { online: false, stale: true, heard: null, state: null, epoch: 0, upto: 0 }),
    ],
    evaluations: [{
      evaluation, made: now - 6e5,
      venues: [
        { room: "baoshan-1", command: "hub-1", what: "plan_session", state: { state: "answered", outcome: { result: "done", seq: 810 } } },
        { room: "longling-1", command: "hub-2", what: "change_plan", state: { state: "answered", outcome: { result: "refused", refusal: { code: "committee_too_small", members: 2, least: 5 } } } },
      ],
    }],
    waiting: [{ room: "longling-1", box: "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29", since: now - 5e4 }],
    trail: [{ at: now - 9e4, room: "longling-1", what: "events", reason: "chain-broken" }],
    archives: [
      { room: "baoshan-1", session: "BS-1105-02", asked: now - 36e5, state: { state: "answered", outcome: { result: "done", seq: 820, archive: {
        session: "BS-1105-02", kind: "real", tagmanifest_sha256: "5c".repeat(32), files: 412, bytes: 9.1e10, sealed: now - 2e9, timestamped: true, damaged: 0, released: false,
        replicas: [{ replica: "second-disk", verified: now - 9e7 }, { replica: "centre", verified: null, s3: { endpoint: "https://s3.example.cn:9000", bucket: "bidroom", key: "baoshan-1/BS-1105-02/" } }],
      } } } },
      { room: "shidian-1", session: "SD-1102-01", asked: now - 6e4, state: { state: "waiting" } },
      { room: "longling-1", session: "LL-1", asked: now - 8e4, state: { state: "answered", outcome: { result: "refused", refusal: { code: "no_such_archive", session: "LL-1" } } } },
    ],
    relays: [{ room: "baoshan-1", session: "BS-1123-04", asked: now - 6e5, what: "start_relay", state: { state: "answered", outcome: { result: "done", seq: 830 } } }],
    orders: [
      { room: "baoshan-1", session: "BS-1126-01", sent: now - 3e5, sha256: "7d".repeat(32), bytes: 6.6e6, parts: 74, answered: 74, state: { state: "answered", outcome: { result: "done", seq: 840 } } },
      { room: "longling-1", session: "BS-1126-01", sent: now - 2e5, sha256: "1b".repeat(32), bytes: 6.6e6, parts: 74, answered: 74, state: { state: "answered", outcome: { result: "refused", refusal: { code: "order_unfit", fault: "order_not_for_this_box" } } } },
    ],
    statements: [{ room: "longling-1", id: "ef".repeat(32), session: "BS-1120-03", rehearsal: false, made: now - 36e5, recipient: "12".repeat(32) }],
    usual: {
      committee_min: 5, committee_odd: true, expert_share: [2, 3], chair_is_expert: true, grace: 18e5, outage_before_start: 72e5, outage_in_session: 144e5, overnight_lock: 1260,
      rest_every: 72e5, meals: [720, 1080], break_overdue: 18e5, help_overdue: 18e4, clock_offset: 1000, recording: [], retention: 15 * 366 * 864e5, scrub: 30 * 864e5, call_out: {},
    },
  };
};

/** The first minute of a hub: no room was heard yet, and there is no broker. */
export const cityEmpty = () => ({
  ...city(), broker: null, evaluations: [], waiting: [], trail: [], archives: [], orders: [], statements: [],
  rooms: ["baoshan-1", "longling-1"].map((id) => ({ id, online: false, stale: true, heard: null, state: null, epoch: 0, upto: 0 })),
});

/** A city of 20 rooms on a full day. */
export const cityBusy = () => {
  const one = city();
  const names = ["市级评标一室", "市级评标二室", "市级评标三室", "市级评标四室", "隆阳区评标一室", "隆阳区评标二室", "施甸县评标一室", "施甸县评标二室", "腾冲市评标一室", "腾冲市评标二室", "龙陵县评标一室", "龙陵县评标二室", "昌宁县评标一室", "昌宁县评标二室"];
  const phases = ["in_session", "check_in", "closing", null, "suspended", "in_session", "ready"];
  const rooms = Array.from({ length: 20 }, (_, i) => {
    const like = one.rooms[i % 3];
    const phase = phases[i % phases.length];
    const busy = phase === null ? null : { ...one.rooms[0].state.session, id: `BS-1126-${String(i + 1).padStart(2, "0")}`, phase, clocks: phase === "check_in" ? [{ what: "start", ends: one.at + 9e5 }, { what: "grace", ends: one.at + 27e5 }] : [] };
    return { ...like, id: `room-${i + 1}`, stale: like.stale || i === 9, heard: i === 9 ? one.at - 4e4 : like.heard, state: { ...like.state, name: names[i] ?? `评标室 ${i + 1}`, session: busy } };
  });
  const evaluations = Array.from({ length: 12 }, (_, i) => ({ ...one.evaluations[0], evaluation: { ...one.evaluations[0].evaluation, id: `BS-1127-${String(i + 1).padStart(2, "0")}`, policies: i === 1 ? one.usual : null } }));
  return { ...one, rooms, evaluations, trail: Array.from({ length: 30 }, () => one.trail[0]) };
};
