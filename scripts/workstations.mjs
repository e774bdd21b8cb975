// Opens the demo room's workstations: one Chromium, a profile for each seat, made faces and screens. Each enrols with a
// one-time code, and does what an expert does as far as it goes without a decision: checks in, pledges, votes, signs.
//
//   node workstations.mjs --seats N --data DIR --bidroom PROGRAM --url https://localhost:8443
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { parseArgs, promisify } from "node:util";

const ui = new URL("../src/console/ui/", import.meta.url);
const { chromium } = createRequire(ui)("playwright-core");
const run = promisify(execFile);

const { values: options } = parseArgs({
  options: {
    seats: { type: "string", default: "9" },
    data: { type: "string" },
    bidroom: { type: "string" },
    url: { type: "string", default: "https://localhost:8443" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});

async function ctl(...words) {
  const { stdout } = await run(options.bidroom, ["ctl", "--json", "--data", options.data, ...words]);
  return JSON.parse(stdout);
}

const browser = await chromium.launch({
  executablePath: options.chromium,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire screen", "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
  ],
});

let ending = false;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    ending = true;
    browser.close().finally(() => process.exit(0));
  });
}

// the room's CA is this machine's own, made a moment ago
const open = async (seat) => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1366, height: 768 } });
  const page = await context.newPage();
  await page.goto(`${options.url}/seat`);
  const { code } = await ctl("enrolment-code", String(seat));
  await page.locator(".code-form input").fill(code);
  await page.locator(".code-form button").click();
  await page.locator(".seat-number").waitFor();
  console.log(`seat ${seat}: enrolled, sending`);
  return page;
};

const pages = new Map();
for (let seat = 1; seat <= Number(options.seats); seat++) pages.set(seat, await open(seat));

/** The one thing this seat can do now without deciding anything; nothing most of the time. */
async function step(seat, page, session, member) {
  const phase = session.phase;
  const occupied = !["planned", "convened", "sealed", "aborted"].includes(phase);
  if (occupied && member.presence === "expected") {
    const { code } = await ctl("gate", session.id, "--member", String(member.no));
    await page.locator(".code-form input").fill(code);
    await page.locator(".code-form button").click();
    await page.locator(".seat-mask-large").waitFor();
    console.log(`seat ${seat}: member ${member.no} has checked in`);
  } else if (occupied && member.presence === "present" && member.pledges.length < 2) {
    await page.locator(".big-action button").click();
  } else if (phase === "in_session" && session.chair === null && !member.voted) {
    await page.locator(".vote-buttons button").first().click();
  } else if (phase === "closing" && member.signed === null) {
    await page.locator(".big-action button").click();
  }
}

while (!ending) {
  try {
    const view = await ctl("status");
    for (const { no: seat, member } of view.seats) {
      const page = pages.get(seat);
      if (page !== undefined && member !== null && view.session !== null) await step(seat, page, view.session, member);
    }
  } catch (error) {
    if (!ending) console.log(String(error.message ?? error).split("\n")[0]);
  }
  await new Promise((done) => setTimeout(done, 1000));
}
