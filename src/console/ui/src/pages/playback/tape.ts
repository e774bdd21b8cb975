// Owns what was recorded as one tape: a row a feed with pieces and holes, and the points that people look for.
import type { Dictionary } from "../../i18n";
import { feedName, names, told } from "../../names";
import type { Event, GapCause, Line, MemberKind } from "../../wire";
import type { FeedRecording, RecordedSession } from "./wire";

/** One file on the clock. */
export interface Piece {
  file: string;
  from: number;
  to: number;
  bytes: number;
  /** Codecs by name; empty while it grows. */
  codecs: string[];
  picture: boolean | null;
  growing: boolean;
}

/** A known absence. */
export interface Hole {
  from: number;
  to: number;
  cause: GapCause;
  tracks: "both" | "video" | "audio";
  /** Still missing when the list was read. */
  open: boolean;
}

export interface Row {
  feed: string;
  name: string;
  pieces: Piece[];
  holes: Hole[];
  bytes: number;
}

export type Category = "phase" | "mark" | "people" | "fault";
export const CATEGORIES: Category[] = ["phase", "mark", "people", "fault"];

/** A moment worth a look. */
export interface Point {
  seq: number;
  at: number;
  category: Category;
  level: "good" | "warn" | "bad" | "plain";
  text: string;
}

export interface Tape {
  from: number;
  to: number;
  rows: Row[];
  points: Point[];
  growing: boolean;
}

/** Pieces that follow each other within this are one stretch, ms: a muxer's swap is no absence. */
export const SEAM = 1500;

/** Where a moment belongs; null: of no use in playback. */
const CATEGORY: Record<Event["type"], Category | null> = {
  room_configured: null, daemon_started: "fault", daemon_stopping: "fault", clock_jumped: "fault",
  workstation_enrolled: null, workstation_revoked: null, preflight_requested: null, preflight_done: null,
  equipment_failed: "fault", equipment_recovered: "fault", feed_went_live: null, feed_lost: null,
  // draw and call-out are over before anything is recorded
  order_arrived: null, order_refused: null, draw_prepared: null, draw_committed: null, draw_signature_asked: null, draw_countersigned: null, draw_revealed: null, draw_seeded: null,
  draw_aborted: null, candidates_drawn: null, pool_exhausted: null, notice_ready: null,
  notice_failed: null, call_placed: null, call_taken: null, text_placed: null, text_ended: null, call_progressed: null, call_ended: null,
  candidate_accepted: null, candidate_declined: null, candidate_released: null, candidate_given_up: null,
  withdrawal_told: null, withdrawal_refused: null, candidate_withdrew: null, call_out_paused: null,
  call_out_resumed: null, call_out_stopped: null, call_out_overdue: null, single_line_allowed: null,
  phones_started: null, line_changed: null, line_rested: null, line_retried: null,
  session_planned: null, plan_changed: null, committee_convened: null, check_in_opened: "phase", code_handed_out: null,
  member_checked_in: "people", grace_ended: "people", lateness_excused: "people", member_absent: "people",
  pledge_signed: null, conflict_declared: "people", conflict_ruled: "people", replacement_approved: "people",
  member_replaced: "people", sign_in_confirmed: "phase", recording_confirmed: null, start_authorised: "phase",
  readiness_lost: "fault", session_started: "phase", outage_declared: "fault", outage_ended: "fault",
  outage_time_expired: "fault", tenderer_waits: "phase", chair_vote_cast: null, chair_elected: "phase",
  session_suspended: "phase", session_resumed: "phase", overnight_begun: "phase", lock_postponed: "phase",
  member_returned: "people", overnight_ended: "phase", break_due: null, break_overdue: "people", break_begun: "people",
  break_ended: "people", help_called: "people", help_overdue: "people", help_answered: "people", moment_marked: "mark",
  seat_warned: "mark", warning_acknowledged: "mark", talk_back_started: "mark", talk_back_ended: null, relay_started: "mark", relay_ended: "mark",
  member_left: "people", recording_started: null, recording_ended: null, recording_gap_opened: "fault",
  recording_gap_closed: "fault", anomaly_began: "fault", anomaly_ended: "fault", gap_explained: null, index_heads: null, closing_begun: "phase", report_signed: "phase",
  closing_record_signed: "phase", session_sealed: "phase", session_aborted: "phase",
  archive_sealed: null, archive_read_back: null, archive_replicated: null, replica_verified: null,
  replica_damaged: null, replica_healed: null, archive_verified: null, archive_handed_over: null, archive_received: null, archive_held: null, hold_lifted: null, archive_released: null,
  archive_deleted: null, personal_data_released: null, personal_data_erased: null, archive_requested: null, attendance_stated: null,
};

/** Lays a recorded session out on the clock. `now` ends what still grows. */
export function tapeOf(t: Dictionary, recorded: RecordedSession, now: number): Tape {
  const known = Object.entries(recorded.names).map(([id, name]) => ({ id, name }));
  const rows = recorded.feeds
    .map((feed) => rowOf(feed, feedName(t, feed.feed, known), recorded.moments, now))
    .filter((row) => row.pieces.length > 0 || row.holes.length > 0)
    .sort((a, b) => order(a.feed).localeCompare(order(b.feed), "en", { numeric: true }));
  const edges = rows.flatMap((row) => [...row.pieces, ...row.holes]);
  const from = edges.reduce((least, edge) => Math.min(least, edge.from), Infinity);
  const to = edges.reduce((most, edge) => Math.max(most, edge.to), -Infinity);
  const growing = rows.some((row) => row.pieces.some((piece) => piece.growing));
  const n = names(t, { members: members(recorded.moments), feeds: known });
  const points = recorded.moments.flatMap((line): Point[] => {
    const category = CATEGORY[line.event.type] ?? null;
    if (category === null) return [];
    const { what, level } = told(t, line.event, n);
    return [{ seq: line.seq, at: line.at, category, level: level ?? "plain", text: what }];
  });
  points.sort((a, b) => a.at - b.at || a.seq - b.seq);
  return edges.length === 0 ? { from: now, to: now, rows, points, growing } : { from, to: Math.max(to, from + 1000), rows, points, growing };
}

/** Seats first, face before screen; then the room's feeds. */
const order = (feed: string): string => (feed.startsWith("seat-") ? `0-${feed}` : `1-${feed}`);

function members(moments: Line[]): { no: number; kind: MemberKind }[] {
  const found: { no: number; kind: MemberKind }[] = [];
  for (const { event } of moments) {
    if (event.type === "committee_convened") event.members.forEach((member) => found.push({ no: found.length + 1, kind: member.kind }));
    if (event.type === "member_replaced") found.push({ no: event.as_member, kind: event.by.kind });
  }
  return found;
}

function rowOf(recording: FeedRecording, name: string, moments: Line[], now: number): Row {
  const holes = [...closedHoles(recording), ...openHoles(recording.feed, moments, now)].sort((a, b) => a.from - b.from);
  const ends = moments.flatMap(({ at, event }) => (event.type === "session_sealed" || event.type === "session_aborted" || (event.type === "recording_ended" && event.feed === recording.feed) ? [at] : []));
  const pieces = recording.segments.map((segment, index): Piece => {
    const next = recording.segments[index + 1]?.from ?? Infinity;
    const lost = holes.find((hole) => hole.open && hole.tracks !== "audio" && hole.from > segment.from)?.from ?? Infinity;
    const ended = ends.find((at) => at > segment.from) ?? Infinity;
    const growing = segment.to == null;
    return {
      file: segment.file,
      from: segment.from,
      to: segment.to ?? Math.max(segment.from, Math.min(next, lost, ended, now)),
      bytes: segment.bytes,
      codecs: segment.tracks.map((track) => track.codec),
      picture: segment.tracks.length === 0 ? null : segment.tracks.some((track) => track.track === "video"),
      growing,
    };
  });
  return { feed: recording.feed, name, pieces, holes, bytes: pieces.reduce((sum, piece) => sum + piece.bytes, 0) };
}

function closedHoles(recording: FeedRecording): Hole[] {
  const holes: Hole[] = [];
  for (const gap of recording.gaps) {
    const twin = holes.find((hole) => hole.from === gap.from && hole.to === gap.to && hole.cause === gap.cause && hole.tracks !== gap.track);
    if (twin === undefined) holes.push({ from: gap.from, to: gap.to, cause: gap.cause, tracks: gap.track, open: false });
    else twin.tracks = "both";
  }
  return holes;
}

/** Gaps that were opened and not closed: the index does not have them yet. */
function openHoles(feed: string, moments: Line[], now: number): Hole[] {
  const open = new Map<number, Hole>();
  for (const { event } of moments) {
    if (event.type === "recording_gap_opened" && event.feed === feed) {
      open.set(event.gap, { from: event.from, to: Math.max(now, event.from), cause: event.cause, tracks: event.track, open: true });
    }
    if (event.type === "recording_gap_closed") open.delete(event.gap);
  }
  return [...open.values()];
}

/** What shares a line of the timeline: a seat's feeds, or one feed of the room. */
export interface Lane {
  seat: number | null;
  rows: { row: Row; part: "face" | "screen" | null }[];
}

export function lanesOf(rows: Row[]): Lane[] {
  const lanes: Lane[] = [];
  for (const row of rows) {
    const found = /^seat-(\d+)-(face|screen)$/.exec(row.feed);
    const seat = found === null ? null : Number(found[1]);
    const part = found === null ? null : (found[2] as "face" | "screen");
    const last = lanes.at(-1);
    if (seat !== null && last?.seat === seat) last.rows.push({ row, part });
    else lanes.push({ seat, rows: [{ row, part }] });
  }
  return lanes;
}

/** As many tiles as a look can take in. */
const NINE = 9;

/** What is watched together: all faces, all screens, the room's cameras; up to nine at once. */
export interface Group {
  key: string;
  kind: "face" | "screen" | "room";
  /** Which nine of its kind, from 1; 0: all there are. */
  part: number;
  rows: Row[];
}

export function groupsOf(rows: Row[]): Group[] {
  const kindOf = (row: Row): Group["kind"] => (row.feed.endsWith("-face") ? "face" : row.feed.endsWith("-screen") ? "screen" : "room");
  return (["face", "screen", "room"] as const).flatMap((kind) => {
    const all = rows.filter((row) => kindOf(row) === kind);
    const parts = Math.ceil(all.length / NINE);
    return Array.from({ length: parts }, (_, index) => ({ key: `${kind}-${index}`, kind, part: parts > 1 ? index + 1 : 0, rows: all.slice(index * NINE, (index + 1) * NINE) }));
  });
}

/** Pieces without seams, for drawing: a long session has thousands of files. */
export function stretches(pieces: Piece[]): { from: number; to: number }[] {
  const all: { from: number; to: number }[] = [];
  for (const piece of pieces) {
    const last = all.at(-1);
    if (last !== undefined && piece.from - last.to < SEAM) last.to = Math.max(last.to, piece.to);
    else all.push({ from: piece.from, to: piece.to });
  }
  return all;
}

/** The piece that is on at a time. */
export function pieceAt(row: Row, at: number): Piece | null {
  return row.pieces.findLast((piece) => piece.from <= at && at < piece.to) ?? null;
}

/** The first piece that begins after another one, or after a time. */
export function pieceAfter(row: Row, at: number): Piece | null {
  return row.pieces.find((piece) => piece.from > at) ?? null;
}

/** The absences at a time. */
export const holesAt = (row: Row, at: number): Hole[] => row.holes.filter((hole) => hole.from <= at && at < hole.to);

/** Where 'next' and 'previous' stop: points in sight, and this feed's holes. */
export function stops(row: Row | null, points: Point[]): number[] {
  const all = [...points.map((point) => point.at), ...(row?.holes.map((hole) => hole.from) ?? [])];
  return [...new Set(all)].sort((a, b) => a - b);
}

/** How close a stop counts as the one that one stands at, ms; playing moves away from it. */
const AT_STOP = 1500;
export const nextStop = (all: number[], at: number): number | null => all.find((stop) => stop > at + 50) ?? null;
export const previousStop = (all: number[], at: number): number | null => all.findLast((stop) => stop < at - AT_STOP) ?? null;
