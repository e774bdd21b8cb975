import { beforeEach, describe, expect, test } from "vitest";
import { Player, type Video } from "./player";
import type { Piece, Row } from "./tape";

/** As much of a video element as the player uses; the test speaks for the browser. */
class Fake {
  src = "";
  currentTime = 0;
  playbackRate = 1;
  muted = false;
  paused = true;
  preload: "" = "";
  videoWidth = 640;
  readyState = 4;
  duration = 10;
  refuse: string | null = null;
  private readonly listeners: Record<string, (() => void)[]> = {};
  addEventListener(name: string, listener: () => void) {
    (this.listeners[name] ??= []).push(listener);
  }
  removeEventListener(name: string, listener: () => void) {
    this.listeners[name] = (this.listeners[name] ?? []).filter((known) => known !== listener);
  }
  removeAttribute() {
    this.src = "";
  }
  load() {
    this.currentTime = 0;
  }
  play() {
    if (this.refuse !== null) return Promise.reject(new DOMException("", this.refuse));
    this.paused = false;
    return Promise.resolve();
  }
  pause() {
    this.paused = true;
  }
  say(name: string, second?: number) {
    if (second !== undefined) this.currentTime = second;
    for (const listener of [...(this.listeners[name] ?? [])]) listener();
  }
  heard = () => Object.values(this.listeners).flat().length;
}

const piece = (from: number, to: number, more: Partial<Piece> = {}): Piece => ({ file: `${from}.mp4`, from, to, bytes: 1, codecs: ["h264", "aac"], picture: true, growing: false, ...more });
const row = (pieces: Piece[], holes: Row["holes"] = [], feed = "camera-1"): Row => ({ feed, name: feed, pieces, holes, bytes: 1 });

let a: Fake;
let b: Fake;
let player: Player;
beforeEach(() => {
  [a, b] = [new Fake(), new Fake()];
  player = new Player([a as unknown as Video, b as unknown as Video], (feed, file) => `/${feed}/${file}`);
});

describe("one feed across its files", () => {
  const two = row([piece(100_000, 110_000), piece(110_020, 120_000)]);

  test("shows the file of a time, at that time", () => {
    player.show(two, 104_000);
    expect(a.src).toBe("/camera-1/100000.mp4");
    expect(a.currentTime).toBe(4);
    expect(player.current()).toMatchObject({ at: 104_000, on: false, front: 0 });
    expect(a.paused).toBe(true);
  });

  test("the wall clock is the file's start and the element's time", () => {
    player.show(two, 100_000);
    player.play();
    a.say("timeupdate", 2.5);
    expect(player.current().at).toBe(102_500);
  });

  test("the next file waits in the other element and takes over at the end", () => {
    player.show(two, 100_000);
    player.setRate(2);
    player.play();
    expect(b.src).toBe("");
    a.say("timeupdate", 1);
    expect(b.src).toBe("/camera-1/110020.mp4");
    expect(b.paused).toBe(true);
    a.say("ended", 10);
    expect(player.current()).toMatchObject({ at: 110_020, front: 1, on: true, skipped: null });
    expect(b.paused).toBe(false);
    expect(b.playbackRate).toBe(2);
    b.say("ended", 9.98);
    expect(player.current()).toMatchObject({ on: false, ended: true });
  });

  test("what the element out of sight says does not move the clock", () => {
    player.show(two, 100_000);
    player.play();
    a.say("timeupdate", 5);
    b.say("timeupdate", 3);
    b.say("error");
    expect(player.current()).toMatchObject({ at: 105_000, trouble: null });
  });

  test("another feed leaves nothing of the first one behind", () => {
    player.show(two, 104_000);
    player.play();
    player.show(row([piece(90_000, 130_000, { file: "100000.mp4" })], [], "camera-2"), 104_000);
    expect(a.src).toBe("/camera-2/100000.mp4");
    expect(a.currentTime).toBe(14);
    expect(player.current()).toMatchObject({ at: 104_000, on: true });
  });

  test("a newer list does not touch what plays", () => {
    player.show(row([piece(100_000, 110_000)]), 100_000);
    player.play();
    a.say("timeupdate", 4);
    player.update(two);
    expect(a.currentTime).toBe(4);
    a.say("ended", 10);
    expect(player.current().piece?.file).toBe("110020.mp4");
  });

  test("taken down, it holds no file and hears nothing", () => {
    player.show(two, 100_000);
    player.close();
    expect(a.src).toBe("");
    expect(a.heard() + b.heard()).toBe(0);
  });
});

describe("where something is missing", () => {
  const hole = { from: 110_000, to: 150_000, cause: "source_lost" as const, tracks: "both" as const, open: false };
  const torn = row([piece(100_000, 110_000), piece(150_000, 160_000)], [hole]);

  test("a click into a gap stops there and says so", () => {
    player.show(torn, 100_000);
    player.play();
    player.seek(120_000);
    expect(player.current()).toMatchObject({ at: 120_000, piece: null, on: false });
    expect(a.paused).toBe(true);
    expect(player.holes()).toEqual([hole]);
  });

  test("playing from a gap goes on where the recording is back, and names what was skipped", () => {
    player.show(torn, 120_000);
    player.play();
    expect(player.current()).toMatchObject({ at: 150_000, on: true, skipped: { from: 120_000, to: 150_000, hole } });
  });

  test("playing into a gap names it too", () => {
    player.show(torn, 109_000);
    player.play();
    a.say("ended", 10);
    expect(player.current()).toMatchObject({ at: 150_000, on: true, skipped: { from: 110_000, to: 150_000, hole } });
    player.seek(101_000);
    expect(player.current().skipped).toBeNull();
  });

  test("after the last file it ends", () => {
    player.show(torn, 170_000);
    player.play();
    expect(player.current()).toMatchObject({ on: false, ended: true });
  });
});

describe("what the browser cannot show", () => {
  test("sound without the picture that should be there is named", () => {
    a.videoWidth = 0;
    player.show(row([piece(0, 10_000, { codecs: ["h265", "aac"] })]), 0);
    expect(player.current().trouble).toBe("no_picture");
  });
  test("a microphone has no picture to miss", () => {
    a.videoWidth = 0;
    player.show(row([piece(0, 10_000, { codecs: ["opus"], picture: false })]), 0);
    expect(player.current().trouble).toBeNull();
  });
  test("a picture is not missed before its file is known", () => {
    a.videoWidth = 0;
    a.readyState = 0;
    player.show(row([piece(0, 10_000)]), 0);
    expect(player.current().trouble).toBeNull();
    a.readyState = 1;
    a.say("loadedmetadata");
    expect(player.current().trouble).toBe("no_picture");
  });
  test("a broken file is told from H.265 without sound", () => {
    player.show(row([piece(0, 10_000)]), 0);
    a.say("error");
    expect(player.current().trouble).toBe("unplayable");
    player.show(row([piece(0, 10_000, { codecs: ["h265"] })], [], "camera-2"), 0);
    a.say("error");
    expect(player.current().trouble).toBe("no_picture");
  });
  test("a browser that wants a click first is no broken file", async () => {
    a.refuse = "NotAllowedError";
    player.show(row([piece(0, 10_000)]), 0);
    player.play();
    await Promise.resolve();
    await Promise.resolve();
    expect(player.current()).toMatchObject({ on: false, trouble: null });
  });
});
