// Owns the browser of the pages' tests: Chromium with fake devices, axe, and a page that stands in for the box's media.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const ui = fileURLToPath(new URL("../../src/console/ui/", import.meta.url));
const require = createRequire(join(ui, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const DIST = join(ui, "dist");

export const SIZES = { large: { width: 1920, height: 1080 }, small: { width: 1366, height: 768 } };

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream=display-media-type=monitor",
      "--allow-loopback-in-peer-connection",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

/** A page of the console; `violations` collects what the content policy refused, `errors` what broke. */
export async function open(browser, stage, path, { size = SIZES.large, language = "zh", zone = "Asia/Shanghai" } = {}) {
  const context = await browser.newContext({ viewport: size, permissions: ["camera", "microphone"], timezoneId: zone });
  const violations = [];
  const errors = [];
  await context.exposeFunction("sayViolation", (text) => violations.push(text));
  await context.addInitScript((chosen) => {
    localStorage.setItem("bidroom-language", chosen);
    document.addEventListener("securitypolicyviolation", (event) => window.sayViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
  }, language);
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) errors.push(message.text());
  });
  await page.goto(stage.url + path);
  return { page, context, violations, errors };
}

/** What axe finds, in words. */
export async function accessibility(page) {
  // axe is injected past the content policy, which is not what it tests
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")} ${n.any?.[0]?.message ?? n.failureSummary ?? ""}`));
}

/** A page that answers WHIP and WHEP as the box would: what is sent is kept, and can be watched. */
export async function mediaBox(browser, stage) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${stage.url}/icon.svg`);
  await page.evaluate(() => {
    const streams = new Map();
    const picture = (name) => {
      const canvas = document.createElementNS("http://www.w3.org/1999/xhtml", "canvas");
      canvas.width = 640;
      canvas.height = 360;
      const draw = canvas.getContext("2d");
      let n = 0;
      setInterval(() => {
        draw.fillStyle = `hsl(${(name.length * 47 + name.charCodeAt(5) * 31) % 360} 25% 32%)`;
        draw.fillRect(0, 0, 640, 360);
        draw.fillStyle = "#fff";
        draw.font = "48px sans-serif";
        draw.fillText(name, 40, 170);
        draw.fillText(String((n += 1)), 40, 240);
      }, 100);
      return canvas.captureStream(10);
    };
    window.peers = [];
    window.received = {};
    const gathered = (peer) => new Promise((resolve) => {
      if (peer.iceGatheringState === "complete") resolve();
      peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && resolve();
      setTimeout(resolve, 1500);
    });
    window.answer = async (kind, feed, sdp) => {
      const peer = new RTCPeerConnection();
      window.peers.push(peer);
      if (kind === "whip") {
        peer.ontrack = ({ track, streams: [stream] }) => {
          streams.set(feed, stream ?? new MediaStream([track]));
          (window.received[feed] ??= []).push(track.kind);
        };
      }
      await peer.setRemoteDescription({ type: "offer", sdp });
      if (kind === "whep") {
        if (!streams.has(feed)) streams.set(feed, picture(feed));
        const stream = streams.get(feed);
        for (const track of stream.getTracks()) peer.addTrack(track, stream);
      }
      await peer.setLocalDescription();
      await gathered(peer);
      return peer.localDescription.sdp;
    };
  });
  stage.media = (kind, feed, sdp) => page.evaluate(([k, f, s]) => window.answer(k, f, s), [kind, feed, sdp]);
  return { page, close: () => context.close() };
}
