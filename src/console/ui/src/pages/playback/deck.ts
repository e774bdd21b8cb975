// Owns the one clock that all feeds in sight are played by, and where it jumps: over what no feed has, and to the end.
import { Player, type Playing, type Video } from "./player";
import { SEAM, type Hole, type Row } from "./tape";

export interface Clock {
  at: number;
  on: boolean;
  /** What was jumped over while playing, because no feed in sight has it. */
  skipped: { from: number; to: number; hole: Hole | null } | null;
  /** There is nothing after this. */
  ended: boolean;
}

/** After a seek the clock waits this long for pictures, ms; who is later then catches up. */
const PATIENCE = 1000;
/** How often the page hears of a running clock, ms. */
const TOLD = 200;

export class Deck {
  private state: Clock;
  private rate = 1;
  private rows: Row[] = [];
  private readonly players = new Map<string, Player>();
  private readonly listeners = new Set<() => void>();
  /** Where the clock stood at a time of the page's; null while it stands. */
  private anchor: { at: number; now: number } | null = null;
  /** Until when the clock waits for pictures. */
  private waits: number | null = null;
  private told = 0;
  private version = 0;

  constructor(
    at: number,
    private readonly url: (feed: string, file: string) => string,
    private readonly time: () => number = () => performance.now(),
  ) {
    this.state = { at, on: false, skipped: null, ended: false };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): Clock => this.state;
  readonly shows = (feed: string): Playing | null => this.players.get(feed)?.current() ?? null;
  /** Counts what changed on any tile. */
  readonly changes = (): number => this.version;

  /** Plays a feed in two elements until the answer is called. */
  mount(row: Row, videos: readonly [Video, Video]): () => void {
    const made = new Player(row.feed, videos, row, this.url, () => {
      this.version += 1;
      this.tell();
    });
    this.players.set(row.feed, made);
    this.hurry();
    return () => {
      made.close();
      if (this.players.get(row.feed) === made) this.players.delete(row.feed);
    };
  }

  /** Which feeds are in sight, or a newer list of them. */
  update(rows: Row[]): void {
    this.rows = rows;
    for (const row of rows) this.players.get(row.feed)?.update(row);
    if (this.state.ended && rows.some((row) => row.pieces.some((piece) => piece.to > this.state.at + SEAM))) this.set({ ended: false });
  }

  retry(feed: string): void {
    this.players.get(feed)?.retry();
    this.hurry();
  }

  lost(feed: string, file: string): void {
    this.players.get(feed)?.lost(file);
  }

  seek(at: number): void {
    this.set({ at, skipped: null, ended: false });
    this.hurry();
  }

  play(): void {
    this.set({ on: true, ended: false });
    this.hurry();
  }

  pause(): void {
    this.step();
    this.anchor = null;
    this.waits = null;
    this.set({ on: false });
    this.beat();
  }

  toggle(): void {
    if (this.state.on) this.pause();
    else this.play();
  }

  setRate(rate: number): void {
    if (rate === this.rate) return;
    this.step();
    this.rate = rate;
    if (this.anchor !== null) this.anchor = { at: this.state.at, now: this.time() };
  }

  /** Moves the clock and all tiles; to be called at each frame. */
  tick(): void {
    this.step();
    this.beat();
    if (this.state.on && this.time() - this.told > TOLD) this.tell();
  }

  /** The clock stands until the pictures of its moment are there. */
  private hurry(): void {
    this.anchor = null;
    this.waits = this.state.on ? this.time() + PATIENCE : null;
    this.beat();
  }

  private step(): void {
    const now = this.time();
    if (!this.state.on) return;
    if (this.anchor === null) {
      const all = [...this.players.values()].every((player) => player.ready());
      if (!all && this.waits !== null && now < this.waits) return;
      this.anchor = { at: this.state.at, now };
      this.waits = null;
    }
    this.state = { ...this.state, at: this.anchor.at + (now - this.anchor.now) * this.rate };
    this.leap();
  }

  /** Over what no feed in sight has; to the end where nothing follows. */
  private leap(): void {
    const { at } = this.state;
    if (this.rows.length === 0 || this.rows.some((row) => row.pieces.some((piece) => piece.from <= at && at < piece.to))) return;
    const next = this.rows.reduce((least, row) => Math.min(least, row.pieces.find((piece) => piece.from > at)?.from ?? Infinity), Infinity);
    const last = this.rows.reduce((most, row) => Math.max(most, row.pieces.findLast((piece) => piece.to <= at)?.to ?? -Infinity), -Infinity);
    if (next === Infinity) {
      this.anchor = null;
      this.set({ at: last === -Infinity ? at : last - 1, on: false, ended: true });
      return;
    }
    if (next - Math.max(last, 0) < SEAM) return;
    const holes = this.rows.flatMap((row) => row.holes);
    const hole = holes.findLast((one) => one.from < next && one.to > at) ?? null;
    this.set({ at: next, skipped: { from: at, to: next, hole } });
    this.hurry();
  }

  private beat(): void {
    const { at, on } = this.state;
    const beat = { at, on: on && this.anchor !== null, rate: this.rate, now: this.time() };
    for (const player of this.players.values()) player.beat(beat);
  }

  private set(change: Partial<Clock>): void {
    this.state = { ...this.state, ...change };
    this.tell();
  }

  private tell(): void {
    this.told = this.time();
    for (const listener of this.listeners) listener();
  }
}
