// Owns how the dictionaries are typed: every code of the wire has its words in both languages, or it does not compile.
import type {
  Action, AlarmKind, Event, Fault, Refusal, SourceFault,
} from "../wire";

/** How things are called in one language: masks and feeds, never names of people. */
export interface Names {
  member: (no: number) => string;
  members: (nos: number[]) => string;
  feed: (id: string) => string;
  feeds: (ids: string[]) => string;
  seats: (nos: number[]) => string;
  phase: (phase: string) => string;
  time: (at: number) => string;
}

type OfCode<Union extends { code: string }> = {
  [Code in Union["code"]]: (value: Extract<Union, { code: Code }>, names: Names) => string;
};
type OfType<Union extends { type: string }, Out> = {
  [Type in Union["type"]]: (value: Extract<Union, { type: Type }>, names: Names) => Out;
};
type OfKind<Union extends { kind: string }, Out> = {
  [Kind in Union["kind"]]: (value: Extract<Union, { kind: Kind }>, names: Names) => Out;
};

/** A line of history: who or what it is about, what happened, and how much it matters. */
export interface Told {
  what: string;
  level?: "good" | "warn" | "bad";
}

/** An alarm: what is wrong, and what to do. */
export interface Advice {
  what: string;
  todo: string;
}

export type Refusals = OfCode<Refusal>;
export type Events = OfType<Event, Told>;
export type Alarms = OfKind<AlarmKind, Advice>;
export type Faults = OfKind<Fault, string>;
export type SourceFaults = OfKind<SourceFault, Advice>;
export type Actions = Record<Action, string>;
