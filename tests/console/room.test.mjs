// Owns the tests of the pages against the daemon itself: what a workstation sends is recorded and shown, whatever ends.
// Run with `node --test tests/console/room.test.mjs` after `cargo build`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { BIDROOM, Room, until } from "./room.mjs";

const SESSION = "T-1";
let room;
let no;
let seat;
let wall;
let profileFolder;
before(async () => {
  room = await Room.start();
  // a box keeps its port
  const profile = join(room.folder, "profile.toml");
  writeFileSync(profile, readFileSync(profile, "utf8").replace("https_port = 0", `https_port = ${room.port}`));
  await room.rehearse(SESSION);
  no = (await room.ctl("status")).session.members[0].seat;
  profileFolder = join(room.folder, "workstation");
  const workstation = await room.browser({ profileFolder });
  await workstation.addInitScript(stillScreen);
  seat = await room.seat(workstation, no);
  wall = await room.page(await room.browser({ size: { width: 1920, height: 1080 } }), "supervisor", "/supervisor");
  await room.live(`seat-${no}-face`, `seat-${no}-screen`);
});
after(() => room.close());

/** A screen on which nothing moves any more, 3 s after it was shared. */
function stillScreen() {
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1280, 720];
    const draw = canvas.getContext("2d");
    let n = 0;
    const drawing = setInterval(() => {
      draw.fillStyle = "#345";
      draw.fillRect(0, 0, 1280, 720);
      draw.fillStyle = "#fff";
      draw.fillRect(20 * (n += 1), 100, 20, 20);
      if (n === 30) clearInterval(drawing);
    }, 100);
    const stream = canvas.captureStream(10);
    stream.getVideoTracks()[0].getSettings = () => ({ displaySurface: "monitor", width: 1280, height: 720 });
    return stream;
  };
}

/** The width of the face on the wall, and whether a picture is there at all. */
const shown = () => wall.evaluate((no) => {
  const seen = [...document.querySelectorAll(`article[aria-label^="席位 ${no}"] .tile-picture > video`)].filter((v) => getComputedStyle(v).opacity !== "0");
  return { width: seen[0]?.videoWidth ?? 0, black: seen.length !== 1 || seen[0].readyState < 2 };
}, no);

const gaps = (feed, from) => room.index(SESSION, feed).filter((line) => line.record === "gap" && line.from >= from);
const segments = (feed) => room.index(SESSION, feed).filter((line) => line.record === "segment");
const frameWidth = (file) => Number(execFileSync("ffprobe", ["-v", "error", "-select_streams", "v", "-show_entries", "stream=width", "-of", "csv=p=0", file]).toString());

describe("a workstation in a room", () => {
  test("its large picture is recorded, its small one is on the wall, and enlarging shows no black", async () => {
    await until("the small picture", async () => (await shown()).width === 320, 30_000);
    const face = `seat-${no}-face`;
    await until("a file of the large picture", () => segments(face).some((line) => line.cause === "age"), 40_000);
    const large = segments(face).filter((line) => line.cause === "age").at(-1).file;
    assert.equal(frameWidth(join(room.data, "sessions", SESSION, "data", "feeds", face, large)), 1280);
    await wall.getByRole("button", { name: new RegExp(`^放大 席位 ${no}`) }).click();
    await until("the large picture", async () => {
      const now = await shown();
      assert.equal(now.black, false);
      return now.width === 1280;
    });
    await wall.keyboard.press("Escape");
    await until("the small picture", async () => (await shown()).width === 320);
  });

  test("a screen on which nothing moves and a muted microphone are no gap", async () => {
    await seat.evaluate(() => {
      for (const peer of window.peers) for (const sender of peer.getSenders()) if (sender.track?.kind === "audio") sender.track.enabled = false;
    });
    const from = Date.now();
    await sleep(15_000);
    for (const feed of [`seat-${no}-face`, `seat-${no}-screen`]) {
      assert.deepEqual(gaps(feed, from), [], feed);
      const state = await room.feed(feed);
      assert.equal(state.source, "live", feed);
      assert.equal(state.recording.state, "writing", feed);
    }
    await seat.evaluate(() => {
      for (const peer of window.peers) for (const sender of peer.getSenders()) if (sender.track?.kind === "audio") sender.track.enabled = true;
    });
  });

  test("when the box is killed, all is published and watched again by itself", async () => {
    await room.down("SIGKILL");
    const killed = Date.now();
    await room.up();
    const ready = Date.now();
    await until("both again", async () => {
      const states = await Promise.all([room.feed(`seat-${no}-face`), room.feed(`seat-${no}-screen`)]);
      return states.every((state) => state.source === "live" && state.since >= killed);
    }, 30_000);
    const since = (await room.feed(`seat-${no}-face`)).since;
    console.log(`published again ${since - ready} ms after the box was ready`);
    await until("the picture on the wall", async () => {
      const live = await wall.evaluate(() => window.peers.filter((peer) => peer.connectionState === "connected").length);
      return live >= 2 && !(await shown()).black;
    }, 30_000);
  });

  test("when the workstation is killed, it publishes again without a click", async () => {
    const mine = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(`--user-data-dir=${profileFolder}`) && !commandOf(pid).includes("--type="));
    assert.equal(mine.length, 1, "one browser has this profile");
    const killed = Date.now();
    process.kill(Number(mine[0]), "SIGKILL");
    // a shorter absence is no gap
    await until("it is missed", async () => (await room.feed(`seat-${no}-face`)).source !== "live");
    const again = await room.browser({ profileFolder });
    await again.addInitScript(stillScreen);
    await again.pages()[0].goto(`${room.url}/seat`);
    await until("both again", async () => {
      const states = await Promise.all([room.feed(`seat-${no}-face`), room.feed(`seat-${no}-screen`)]);
      return states.every((state) => state.source === "live") && states[0].recording.state === "writing";
    }, 40_000);
    await until("the picture on the wall", async () => (await shown()).width === 320, 30_000);
    // what is missing is named, from the last picture on
    const gap = await until("the gap is named", () => gaps(`seat-${no}-face`, killed - 3000).find((line) => line.track === "video"));
    assert.ok(Math.abs(gap.from - killed) < 2000, `from ${gap.from - killed} ms after the kill`);
  });

  test("whatever was killed, every file plays in Chromium", async () => {
    const player = await wall.context().newPage();
    for (const feed of [`seat-${no}-face`, `seat-${no}-screen`]) {
      const listed = segments(feed);
      assert.ok(listed.length > 2, `${feed}: ${listed.length} files`);
      for (const { file, tracks } of listed) {
        await player.goto(pathToFileURL(join(room.data, "sessions", SESSION, "data", "feeds", feed, file)).href);
        const seen = await player.evaluate(played);
        const pictures = tracks.find((track) => track.track === "video")?.samples ?? 0;
        assert.ok(seen.error === null && seen.time > 0, `${feed} ${file}: ${JSON.stringify(seen)}`);
        assert.equal(seen.width > 0, pictures > 0, `${feed} ${file}: ${JSON.stringify(seen)}`);
      }
    }
  });

  test("the supervisor photographs the newest checkpoint, and verify takes it as a witness", async () => {
    const { session, seats } = await room.ctl("status");
    assert.ok(session !== null && seats.length > 0);
    await wall.bringToFront();
    await wall.getByRole("button", { name: "更多操作" }).click();
    await wall.getByRole("menuitem", { name: "见证检查点" }).click();
    const code = wall.getByRole("img", { name: "最新检查点的二维码" });
    await code.waitFor();
    // the whole screen, as a telephone sees it
    const photograph = join(room.folder, "photograph.png");
    await wall.screenshot({ path: photograph });
    const read = execFileSync("zbarimg", ["--raw", "--quiet", photograph]).toString().trim();
    assert.equal(read, await wall.locator(".checkpoint-text").textContent());
    assert.equal(JSON.parse(read).checkpoint.session, SESSION);
    const witness = join(room.folder, "photographed.jsonl");
    writeFileSync(witness, read);

    // the session ends; what the code says is compared with its archive
    await room.ctl("order", "--session", SESSION, "abort", "session", `typed=${SESSION}`, "reason=test");
    const bag = join(room.data, "sessions", SESSION);
    await until("it was read back", () => existsSync(join(bag, "detection", "report.html")), 60_000);
    const { verdict } = verify(bag, witness);
    assert.deepEqual(verdict.faults, []);
    const alone = verify(bag).verdict;
    const { at } = JSON.parse(read).checkpoint;
    assert.equal(alone.unwitnessed.length, 1);
    assert.ok(verdict.unwitnessed.some(({ from }) => from === at), "the stretch after it is named alone");
    // a photograph of another past is no witness of this archive
    writeFileSync(witness, read.replace(/"prev":"./, (start) => `${start.slice(0, -1)}${start.endsWith("0") ? "1" : "0"}`));
    assert.match(verify(bag, witness).verdict.faults[0].detail, /no genuine checkpoint/);
  });
});

/** What `bidroom verify` says of a bag; whose it is does not matter here. */
function verify(bag, witness) {
  try {
    execFileSync(BIDROOM, ["verify", bag, "--json", ...(witness === undefined ? [] : ["--witness", witness])]);
  } catch (told) {
    return JSON.parse(told.stdout.toString());
  }
  throw new Error("nobody vouches for the box, and verify says that all is well");
}

/** Plays what the page shows to its end. */
async function played() {
  const video = document.querySelector("video");
  [video.muted, video.playbackRate] = [true, 16];
  await new Promise((done) => {
    video.onended = video.onerror = done;
    video.play().catch(done);
  });
  return { error: video.error?.message ?? null, time: video.currentTime, width: video.videoWidth };
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // it has ended meanwhile
  }
}
