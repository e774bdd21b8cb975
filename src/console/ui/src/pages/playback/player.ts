// Owns playing one feed across its files, steered by the deck's clock: two video elements take turns, the one out of
// sight holds the next file ready. The wall clock is the file's start plus the element's time; small differences are
// run in by the rate, large ones by a seek.
import { holesAt, pieceAfter, pieceAt, type Hole, type Piece, type Row } from "./tape";

/** Why nothing is seen although there is a file. */
export type Trouble = "no_picture" | "unplayable" | "missing";

/** What a tile shows. A picture is shown only while it is the clock's. */
export type Sight =
  | { is: "picture"; piece: Piece }
  | { is: "sound"; piece: Piece }
  | { is: "reading"; piece: Piece }
  | { is: "hole"; hole: Hole }
  | { is: "nothing" }
  | { is: "trouble"; piece: Piece; trouble: Trouble };

export interface Playing {
  sight: Sight;
  /** Which of the two elements is in sight. */
  front: 0 | 1;
}

/** The clock's word: where it stands, whether it runs, how fast; `now` is the page's own, ms. */
export interface Beat {
  at: number;
  on: boolean;
  rate: number;
  now: number;
}

/** The part of a video element that is used. */
export type Video = Pick<
  HTMLVideoElement,
  "src" | "currentTime" | "playbackRate" | "muted" | "paused" | "seeking" | "preload" | "videoWidth" | "readyState" | "duration" | "error" | "play" | "pause" | "load" | "removeAttribute"
>;

/** The next file is fetched when so much of this one is left, ms of playing. */
const PRELOAD = 6000;
/** Farther off than this is sought, ms of playing; nearer is run in. */
const HARD = 150;
/** Near enough, ms of playing. */
const NEAR = 20;
/** A picture farther off is no longer the clock's, ms of playing. */
const STALE = 500;
/** No seek follows another sooner, ms: an element that cannot keep up is not helped by more of them. */
const CALM = 800;
/** Between two files the last picture stands this long, ms: a muxer's swap is no absence. */
const SWAP = 250;
/** A file that grows is read again this often, ms. */
const AGAIN = 2000;

interface Side {
  readonly video: Video;
  file: string | null;
  /** When it was sought for the clock's sake, and when its file was set. */
  sought: number;
  loaded: number;
}

export class Player {
  private state: Playing = { sight: { is: "nothing" }, front: 0 };
  private readonly sides: readonly [Side, Side];
  /** How long a seek takes while playing, ms: the clock has moved on by then. */
  private lead = 60;
  private missing: string | null = null;

  constructor(
    readonly feed: string,
    videos: readonly [Video, Video],
    private row: Row,
    private readonly url: (feed: string, file: string) => string,
    private readonly changed: () => void,
  ) {
    this.sides = videos.map((video) => ({ video, file: null, sought: -Infinity, loaded: -Infinity })) as unknown as [Side, Side];
  }

  readonly current = (): Playing => this.state;

  /** Takes a newer list of the same feed without touching what plays. */
  update(row: Row): void {
    this.row = row;
  }

  /** Takes the elements' files away. */
  close(): void {
    this.sides.forEach((side) => this.drop(side));
  }

  /** Reads the present file again. */
  retry(): void {
    this.missing = null;
    this.sides.forEach((side) => this.drop(side));
  }

  /** Whether it shows what the clock says, or has nothing to show. */
  ready(): boolean {
    return this.state.sight.is !== "reading";
  }

  /** How far the picture is behind (negative) or ahead of the clock, ms; null: no picture. */
  off(at: number): number | null {
    const { sight, front } = this.state;
    return sight.is === "picture" ? sight.piece.from + this.sides[front].video.currentTime * 1000 - at : null;
  }

  /** The bytes of the present file end here: told by the deck when the box says that it has none. */
  lost(file: string): void {
    this.missing = file;
  }

  beat(beat: Beat): void {
    const { at } = beat;
    const hole = holesAt(this.row, at).find((one) => one.tracks !== "audio");
    const piece = pieceAt(this.row, at);
    if (piece === null) {
      this.rest();
      const next = pieceAfter(this.row, at);
      if (next !== null && next.from - at < PRELOAD * beat.rate) this.hold(this.back(), next, 0, beat);
      const last = this.row.pieces.findLast((one) => one.to <= at);
      const swapping = hole === undefined && last !== undefined && next !== null && at - last.to < SWAP && next.from - last.to < SWAP;
      if (!swapping) this.see(hole === undefined ? { is: "nothing" } : { is: "hole", hole });
      return;
    }
    const index = this.sideOf(piece);
    const side = this.sides[index];
    if (this.state.front !== index) this.sides[this.state.front].video.pause();
    this.hold(side, piece, at - piece.from, beat);
    this.steer(side, piece, beat);
    this.see(hole === undefined ? this.sight(side, piece, beat) : { is: "hole", hole }, index);
    this.prepare(piece, beat);
  }

  private see(sight: Sight, front: 0 | 1 = this.state.front): void {
    const old = this.state.sight;
    const piece = (one: Sight) => ("piece" in one ? one.piece : null);
    const hole = (one: Sight) => (one.is === "hole" ? one.hole : null);
    const why = (one: Sight) => (one.is === "trouble" ? one.trouble : null);
    if (old.is === sight.is && piece(old) === piece(sight) && hole(old) === hole(sight) && why(old) === why(sight) && front === this.state.front) return;
    this.state = { sight, front };
    this.changed();
  }

  private back(): Side {
    return this.sides[this.state.front === 0 ? 1 : 0];
  }

  private sideOf(piece: Piece): 0 | 1 {
    const back = this.state.front === 0 ? 1 : 0;
    return this.sides[back].file === piece.file && this.sides[this.state.front].file !== piece.file ? back : this.state.front;
  }

  private drop(side: Side): void {
    side.video.pause();
    if (side.file !== null) {
      side.video.removeAttribute("src");
      side.video.load();
    }
    side.file = null;
  }

  private rest(): void {
    for (const { video } of this.sides) if (!video.paused) video.pause();
  }

  /** Gives an element its file; it then stands at `ms`. */
  private hold(side: Side, piece: Piece, ms: number, { now }: Beat): void {
    if (side.file === piece.file) return;
    side.file = piece.file;
    side.loaded = now;
    side.sought = -Infinity;
    side.video.preload = "auto";
    side.video.src = this.url(this.feed, piece.file);
    if (ms > 0) side.video.currentTime = ms / 1000;
  }

  private steer(side: Side, piece: Piece, { at, on, rate, now }: Beat): void {
    const { video } = side;
    if (video.error !== null || video.readyState < 1) return;
    const want = (at - piece.from) / 1000;
    const short = Number.isFinite(video.duration) && want > video.duration;
    if (short) {
      video.pause();
      // what has been written meanwhile is seen only by reading anew
      if (piece.growing && now - side.loaded > AGAIN) {
        side.file = null;
        this.hold(side, piece, at - piece.from, { at, on, rate, now });
      }
      return;
    }
    const off = (video.currentTime - want) * 1000;
    if (!on) {
      if (!video.paused) video.pause();
      if (Math.abs(off) > NEAR && !video.seeking) video.currentTime = want;
      return;
    }
    if (video.paused) {
      video.playbackRate = rate;
      // an element that is paused again before it began says so; that is no trouble, and the next beat plays it
      void Promise.resolve(video.play()).catch(() => undefined);
    }
    if (video.seeking) return;
    if (side.sought > -Infinity && Math.abs(off) < HARD * rate) this.lead = Math.max(0, Math.min(400, this.lead - off / rate / 4));
    if (Math.abs(off) > HARD * rate) {
      if (now - side.sought < CALM) return;
      side.sought = now;
      video.currentTime = Math.max(0, want + (this.lead * rate) / 1000);
      video.playbackRate = rate;
      return;
    }
    const near = Math.abs(off) < NEAR * rate;
    const wish = near ? rate : rate * (1 - Math.max(-0.1, Math.min(0.1, off / rate / 1000)));
    // each change costs the element something
    if (near ? video.playbackRate !== rate : Math.abs(video.playbackRate - wish) > 0.01 * rate) video.playbackRate = wish;
  }

  private sight(side: Side, piece: Piece, { at, rate, on }: Beat): Sight {
    const { video } = side;
    const h265 = piece.codecs.some((codec) => /h265|hevc/i.test(codec));
    if (this.missing === piece.file) return { is: "trouble", piece, trouble: "missing" };
    if (video.error !== null) return { is: "trouble", piece, trouble: h265 ? "no_picture" : "unplayable" };
    if (video.readyState < 1) return { is: "reading", piece };
    if (piece.picture === false) return { is: "sound", piece };
    // Chromium plays the sound of H.265 without a word about its picture
    if (video.videoWidth === 0) return { is: "trouble", piece, trouble: "no_picture" };
    const want = (at - piece.from) / 1000;
    if (Number.isFinite(video.duration) && want > video.duration + SWAP / 1000) return piece.growing ? { is: "reading", piece } : { is: "nothing" };
    const off = Math.abs(video.currentTime - want) * 1000;
    const late = off > STALE * (on ? rate : 1);
    return video.readyState < 2 || video.seeking || late ? { is: "reading", piece } : { is: "picture", piece };
  }

  private prepare(piece: Piece, beat: Beat): void {
    if (!beat.on || piece.to - beat.at > PRELOAD * beat.rate) return;
    const next = pieceAfter(this.row, Math.max(piece.from, beat.at));
    if (next !== null && next.from - beat.at < PRELOAD * beat.rate) this.hold(this.back(), next, 0, beat);
  }
}
