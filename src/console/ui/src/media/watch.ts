// Owns a feed as a page watches it: one connection; while the size changes a second one beside it, and the first ends
// only when the picture of the second is there, so that nobody sees black.
import type { MediaState } from "./resource";
import { type Layer, Whep } from "./whep";

export interface Watched {
  state: MediaState;
  /** The picture, and behind it one that is about to take its place. */
  streams: MediaStream[];
}

interface Line {
  layer: Layer;
  whep: Whep;
  state: MediaState;
}

interface Options {
  sound: boolean;
  onChange: (watched: Watched) => void;
}

export class Watch {
  /** The last is the wanted one. */
  private lines: Line[] = [];
  private pictures: { line: Line; stream: MediaStream }[] = [];
  private steady = false;

  constructor(private readonly feed: string, private readonly options: Options) {}

  /** Shows the feed in this size, as soon as that is there. */
  show(layer: Layer): void {
    const known = this.lines.find((line) => line.layer === layer);
    if (known !== undefined) {
      // what was asked for meanwhile is not wanted any more
      for (const line of this.lines.splice(this.lines.indexOf(known) + 1)) this.end(line);
      this.tell();
      return;
    }
    const line: Line = {
      layer,
      state: "connecting",
      whep: new Whep(this.feed, layer, {
        sound: this.options.sound,
        urgent: this.lines.length > 0,
        onState: (state) => {
          line.state = state;
          if (this.lines.includes(line)) this.tell();
        },
        onStream: (stream) => {
          if (!this.lines.includes(line) || this.pictures.some((picture) => picture.stream === stream)) return;
          this.pictures.push({ line, stream });
          this.tell();
        },
      }),
    };
    this.lines.push(line);
    line.whep.expect(this.steady);
    line.whep.start();
    this.tell();
  }

  /** Whether pictures have to come all the time. */
  expect(steady: boolean): void {
    this.steady = steady;
    for (const line of this.lines) line.whep.expect(steady);
  }

  /** The picture of this stream is on the page: what it takes the place of ends. */
  shown(stream: MediaStream): void {
    const place = this.pictures.findIndex((picture) => picture.stream === stream);
    const picture = this.pictures[place];
    if (picture === undefined || (place === 0 && this.lines[0] === picture.line)) return;
    this.pictures.splice(0, place);
    for (const line of this.lines.splice(0, this.lines.indexOf(picture.line))) this.end(line);
    this.tell();
  }

  stop(): void {
    const lines = this.lines;
    this.lines = [];
    this.pictures = [];
    for (const line of lines) line.whep.stop();
  }

  /** How loud it is now, 0 to 1. */
  level(): number {
    return Math.max(0, ...this.lines.map((line) => line.whep.level()));
  }

  private end(line: Line): void {
    this.pictures = this.pictures.filter((picture) => picture.line !== line);
    line.whep.stop();
  }

  private tell(): void {
    const wanted = this.lines.at(-1);
    if (wanted === undefined) return;
    // while a picture is there, that a better one cannot be had yet is no news
    const state = this.lines.find((line) => line.state === "live")?.state ?? wanted.state;
    this.options.onChange({ state, streams: this.pictures.map((picture) => picture.stream) });
  }
}
