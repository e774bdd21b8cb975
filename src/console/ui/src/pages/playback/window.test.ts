import { describe, expect, test } from "vitest";
import { axis, CLOSEST, fit, follow, pan, zoom } from "./window";

const whole = { from: 0, to: 1_000_000 };

describe("the timeline's window", () => {
  test("fits the tape with air at both ends", () => {
    const view = fit({ from: 100_000, to: 200_000 });
    expect(view).toEqual({ from: 99_000, to: 201_000 });
  });
  test("zooms around a time, which stays where it is", () => {
    const view = zoom(whole, whole, 4, 250_000);
    expect(view.to - view.from).toBe(250_000);
    expect((250_000 - view.from) / (view.to - view.from)).toBeCloseTo(0.25);
  });
  test("comes no closer than it can show, and goes no wider than there is", () => {
    const close = zoom(whole, whole, 1e9, 500_000);
    expect(close.to - close.from).toBe(CLOSEST);
    expect(zoom(close, whole, 1e-9, 500_000)).toEqual(whole);
  });
  test("never leaves the tape", () => {
    expect(pan({ from: 0, to: 100 }, whole, -500)).toEqual({ from: 0, to: 100 });
    expect(pan({ from: 0, to: 100 }, whole, 1e9)).toEqual({ from: 999_900, to: 1_000_000 });
    expect(zoom({ from: 0, to: 100_000 }, whole, 0.5, 0).from).toBe(0);
  });
  test("follows only what has left it", () => {
    const view = { from: 100_000, to: 200_000 };
    expect(follow(view, whole, 150_000)).toBe(view);
    const moved = follow(view, whole, 200_001);
    expect(moved.from).toBeLessThan(200_001);
    expect(moved.to).toBeGreaterThan(200_001);
  });
});

describe("the axis", () => {
  test("has round times, not too close to each other", () => {
    const from = new Date(2026, 10, 23, 14, 28).getTime();
    const { step, marks } = axis({ from, to: from + 3 * 3_600_000 }, 1200);
    expect(step).toBe(15 * 60_000);
    expect(new Date(marks[0]!.at).getMinutes() % 15).toBe(0);
    expect(marks.length).toBe(12);
  });
  test("names the day where it begins", () => {
    const from = new Date(2026, 10, 23, 20).getTime();
    const { marks } = axis({ from, to: from + 14 * 3_600_000 }, 1200);
    expect(marks.filter((mark) => mark.day).map((mark) => new Date(mark.at).getDate())).toEqual([24]);
  });
});
