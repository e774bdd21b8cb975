// Owns playing one feed across its files: two video elements take turns, the one out of sight holds the next file
// ready. The wall clock is the file's start plus the element's time.
import { holesAt, pieceAfter, pieceAt, SEAM, type Hole, type Piece, type Row } from "./tape";

/** Why nothing is seen although there is a file. */
export type Trouble = "no_picture" | "unplayable";

export interface Playing {
  at: number;
  on: boolean;
  piece: Piece | null;
  /** Which of the two elements is in sight. */
  front: 0 | 1;
  trouble: Trouble | null;
  /** What was jumped over while playing. */
  skipped: { from: number; to: number; hole: Hole | null } | null;
  /** There is nothing after this. */
  ended: boolean;
  waiting: boolean;
}

/** The part of a video element that is used. */
export type Video = Pick<
  HTMLVideoElement,
  "src" | "currentTime" | "playbackRate" | "muted" | "paused" | "preload" | "videoWidth" | "readyState" | "duration" | "play" | "pause" | "load" | "addEventListener" | "removeEventListener" | "removeAttribute"
>;

/** The next file is fetched when so much of this one is left, s of playing. */
const PRELOAD = 12;

export class Player {
  private state: Playing = { at: 0, on: false, piece: null, front: 0, trouble: null, skipped: null, ended: false, waiting: false };
  private readonly listeners = new Set<() => void>();
  private readonly held: [string | null, string | null] = [null, null];
  private row: Row | null = null;
  private rate = 1;
  private muted = false;
  private readonly off: (() => void)[] = [];

  constructor(
    private readonly videos: readonly [Video, Video],
    private readonly url: (feed: string, file: string) => string,
  ) {
    const events = ["loadedmetadata", "timeupdate", "ended", "error", "waiting", "playing", "seeked"];
    videos.forEach((video, index) => {
      for (const name of events) {
        const heard = () => this.heard(index as 0 | 1, name);
        video.addEventListener(name, heard);
        this.off.push(() => video.removeEventListener(name, heard));
      }
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): Playing => this.state;

  /** Takes the elements' files away. */
  close(): void {
    this.videos.forEach((_, index) => this.drop(index as 0 | 1));
    for (const off of this.off) off();
    this.listeners.clear();
  }

  /** Shows a row at a time; playing goes on if it was on. A newer list of the same row keeps what is playing. */
  show(row: Row, at: number): void {
    const same = this.row?.feed === row.feed;
    this.row = row;
    if (!same) this.videos.forEach((_, index) => this.drop(index as 0 | 1));
    this.seek(at);
  }

  /** Takes a newer list of the same row without touching what plays. */
  update(row: Row): void {
    if (this.row?.feed === row.feed) this.row = row;
  }

  seek(at: number): void {
    if (this.row === null) return;
    const piece = pieceAt(this.row, at);
    this.set({ at, skipped: null, ended: false });
    if (piece === null) this.rest();
    else this.open(piece, (at - piece.from) / 1000);
  }

  toggle(): void {
    if (this.state.on) this.pause();
    else this.play();
  }

  play(): void {
    if (this.row === null) return;
    this.set({ on: true });
    if (this.state.piece === null) this.onward(this.state.at);
    else if (this.state.ended) this.seek(this.state.at);
    else this.start(this.state.front);
  }

  pause(): void {
    this.set({ on: false, waiting: false });
    this.videos[this.state.front].pause();
  }

  setRate(rate: number): void {
    this.rate = rate;
    for (const video of this.videos) video.playbackRate = rate;
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    for (const video of this.videos) video.muted = muted;
  }

  private set(change: Partial<Playing>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  private drop(index: 0 | 1): void {
    const video = this.videos[index];
    video.pause();
    if (this.held[index] !== null) {
      video.removeAttribute("src");
      video.load();
    }
    this.held[index] = null;
  }

  /** At a time that has no file. */
  private rest(): void {
    for (const video of this.videos) video.pause();
    this.set({ piece: null, trouble: null, on: false, waiting: false });
  }

  private hold(index: 0 | 1, piece: Piece, second: number): void {
    const video = this.videos[index];
    if (this.held[index] !== piece.file) {
      this.held[index] = piece.file;
      video.preload = "auto";
      video.src = this.url(this.row?.feed ?? "", piece.file);
      video.playbackRate = this.rate;
      video.muted = this.muted;
    }
    if (Math.abs(video.currentTime - second) > 0.02) video.currentTime = second;
  }

  private open(piece: Piece, second: number): void {
    const back: 0 | 1 = this.state.front === 0 ? 1 : 0;
    const front = this.held[this.state.front] === piece.file ? this.state.front : this.held[back] === piece.file ? back : this.state.front;
    if (front !== this.state.front) this.videos[this.state.front].pause();
    this.set({ piece, front, trouble: null });
    this.hold(front, piece, second);
    this.look(front);
    if (this.state.on) this.start(front);
  }

  private start(index: 0 | 1): void {
    const video = this.videos[index];
    video.playbackRate = this.rate;
    // an element that was paused again before it began says so; that is no trouble
    Promise.resolve(video.play()).catch((reason: unknown) => {
      const aborted = reason instanceof DOMException && reason.name === "AbortError";
      const refused = reason instanceof DOMException && reason.name === "NotAllowedError";
      if (refused) this.pause();
      else if (!aborted && index === this.state.front && this.state.trouble === null) this.set({ trouble: "unplayable", on: false });
    });
  }

  /** Goes on with what comes after `at`, over whatever is missing. */
  private onward(at: number): void {
    if (this.row === null) return;
    const next = this.following(at);
    if (next === null) {
      this.set({ on: false, ended: true, waiting: false });
      return;
    }
    const missing = next.from - at;
    const hole = this.row.holes.findLast((candidate) => candidate.from < next.from && candidate.to > at) ?? null;
    this.set({ at: next.from, skipped: missing < SEAM ? this.state.skipped : { from: at, to: next.from, hole }, ended: false });
    this.open(next, 0);
  }

  private following(at: number): Piece | null {
    if (this.row === null) return null;
    const here = this.state.piece;
    return pieceAfter(this.row, here === null ? at : Math.max(here.from, Math.min(at, here.to) - SEAM));
  }

  private heard(index: 0 | 1, name: string): void {
    const { piece, front } = this.state;
    if (index !== front || piece === null || this.held[index] !== piece.file) return;
    const video = this.videos[index];
    if (name === "error") {
      this.set({ trouble: this.withoutPicture(piece) ? "no_picture" : "unplayable", on: false, waiting: false });
    } else if (name === "loadedmetadata") {
      this.look(index);
    } else if (name === "waiting") {
      this.set({ waiting: this.state.on });
    } else if (name === "playing" || name === "seeked") {
      this.set({ waiting: false });
    } else if (name === "timeupdate") {
      this.set({ at: piece.from + video.currentTime * 1000 });
      this.prepare(piece, video);
    } else if (name === "ended") {
      // a file that is shorter than its index says is missing something, too
      const end = piece.from + video.currentTime * 1000;
      this.onward(piece.growing || piece.to - end > SEAM ? end : piece.to);
    }
  }

  /** Chromium plays the sound of H.265 without a word about its picture. */
  private look(index: 0 | 1): void {
    const { piece } = this.state;
    const video = this.videos[index];
    if (piece === null || video.readyState < 1 || piece.picture === false) return;
    if (video.videoWidth === 0) this.set({ trouble: "no_picture" });
  }

  private withoutPicture = (piece: Piece): boolean => piece.codecs.some((codec) => /h265|hevc/i.test(codec));

  private prepare(piece: Piece, video: Video): void {
    const left = (piece.to - piece.from) / 1000 - video.currentTime;
    if (!this.state.on || left > PRELOAD * this.rate) return;
    const next = this.following(piece.to);
    const back: 0 | 1 = this.state.front === 0 ? 1 : 0;
    if (next !== null && next.file !== piece.file && this.held[back] !== next.file) this.hold(back, next, 0);
  }

  /** The holes at the present time. */
  holes(): Hole[] {
    return this.row === null ? [] : holesAt(this.row, this.state.at);
  }
}
