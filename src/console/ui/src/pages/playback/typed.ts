// Owns the reading of a time of day that somebody typed.
import { dateTime, momentOf } from "../../clock";

/** The moment meant by `14:03`, `1403` or `14:03:20`, on the day of `near`; none where it is no time. */
export function momentTyped(text: string, near: number): number | null {
  const found = /^(\d{1,2})[:.\uFF1A]?(\d{2})(?:[:.\uFF1A]?(\d{2}))?$/.exec(text.trim());
  if (found === null) return null;
  const [, hour = "0", minute = "0", second = "0"] = found;
  const moment = momentOf(`${dateTime(near).slice(0, 10)}T${hour.padStart(2, "0")}:${minute}:${second.padStart(2, "0")}`);
  return Number.isNaN(moment) ? null : moment;
}
