// Owns time on the page: the box's clock, not the browser's, shown in the browser's time zone.
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

export function timeOfDay(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export const hourMinute = (at: number): string => timeOfDay(at).slice(0, 5);

export function dayTime(at: number): string {
  const date = new Date(at);
  return `${two(date.getMonth() + 1)}-${two(date.getDate())} ${hourMinute(at)}`;
}

export function dateTime(at: number): string {
  return `${new Date(at).getFullYear()}-${dayTime(at)}:${two(new Date(at).getSeconds())}`;
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
