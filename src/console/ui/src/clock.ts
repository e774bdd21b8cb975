// Owns time on the page: the box's clock in the room's time zone, not the browser's.
import { useEffect, useState } from "react";

let offset = 0;

/** Sets the page's clock by a view that was folded just now. */
export function syncClock(at: number): void {
  const measured = at - Date.now();
  // views come late, never early: the smallest lag is the truest
  if (Math.abs(measured - offset) > 2000 || measured > offset) offset = measured;
}

/** The box's time, ms since 1970. */
export const boxNow = (): number => Date.now() + offset;

/** The box's time, each `every` ms. */
export function useNow(every = 1000): number {
  const [now, setNow] = useState(boxNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(boxNow()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

const two = (value: number) => String(value).padStart(2, "0");

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const formatOf = (timeZone?: string) =>
  new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
let format = formatOf();

/** Shows all times in the room's zone, e.g. `Asia/Shanghai`. */
export function setZone(timeZone: string): void {
  try {
    format = formatOf(timeZone);
  } catch {
    // a zone that this browser does not know: its own is the next best
  }
}

/** What calendar and clock of the room show at a moment. */
export function fieldsOf(at: number): Fields {
  const fields = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return fields as unknown as Fields;
}

const utcOf = ({ year, month, day, hour, minute, second }: Fields): number => Date.UTC(year, month - 1, day, hour, minute, second);

/** The moment at which the room's calendar and clock show this, e.g. `2026-11-25T14:00`. */
export function momentOf(local: string): number {
  const shown = Date.parse(`${local}Z`);
  if (Number.isNaN(shown)) return shown;
  // the zone's distance from UTC at the moment itself, which a change of the clocks may make another
  const first = shown - (utcOf(fieldsOf(shown)) - shown);
  return shown - (utcOf(fieldsOf(first)) - first);
}

/** The other way, to the minute: for a field of date and time. */
export const localOf = (at: number): string => {
  const { year, month, day, hour, minute } = fieldsOf(at);
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
};

export function timeOfDay(at: number): string {
  const { hour, minute, second } = fieldsOf(at);
  return `${two(hour)}:${two(minute)}:${two(second)}`;
}

export const hourMinute = (at: number): string => timeOfDay(at).slice(0, 5);

export function dayTime(at: number): string {
  const { month, day } = fieldsOf(at);
  return `${two(month)}-${two(day)} ${hourMinute(at)}`;
}

export function dateTime(at: number): string {
  const { year, second } = fieldsOf(at);
  return `${year}-${dayTime(at)}:${two(second)}`;
}

/** A span as people read clocks: `0:42`, `12:05`, `2:22:10`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function size(bytes: number): string {
  if (bytes >= 1e12) return `${(bytes / 1e12).toFixed(1)} TB`;
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(0)} MB`;
  return `${Math.round(bytes / 1000)} kB`;
}
