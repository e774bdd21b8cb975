// Owns how things are called on a page: masks and feeds by the view at hand.
import { hourMinute } from "./clock";
import type { Dictionary } from "./i18n";
import type { Names } from "./i18n/shape";
import type { Actor, ActionView, Alarm, Action, FeedView, MemberKind, Problem, Refusal } from "./wire";
import type { Advice, Told } from "./i18n/shape";
import type { Event } from "./wire";

interface Known {
  members?: { no: number; kind: MemberKind }[];
  feeds?: { id: string; name: string }[];
}

export function mask(t: Dictionary, member: { no: number; kind: MemberKind }): string {
  return `${t.words.kinds.mask[member.kind]} ${member.no}`;
}

export function names(t: Dictionary, known: Known): Names {
  const member = (no: number) => {
    const found = known.members?.find((m) => m.no === no);
    return mask(t, { no, kind: found?.kind ?? "expert" });
  };
  const feed = (id: string) => feedName(t, id, known.feeds);
  const list = (words: string[]) => words.join(t.words.comma);
  return {
    member,
    members: (nos) => list(nos.map(member)),
    feed,
    feeds: (ids) => list(ids.length > 3 ? [...ids.slice(0, 3).map(feed), t.words.andMore(ids.length - 3)] : ids.map(feed)),
    seats: (nos) => list(nos.map((no) => t.common.seat(no))),
    phase: (phase) => t.words.phases[phase as keyof typeof t.words.phases] ?? phase,
    time: hourMinute,
  };
}

/** Seats' feeds are called after the seat; the room's own as the profile calls them. */
export function feedName(t: Dictionary, id: string, feeds?: { id: string; name: string }[]): string {
  const seat = /^seat-(\d+)-(face|screen)$/.exec(id);
  if (seat !== null) return `${t.common.seat(Number(seat[1]))} ${t.words.kinds.feed[seat[2] as "face" | "screen"]}`;
  return feeds?.find((feed) => feed.id === id)?.name ?? id;
}

/** Chinese sets a space between its characters and the digits or letters of a name. */
export function spaced(text: string): string {
  return text.replace(/([A-Za-z0-9])([\u4e00-\u9fff])/g, "$1 $2").replace(/([\u4e00-\u9fff])([A-Za-z0-9])/g, "$1 $2");
}

export function actorName(t: Dictionary, actor: Actor, n: Names): string {
  switch (actor.role) {
    case "technician":
    case "supervisor":
    case "bidder":
      return t.words.kinds.role[actor.role];
    case "administrator":
      return t.words.kinds.role[`${actor.of}_administrator`];
    case "member":
      return n.member(actor.member);
    case "workstation":
      return t.common.seat(actor.seat);
    case "daemon":
      return t.words.system;
  }
}

export function refusalText(t: Dictionary, refusal: Refusal, n: Names): string {
  const say = t.words.refusals[refusal.code] as ((value: Refusal, names: Names) => string) | undefined;
  return spaced(say?.(refusal, n) ?? refusal.code);
}

/** Why a source is lost, as the box said it; in words of the page where they are known. */
export function lossText(t: Dictionary, cause?: string | null): string {
  if (cause == null) return t.wall.noCause;
  const known = LOSSES.find(([pattern]) => pattern.test(cause));
  return known === undefined ? cause : t.words.losses[known[1]];
}

const LOSSES: [RegExp, keyof Dictionary["words"]["losses"]][] = [
  [/workstation is not heard|peer was not heard/, "unheard"],
  [/no picture comes/, "noPicture"],
  [/workstation ended it|peer closed/, "ended"],
  [/connected anew/, "anew"],
  [/box is stopping/, "stopping"],
  [/connection failed|never connected/, "failed"],
  [/cannot be resolved/, "unresolved"],
  [/connection refused|closed by the camera/, "closed"],
  [/does not answer|unanswered|cannot be reached/, "unanswered"],
  [/wrong credentials/, "credentials"],
  [/no such stream|nothing|no picture or sound that can/, "noStream"],
  [/^no (picture|sound)/, "stalled"],
];

export function problemText(t: Dictionary, problem: Problem, n: Names): string {
  if (problem.refusal != null) return refusalText(t, problem.refusal, n);
  const text = t.words.problems[problem.code] ?? problem.title;
  return problem.until == null ? text : `${text}${t.words.stop}${t.common.until(hourMinute(problem.until))}`;
}

export function told(t: Dictionary, event: Event, n: Names): Told {
  const say = t.words.events[event.type] as ((value: Event, names: Names) => Told) | undefined;
  const told = say?.(event, n) ?? { what: event.type };
  return { ...told, what: spaced(told.what) };
}

export function advice(t: Dictionary, alarm: Alarm, n: Names): Advice {
  const say = t.words.alarms[alarm.what.kind] as ((value: Alarm["what"], names: Names) => Advice) | undefined;
  const said = say?.(alarm.what, n) ?? { what: alarm.what.kind, todo: "" };
  return { what: spaced(said.what), todo: spaced(said.todo) };
}

export const button = (actions: ActionView[], action: Action): ActionView | undefined => actions.find((a) => a.action === action);

export const hasSound = (feed: FeedView): boolean => feed.carries.some((codec) => /opus|pcm|aac|g711|law|audio/i.test(codec));
