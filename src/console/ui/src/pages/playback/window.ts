// Owns the part of the clock that the timeline shows: fitting, zooming, panning, and the marks of its axis.
import { fieldsOf } from "../../clock";

export interface Window {
  from: number;
  to: number;
}

/** No closer than this, ms. */
export const CLOSEST = 10_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STEPS = [1000, 2000, 5000, 10_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR];

/** The whole tape with a little air, so that its ends can be seen and clicked. */
export function fit(tape: Window): Window {
  const air = Math.max(1000, (tape.to - tape.from) * 0.01);
  return { from: tape.from - air, to: tape.to + air };
}

/** Zooms around `centre`; `factor` above 1 comes closer. Never leaves `whole`. */
export function zoom(view: Window, whole: Window, factor: number, centre: number): Window {
  const length = Math.min(whole.to - whole.from, Math.max(CLOSEST, (view.to - view.from) / factor));
  const share = (centre - view.from) / (view.to - view.from);
  return inside({ from: centre - share * length, to: centre + (1 - share) * length }, whole);
}

/** Moves by ms. */
export const pan = (view: Window, whole: Window, by: number): Window => inside({ from: view.from + by, to: view.to + by }, whole);

/** Moves so that a time is in sight, only if it is not. */
export function follow(view: Window, whole: Window, at: number): Window {
  if (at >= view.from && at <= view.to) return view;
  const length = view.to - view.from;
  return inside({ from: at - length * 0.1, to: at + length * 0.9 }, whole);
}

function inside(view: Window, whole: Window): Window {
  const length = Math.min(view.to - view.from, whole.to - whole.from);
  const from = Math.min(Math.max(view.from, whole.from), whole.to - length);
  return { from, to: from + length };
}

export interface AxisMark {
  at: number;
  /** Whether it begins a day. */
  day: boolean;
}

/** The axis' marks at round times of the room's day, at least `apart` pixels from each other. */
export function axis(view: Window, width: number, apart = 90): { step: number; marks: AxisMark[] } {
  const length = view.to - view.from;
  const step = STEPS.find((candidate) => (candidate / length) * width >= apart) ?? 24 * HOUR;
  const { hour, minute, second } = fieldsOf(view.from);
  const midnight = Math.floor(view.from / 1000) * 1000 - (hour * HOUR + minute * 60_000 + second * 1000);
  const marks: AxisMark[] = [];
  for (let at = midnight + Math.ceil((view.from - midnight) / step) * step; at <= view.to; at += step) {
    const fields = fieldsOf(at);
    marks.push({ at, day: fields.hour === 0 && fields.minute === 0 && fields.second === 0 });
  }
  return { step, marks };
}
