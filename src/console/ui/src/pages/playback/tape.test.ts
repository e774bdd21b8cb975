import { describe, expect, test } from "vitest";
import { dictionaries } from "../../i18n";
import type { Event, Line } from "../../wire";
import { holesAt, lanesOf, nextStop, pieceAfter, pieceAt, previousStop, stops, stretches, tapeOf } from "./tape";
import type { FeedRecording, PlayableSegment, RecordedSession } from "./wire";

const t = dictionaries.en;
const segment = (from: number, to: number | null, file = `${from}.mp4`): PlayableSegment => ({
  file, from, to, tracks: to === null ? [] : [{ track: "video", codec: "h264", samples: 1 }], bytes: 10, cause: "age",
});
const feed = (id: string, segments: PlayableSegment[], gaps: FeedRecording["gaps"] = []): FeedRecording => ({ feed: id, segments, gaps });
let seq = 0;
const line = (at: number, event: Event): Line => ({ seq: (seq += 1), at, session: "S", actor: { role: "daemon", part: "app" } as Line["actor"], event });
const session = (feeds: FeedRecording[], moments: Line[] = []): RecordedSession => ({ id: "S", kind: "real", names: { "camera-1": "Hall" }, feeds, moments });

describe("a recorded session on the clock", () => {
  test("fits what was recorded, seats first, by number and not by letters", () => {
    const tape = tapeOf(t, session([feed("camera-1", [segment(5000, 9000)]), feed("seat-10-face", [segment(4000, 8000)]), feed("seat-2-screen", [segment(1000, 3000)]), feed("seat-2-face", [segment(1000, 3000)])]), 99_000);
    expect(tape.rows.map((row) => row.feed)).toEqual(["seat-2-face", "seat-2-screen", "seat-10-face", "camera-1"]);
    expect([tape.from, tape.to]).toEqual([1000, 9000]);
    expect(tape.rows.at(-1)?.name).toBe("Hall");
    expect(lanesOf(tape.rows).map((lane) => [lane.seat, lane.rows.length])).toEqual([[2, 2], [10, 1], [null, 1]]);
  });

  test("nothing recorded is an empty tape, not an endless one", () => {
    const tape = tapeOf(t, session([feed("camera-1", [])]), 7000);
    expect(tape.rows).toEqual([]);
    expect([tape.from, tape.to]).toEqual([7000, 7000]);
  });

  test("a gap of both tracks is one hole, different ones stay apart", () => {
    const gaps: FeedRecording["gaps"] = [
      { track: "video", from: 2000, to: 3000, cause: "source_lost" },
      { track: "audio", from: 2000, to: 3000, cause: "source_lost" },
      { track: "audio", from: 5000, to: 6000, cause: "silent" },
    ];
    const [row] = tapeOf(t, session([feed("camera-1", [segment(1000, 2000), segment(3000, 9000)], gaps)]), 0).rows;
    expect(row?.holes.map((hole) => [hole.from, hole.tracks])).toEqual([[2000, "both"], [5000, "audio"]]);
    expect(holesAt(row!, 2999)).toHaveLength(1);
    expect(holesAt(row!, 3000)).toHaveLength(0);
  });

  test("a gap that was opened and not closed lasts until now, and ends the growing file", () => {
    const moments = [
      line(2000, { type: "recording_gap_opened", gap: 1, feed: "camera-1", track: "video", from: 2000, cause: "disk" } as Event),
      line(3000, { type: "recording_gap_closed", gap: 1, feed: "camera-1", track: "video", to: 3000 } as Event),
      line(8000, { type: "recording_gap_opened", gap: 2, feed: "camera-1", track: "video", from: 8000, cause: "source_lost" } as Event),
    ];
    const tape = tapeOf(t, session([feed("camera-1", [segment(3000, null)])], moments), 20_000);
    const [row] = tape.rows;
    expect(row?.holes).toEqual([{ from: 8000, to: 20_000, cause: "source_lost", tracks: "video", open: true }]);
    expect(row?.pieces[0]).toMatchObject({ to: 8000, growing: true, picture: null });
    expect(tape.growing).toBe(true);
  });

  test("a file that a crash left open ends with its session", () => {
    const tape = tapeOf(t, session([feed("camera-1", [segment(3000, null)])], [line(9000, { type: "session_sealed", kind: "real" } as Event)]), 99_000);
    expect(tape.to).toBe(9000);
  });

  test("moments speak by masks, and what is of no use in playback is left out", () => {
    const moments = [
      line(1, { type: "committee_convened", members: [{ kind: "expert", person: "p1" }, { kind: "tenderer_representative", person: "p2" }] } as Event),
      line(2, { type: "code_handed_out", member: 2 } as Event),
      line(3, { type: "member_checked_in", member: 2, seat: 4, late: false } as Event),
      line(4, { type: "moment_marked", feed: null, note: "look here" } as unknown as Event),
    ];
    const { points } = tapeOf(t, session([], moments), 0);
    expect(points.map((point) => point.category)).toEqual(["people", "mark"]);
    expect(points[0]?.text).toContain(`${t.words.kinds.mask.tenderer_representative} 2`);
    expect(points[1]?.text).toContain("look here");
    expect(JSON.stringify(points)).not.toContain("p2");
  });
});

describe("pieces", () => {
  const [row] = tapeOf(t, session([feed("camera-1", [segment(0, 10_000), segment(10_040, 20_000), segment(30_000, 40_000)])]), 0).rows;

  test("a muxer's seam is no absence, a real one is", () => {
    expect(stretches(row!.pieces)).toEqual([{ from: 0, to: 20_000 }, { from: 30_000, to: 40_000 }]);
  });
  test("are found by time", () => {
    expect(pieceAt(row!, 10_039)).toBeNull();
    expect(pieceAt(row!, 10_040)?.file).toBe("10040.mp4");
    expect(pieceAt(row!, 40_000)).toBeNull();
    expect(pieceAfter(row!, 10_040)?.file).toBe("30000.mp4");
    expect(pieceAfter(row!, 30_000)).toBeNull();
  });
});

test("next and previous stop at points and at this feed's holes, and get past the one that one stands at", () => {
  const [row] = tapeOf(t, session([feed("camera-1", [segment(0, 9000)], [{ track: "video", from: 5000, to: 6000, cause: "disk" }])]), 0).rows;
  const all = stops(row!, [{ seq: 1, at: 2000, category: "mark", level: "warn", text: "" }, { seq: 2, at: 8000, category: "mark", level: "warn", text: "" }]);
  expect(all).toEqual([2000, 5000, 8000]);
  expect(nextStop(all, 2000)).toBe(5000);
  expect(nextStop(all, 8000)).toBeNull();
  expect(previousStop(all, 5400)).toBe(2000);
  expect(previousStop(all, 2000)).toBeNull();
});
