// Owns the test of playback: nine feeds that the daemon recorded, played in step over gaps and the edges of files.
// Run with `node --test tests/console/playback.test.mjs` after `cargo build`; with QUIET=1 on a machine that does nothing else.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readTimeStrip } from "../support/time_strip.mjs";
import { profile, Room, until } from "./room.mjs";

const SESSION = "P-1";
const STEADY = ["camera-1/sub", "camera-2/sub", "camera-3/main", "camera-4/sub", "qa-camera/main", "supervision-camera/main"];
const FRAIL = ["camera-1/sub", "qa-camera/main", "camera-4/sub"];
const FEEDS = [...STEADY, ...FRAIL].map((_, index) => `camera-${index + 1}`);
const FRAIL_FEEDS = FEEDS.slice(STEADY.length);
/** The burned-in clocks of all tiles agree to ± this, ms; half of the time on a busy machine, always on a quiet one. */
const IN_STEP = 200;
/** A seek shows pictures within this on a machine that does nothing else, ms; on a busy one it is only reported. */
const SEEK = 300;
const QUIET = process.env.QUIET !== undefined;

/** Cameras on a port of their own; a new one where none is given. */
async function cameras(port = 0) {
  const server = spawn("/usr/bin/python3", [fileURLToPath(new URL("../../scripts/cameras.py", import.meta.url)), "--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(server.stdout, "data");
  return { port: JSON.parse(line).port, end: async (signal) => {
    server.kill(signal);
    await once(server, "exit");
  } };
}

let room;
let steady;
let frail;
let page;
before(async () => {
  [steady, frail] = await Promise.all([cameras(), cameras()]);
  const text = FEEDS.map((id, index) => {
    const [server, path] = index < STEADY.length ? [steady, STEADY[index]] : [frail, FRAIL[index - STEADY.length]];
    return `[[cameras]]\nid = "${id}"\nname = "摄像机 ${index + 1}"\nplace = "evaluation-room"\nmain = "rtsp://127.0.0.1:${server.port}/${path}"\nusername = "viewer"\npassword = "rehearsal"\n`;
  });
  room = await Room.start({ text: profile({ cameras: text.join("") }) });
  await room.rehearse(SESSION);
  await room.live(...FEEDS);
  await sleep(13_000);
  await frail.end("SIGKILL");
  await sleep(5000);
  frail = await cameras(frail.port);
  await room.live(...FRAIL_FEEDS);
  await room.ctl("order", "--session", SESSION, "--as", "supervisor", "mark", "feed=camera-1", "note=离席");
  await sleep(6000);
  // what they cost stands in no room's box
  await Promise.all([steady.end("SIGTERM"), frail.end("SIGTERM")]);
  [steady, frail] = [];
});
after(async () => {
  await Promise.all([steady?.end("SIGTERM"), frail?.end("SIGTERM")]);
  await room?.close();
});

/** What the tiles show: sight, and the burned-in clock of the picture; all as of one moment, though one is read after another. */
function tiles(strip) {
  const began = performance.now();
  const running = document.querySelector(".controls-play .anticon-pause") !== null;
  const at = Number(document.querySelector(".controls-clock").dataset.at);
  const read = (0, eval)(`(${strip})`);
  const canvas = document.createElement("canvas");
  const draw = canvas.getContext("2d", { willReadFrequently: true });
  return [...document.querySelectorAll(".screen")].map((tile) => {
    const video = tile.querySelector("video:not(.screen-back)");
    const { feed, sight } = tile.dataset;
    if (video === null || sight !== "picture") return { feed, sight, at, ms: null };
    const { videoWidth: width, videoHeight: height } = video;
    const rows = Math.floor(height / 12);
    [canvas.width, canvas.height] = [width, rows];
    const later = running ? performance.now() - began : 0;
    draw.drawImage(video, 0, height - rows, width, rows, 0, 0, width, rows);
    const ms = read(draw.getImageData(0, 0, width, rows).data, width, height);
    return { feed, sight, at, ms: ms === null ? null : ms - later };
  });
}
const look = () => page.evaluate(`(${tiles})(${JSON.stringify(String(readTimeStrip))})`);
const shownAt = () => page.locator(".controls-clock").getAttribute("data-at").then(Number);
const apart = (seen) => {
  const clocks = seen.flatMap(({ ms }) => (ms === null ? [] : [ms]));
  return Math.max(...clocks) - Math.min(...clocks);
};

/** Goes to a moment by a click on the timeline; how long until no tile reads any more, by the page's own clock, ms. */
async function seek(at) {
  const frame = await page.locator(".timeline-axis").boundingBox();
  const window = await page.evaluate(() => {
    const bars = document.querySelector(".timeline-frame");
    return { from: Number(bars.dataset.from), to: Number(bars.dataset.to) };
  });
  const x = frame.x + ((at - window.from) / (window.to - window.from)) * frame.width;
  await page.evaluate(() => {
    window.sought = null;
    document.querySelector(".timeline-axis").addEventListener("pointerup", () => {
      const began = performance.now();
      const wait = () => {
        if ([...document.querySelectorAll(".screen")].some((tile) => tile.dataset.sight === "reading")) requestAnimationFrame(wait);
        else window.sought = performance.now() - began;
      };
      // the click is drawn first
      requestAnimationFrame(() => requestAnimationFrame(wait));
    }, { once: true });
  });
  await page.mouse.click(x, frame.y + frame.height / 2);
  return until("the pictures", () => page.evaluate(() => window.sought), 10_000);
}

describe("nine feeds on one clock", () => {
  const span = {};
  before(async () => {
    page = await room.page(await room.browser({ size: { width: 1920, height: 1080 } }), "supervisor", `/playback?session=${SESSION}`);
    await page.locator(".screen").first().waitFor();
    assert.equal(await page.locator(".screen").count(), 9);
    const closed = FEEDS.map((feed) => room.index(SESSION, feed).filter((line) => line.record === "segment"));
    span.from = Math.max(...closed.map((lines) => lines[0].from));
    span.to = Math.min(...closed.map((lines) => lines.at(-1).to));
    span.edges = closed.flat().map((line) => line.to).filter((at) => at > span.from && at < span.to);
    span.gaps = FRAIL_FEEDS.flatMap((feed) => room.index(SESSION, feed).filter((line) => line.record === "gap" && line.track === "video"));
    assert.equal(new Set(span.gaps.map((gap) => gap.cause)).size > 0, true, "the killed cameras left gaps");
  });

  test("after twenty seeks, and while playing on, the burned-in clocks agree", async () => {
    const within = (from, to) => from + Math.random() * (to - from);
    const targets = Array.from({ length: 20 }, (_, i) => {
      if (i % 4 === 1) return span.edges[Math.floor(Math.random() * span.edges.length)] - within(0, 400);
      if (i % 4 === 2) {
        const gap = span.gaps[Math.floor(Math.random() * span.gaps.length)];
        return i % 8 === 2 ? gap.from - within(0, 400) : within(gap.from, gap.to);
      }
      return within(span.from, span.to - 2000);
    });
    await page.keyboard.press("Space");
    const took = [];
    const spreads = [];
    const behind = [];
    let named = 0;
    for (const target of targets) {
      took.push(await seek(target));
      for (const wait of [0, 500]) {
        await sleep(wait);
        const seen = await look();
        const [{ at }] = seen;
        spreads.push(apart(seen));
        for (const { feed, sight, ms } of seen) {
          if (ms !== null) behind.push(ms - at);
          const gap = span.gaps.find((one) => one.from + 300 < at && at < one.to - 300 && room.index(SESSION, feed).some((line) => line.record === "gap" && line.from === one.from && line.to === one.to));
          if (gap === undefined) continue;
          assert.equal(sight, "hole", `${feed} at ${at}, in a gap from ${gap.from} to ${gap.to}, shows a picture`);
          named += 1;
        }
      }
    }
    const sorted = (all) => [...all].sort((a, b) => a - b);
    const [times, wide] = [sorted(took), sorted(spreads)];
    console.log(`seek: median ${times[10].toFixed(0)} ms, slowest ${times.at(-1).toFixed(0)} ms; clocks apart: median ${wide[20]} ms, most ${wide.at(-1)} ms; of the page's clock ${sorted(behind)[0]} to ${sorted(behind).at(-1)} ms; ${named} looks into gaps`);
    assert.ok(named > 0, "some seeks went into gaps");
    assert.ok(wide[20] <= 2 * IN_STEP, `half of the clocks are over ${wide[20]} ms apart`);
    if (QUIET) {
      assert.ok(wide.at(-1) <= 2 * IN_STEP, `clocks are ${wide.at(-1)} ms apart`);
      assert.ok(times[10] <= SEEK, `half of the seeks take over ${times[10]} ms`);
    }
  });

  test("a still carries its words, and its taking stands in the audit trail", async () => {
    await page.keyboard.press("k");
    await seek(span.from + 3000);
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("s")]);
    assert.match(download.suggestedFilename(), /^P-1-camera-1-\d{8}T\d{6}\.\d{3}Z\.png$/);
    const png = readFileSync(await download.path());
    // taller than the picture by what is written below it
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20) > 360], [640, true]);
    const audit = await room.page(await room.browser(), "audit", "/administrator");
    const rows = await audit.evaluate(() => fetch("/api/audit?kind=take-still").then((answer) => answer.json()));
    assert.equal(rows.length, 1);
    assert.match(rows[0].object, /^moment:P-1:camera-1:\d+$/);
  });

  test("marks, speeds and tens of seconds go by the keyboard", async () => {
    await page.keyboard.press("Home");
    await page.keyboard.press("]");
    await until("the mark", async () => (await page.locator(".point[aria-current]").innerText()).includes("离席"));
    const mark = await shownAt();
    await page.keyboard.press("ArrowLeft");
    await until("10 s back", async () => (await shownAt()) === mark - 10_000);
    await page.keyboard.press("l");
    await page.keyboard.press("l");
    await until("it runs", async () => (await shownAt()) > mark - 9500);
    await page.keyboard.press("k");
    assert.match(await page.locator(".controls-rate").innerText(), /1\.5×/);
  });

  test("a file that is not on the disk is named on its tile, and the others play", async () => {
    const gone = room.index(SESSION, "camera-2").find((line) => line.record === "segment");
    rmSync(join(room.data, "sessions", SESSION, "data", "feeds", "camera-2", gone.file));
    await page.reload();
    await page.locator(".screen").first().waitFor();
    await seek((gone.from + gone.to) / 2);
    const tile = page.locator('.screen[data-feed="camera-2"]');
    await tile.getByText("录像文件不在盘上").waitFor();
    const others = (await look()).filter(({ feed }) => feed !== "camera-2");
    assert.ok(others.every(({ sight }) => sight === "picture"), JSON.stringify(others));
  });

  test("a clip is exported once the session is sealed, and strangers' tools read it", async () => {
    const button = page.getByRole("button", { name: "导出片段" });
    assert.equal(await button.isDisabled(), true, "nothing is sealed yet");
    await room.ctl("order", "--session", SESSION, "--as", "supervisor", "abort", "session", `typed=${SESSION}`, "reason=演练结束");
    await until("the archive is sealed", async () => {
      await page.reload();
      await page.locator(".screen").first().waitFor();
      return !(await button.isDisabled());
    }, 30_000);
    await button.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/当前各路/).click();
    if (process.env.SHOTS !== undefined) await page.screenshot({ path: join(process.env.SHOTS, "clip.png") });
    await dialog.getByLabel("到", { exact: true }).fill("xx");
    await dialog.getByText("请按 时：分：秒 填写").waitFor();
    await dialog.getByLabel("到", { exact: true }).fill("23:59:59");
    const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "导出", exact: true }).click()]);
    assert.match(download.suggestedFilename(), /^P-1-\d+-clip\.zip$/);
    const zip = join(room.folder, "clip.zip");
    await download.saveAs(zip);
    execFileSync("unzip", ["-q", zip, "-d", room.folder]);
    const clip = join(room.folder, SESSION);
    execFileSync("sha256sum", ["--check", "--quiet", "--ignore-missing", "manifest-sha256.txt"], { cwd: clip });
    const feeds = readdirSync(join(clip, "data/feeds")).sort();
    assert.deepEqual(feeds, FEEDS);
    const audit = await room.page(await room.browser(), "audit", "/administrator");
    const rows = await audit.evaluate(() => fetch("/api/audit?kind=take-clip").then((answer) => answer.json()));
    assert.equal(rows.length, 1);
    assert.match(rows[0].object, /^clip:P-1:\d+:\d+:camera-1:/);
  });
});
