import { beforeEach, describe, expect, test } from "vitest";
import { Deck } from "./deck";
import type { Video } from "./player";
import type { Piece, Row } from "./tape";
import { isSpeech } from "./voices";

/** An element that plays by the test's clock. */
class Fake {
  src = "";
  playbackRate = 1;
  muted = false;
  paused = true;
  seeking = false;
  preload = "";
  videoWidth = 640;
  readyState = 4;
  duration = Infinity;
  error: MediaError | null = null;
  seeks = 0;
  private second = 0;
  get currentTime() {
    return this.second;
  }
  set currentTime(second: number) {
    this.second = second;
    this.seeks += 1;
  }
  removeAttribute() {
    this.src = "";
  }
  load() {
    this.second = 0;
  }
  play() {
    this.paused = false;
    return Promise.resolve();
  }
  pause() {
    this.paused = true;
  }
  run(ms: number, speed = 1) {
    if (!this.paused) this.second += (ms / 1000) * this.playbackRate * speed;
  }
  drift(ms: number) {
    this.second += ms / 1000;
  }
}

const piece = (from: number, to: number, more: Partial<Piece> = {}): Piece => ({ file: `${from}.mp4`, from, to, bytes: 1, codecs: ["h264", "aac"], picture: true, growing: false, ...more });
const row = (feed: string, pieces: Piece[], holes: Row["holes"] = []): Row => ({ feed, name: feed, pieces, holes, bytes: 1 });
const hole = (from: number, to: number) => ({ from, to, cause: "source_lost" as const, tracks: "both" as const, open: false });

let now: number;
let deck: Deck;
let videos: Record<string, [Fake, Fake]>;
beforeEach(() => {
  now = 1000;
  videos = {};
});

function put(at: number, ...rows: Row[]) {
  deck = new Deck(at, (feed, file) => `/${feed}/${file}`, () => now);
  for (const one of rows) {
    const pair: [Fake, Fake] = [new Fake(), new Fake()];
    videos[one.feed] = pair;
    deck.mount(one, pair as unknown as [Video, Video]);
  }
  deck.update(rows);
}
/** Lets the page's clock go on, frame by frame. */
function run(ms: number, speed = 1) {
  for (let done = 0; done < ms; done += 20) {
    now += 20;
    for (const pair of Object.values(videos)) for (const video of pair) video.run(20, speed);
    deck.tick();
  }
}
const sight = (feed: string) => deck.shows(feed)?.sight;
const front = (feed: string) => videos[feed]![deck.shows(feed)!.front];

describe("one clock", () => {
  test("a moment is each file's start and the element's time", () => {
    put(104_000, row("a", [piece(100_000, 110_000)]), row("b", [piece(103_500, 113_000)]));
    expect(front("a").src).toBe("/a/100000.mp4");
    expect([front("a").currentTime, front("b").currentTime]).toEqual([4, 0.5]);
    expect(sight("a")?.is).toBe("picture");
    expect(front("a").paused).toBe(true);
  });

  test("runs by the page's clock and its speed, whatever an element does", () => {
    put(100_000, row("a", [piece(100_000, 200_000)]));
    deck.setRate(2);
    deck.play();
    run(5000, 0);
    expect(deck.current().at).toBeGreaterThan(109_900);
  });

  test("waits after a seek for the pictures, but not for ever", () => {
    put(100_000, row("a", [piece(100_000, 200_000)]));
    front("a").readyState = 1;
    deck.play();
    run(900);
    expect(deck.current().at).toBe(100_000);
    run(300);
    expect(deck.current().at).toBeGreaterThan(100_000);
  });

  test("a tile a little off is run in, without a seek; one far off is sought", () => {
    put(100_000, row("a", [piece(100_000, 200_000)]));
    deck.play();
    run(200);
    const before = front("a").seeks;
    front("a").drift(-100);
    run(2500);
    expect(front("a").seeks).toBe(before);
    expect(Math.abs(front("a").currentTime * 1000 + 100_000 - deck.current().at)).toBeLessThan(40);
    front("a").drift(-3000);
    run(400);
    expect(front("a").seeks).toBe(before + 1);
    expect(Math.abs(front("a").currentTime * 1000 + 100_000 - deck.current().at)).toBeLessThan(150);
  });

  test("an element that cannot keep up is not sought at every frame, and its old picture is not shown", () => {
    put(100_000, row("a", [piece(100_000, 200_000)]));
    deck.play();
    run(100);
    const before = front("a").seeks;
    const seen = new Set<string | undefined>();
    for (let frame = 0; frame < 200; frame += 1) {
      run(20, 0);
      seen.add(sight("a")?.is);
    }
    expect(front("a").seeks - before).toBeLessThan(6);
    expect(seen).toContain("reading");
  });
});

describe("across files", () => {
  const two = row("a", [piece(100_000, 110_000), piece(110_020, 120_000)]);
  test("the next file waits in the other element and takes over at its time", () => {
    put(100_000, two);
    deck.play();
    run(1000);
    expect(videos["a"]![1].src).toBe("");
    run(4000);
    expect(videos["a"]![1].src).toBe("/a/110020.mp4");
    expect(videos["a"]![1].paused).toBe(true);
    run(6000);
    expect(deck.shows("a")?.front).toBe(1);
    expect(videos["a"]![0].paused).toBe(true);
    expect(sight("a")).toMatchObject({ is: "picture", piece: { from: 110_020 } });
  });

  test("a gap is named while it lasts, the others play on, and it is over when the next file begins", () => {
    const gap = hole(105_000, 109_000);
    put(104_000, row("a", [piece(100_000, 105_000), piece(109_000, 120_000)], [gap]), row("b", [piece(100_000, 120_000)]));
    deck.play();
    run(1500);
    expect(sight("a")).toEqual({ is: "hole", hole: gap });
    expect(sight("b")?.is).toBe("picture");
    run(4000);
    expect(sight("a")?.is).toBe("picture");
    expect(deck.current().skipped).toBeNull();
  });

  test("a picture that stops inside its file is a gap, not a still", () => {
    const gap = { ...hole(103_000, 106_000), tracks: "video" as const };
    put(104_000, row("a", [piece(100_000, 110_000)], [gap]));
    expect(sight("a")).toEqual({ is: "hole", hole: gap });
  });

  test("what no feed has is jumped over and named", () => {
    const gap = hole(105_000, 150_000);
    put(104_500, row("a", [piece(100_000, 105_000), piece(150_000, 160_000)], [gap]));
    deck.play();
    run(1000);
    expect(deck.current().at).toBeGreaterThanOrEqual(150_000);
    expect(deck.current().skipped).toMatchObject({ to: 150_000, hole: gap });
    deck.seek(101_000);
    expect(deck.current().skipped).toBeNull();
  });

  test("after the last file it ends, and goes on when there is more", () => {
    put(109_500, row("a", [piece(100_000, 110_000)]));
    deck.play();
    run(1000);
    expect(deck.current()).toMatchObject({ on: false, ended: true });
    deck.update([two]);
    expect(deck.current().ended).toBe(false);
  });
});

describe("what cannot be shown", () => {
  test("is named by its kind", () => {
    put(0, row("a", [piece(0, 10_000, { codecs: ["h265", "aac"] })]), row("b", [piece(0, 10_000, { codecs: ["opus"], picture: false })]), row("c", [piece(0, 10_000)]));
    front("a").videoWidth = 0;
    front("b").videoWidth = 0;
    front("c").error = {} as MediaError;
    deck.tick();
    expect(sight("a")).toMatchObject({ is: "trouble", trouble: "no_picture" });
    expect(sight("b")?.is).toBe("sound");
    expect(sight("c")).toMatchObject({ is: "trouble", trouble: "unplayable" });
    deck.lost("c", "0.mp4");
    deck.tick();
    expect(sight("c")).toMatchObject({ is: "trouble", trouble: "missing" });
  });

  test("a file that is shorter than its index says is not sought for ever", () => {
    put(8000, row("a", [piece(0, 10_000)]));
    front("a").duration = 4;
    const before = front("a").seeks;
    run(500);
    expect(front("a").seeks).toBe(before);
    expect(sight("a")?.is).toBe("nothing");
  });
});

test("who speaks stands out of what always hums", () => {
  const voice = { floor: 1, read: 0 };
  const at = (level: number, ms: number) => isSpeech(voice, level, ms);
  expect(at(0.5, 0)).toBe(false);
  for (let ms = 100; ms < 3000; ms += 100) expect(at(0.5, ms)).toBe(false);
  expect(at(0.8, 3000)).toBe(true);
  expect(at(0, 3100)).toBe(false);
});
