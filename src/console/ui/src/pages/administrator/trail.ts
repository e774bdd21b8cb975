// Owns how the audit trail is asked for and told: filters, and the fixed words of its rows in people's language.
import { momentOf } from "../../clock";
import { dateTime } from "../../clock";
import type { Dictionary } from "../../i18n";
import type { Role } from "../../wire";

/** Rows that are read at once. */
export const PAGE = 100;

export interface Filter {
  /** As a `datetime-local` field has it. */
  from: string;
  to: string;
  kind: string;
  subject: string;
  object: string;
  refused: boolean;
}

export const NO_FILTER: Filter = { from: "", to: "", kind: "", subject: "", object: "", refused: false };

/** The request for a filter's rows with numbers below `before`. */
export function auditPath(filter: Filter, before: number | null): string {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (before !== null) query.set("before", String(before));
  const [from, to] = [momentOf(filter.from), momentOf(filter.to)];
  if (!Number.isNaN(from)) query.set("from", String(from));
  if (!Number.isNaN(to)) query.set("to", String(to));
  for (const name of ["kind", "subject", "object"] as const) {
    if (filter[name].trim() !== "") query.set(name, filter[name].trim());
  }
  if (filter.refused) query.set("refused", "true");
  return `/api/audit?${query.toString()}`;
}

/** Who or what a row names, in people's words; what is not known stays as it was written. */
export function party(t: Dictionary, written: string): string {
  const words = t.administrator.audit.parties;
  const [kind = "", a = "", b = "", c = ""] = written.split(":");
  const role = kind.replaceAll("-", "_") as Role;
  if (role in t.words.kinds.role && a !== "") return words.role(t.words.kinds.role[role], a);
  switch (kind) {
    case "daemon":
      return words.daemon;
    case "anonymous":
      return words.anonymous;
    case "local":
      return words.local(a);
    case "member":
      return words.member(a, b);
    case "workstation":
      return words.workstation(a);
    case "seat":
      return words.seat(a);
    case "token":
      return words.token(a);
    case "account":
      return words.account(a);
    case "session":
      return words.session(a);
    case "feed":
      return words.feed(a);
    case "file":
      return words.file(a, b, dateTime(Number(c)));
    case "command":
      return words.command(t.words.actions[a.replaceAll("-", "_") as keyof typeof t.words.actions] ?? a);
    case "route":
      return written.slice("route:".length);
    default:
      return written;
  }
}

/** What a failed verification says, in people's words. */
export function faultText(t: Dictionary, fault: string): string {
  const words = t.administrator.verify;
  const row = Number(/row (\d+)/.exec(fault)?.[1]);
  if (Number.isNaN(row)) return fault;
  if (/was changed/.test(fault)) return words.changed(row);
  if (/is missing/.test(fault)) return words.missing(row);
  if (/does not end/.test(fault)) return words.wrongEnd(row);
  return fault;
}
