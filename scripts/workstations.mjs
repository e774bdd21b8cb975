#!/usr/bin/env node
// Plays the experts of a demo room: N headless Chromium workstations with made faces and screens. Each enrols with
// a one-time code, publishes by the seat's own page, and then does what an expert does as the session goes on:
// checks in with a code from the gate, signs the pledges, votes for a chair, signs the report.
// What is to be done next is read from the room each time, so it may be started and ended at any moment.
//   workstations.mjs --seats N --data DIR --bidroom FILE --url https://localhost:8443

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";

const { chromium } = createRequire(new URL("../src/console/ui/package.json", import.meta.url))("playwright-core");
const run = promisify(execFile);
const LOOK_EVERY_MS = 2000;
const PLEDGES = ["integrity", "recusal"];

const { values: asked } = parseArgs({
  options: {
    seats: { type: "string" },
    data: { type: "string" },
    bidroom: { type: "string" },
    url: { type: "string", default: "https://localhost:8443" },
    browser: { type: "string", default: "/usr/bin/chromium" },
  },
});
for (const name of ["seats", "data", "bidroom"]) {
  if (asked[name] === undefined) {
    console.error(`--${name} is missing`);
    process.exit(2);
  }
}

/** What the technician's page does, from the command line. */
async function ctl(...words) {
  const { stdout } = await run(asked.bidroom, ["ctl", "--data", asked.data, "--json", ...words], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

/** A command as the seat's page gives it. */
function order(page, session, command) {
  const body = JSON.stringify({ id: crypto.randomUUID(), session, command });
  return page.evaluate(async (body) => {
    const headers = { "content-type": "application/json", "bidroom-page": "seat" };
    const answer = await fetch("/api/commands", { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  }, body);
}

/** Types a one-time code into the field that the page shows for it; `then` shows that it was taken. */
async function enterCode(page, code, then) {
  const field = page.locator(".code-input");
  await field.fill(code, { timeout: 30_000 });
  await field.press("Enter");
  await page.locator(then).waitFor({ timeout: 30_000 });
}

/** A workstation that has enrolled and publishes. */
async function openSeat(browser, seat) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    locale: "zh-CN",
    timezoneId: "Asia/Shanghai",
    viewport: { width: 1366, height: 768 },
  });
  try {
    const page = await context.newPage();
    await page.goto(`${asked.url}/seat`);
    const { code } = await ctl("enrolment-code", String(seat));
    await enterCode(page, code, ".seat-number");
    return page;
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** A browser without the kiosk's policy wants a click before it shares its screen anew. */
async function shareScreens(pages) {
  for (const page of pages.values()) {
    const share = page.locator(".screen-prompt button");
    if (await share.isVisible()) await share.click({ timeout: 5000 });
  }
}

/** The one thing that a member has to do now; none where he waits. */
function nextAct(session, member) {
  const expected = member.presence === "expected";
  const overnight = session.phase === "overnight" && member.presence === "present" && !member.returned;
  if ((expected && ["check_in", "ready"].includes(session.phase)) || overnight) return { checkIn: true };
  if (member.presence !== "present") return null;
  const pledge = PLEDGES.find((pledge) => !member.pledges.includes(pledge));
  if (pledge !== undefined && ["check_in", "ready"].includes(session.phase)) return { command: { type: "sign_pledge", pledge } };
  if (session.phase === "in_session" && session.chair === null && !member.voted) {
    const experts = session.members.filter((other) => other.kind === "expert" && other.presence === "present");
    return { command: { type: "vote_for_chair", candidate: Math.min(...experts.map((expert) => expert.no)) } };
  }
  if (session.phase === "closing" && member.signed === null) return { command: { type: "sign_report", dissent: false } };
  return null;
}

/** Members whose seat is not played here: their codes are left to the people who sit there. */
const elsewhere = new Set();

async function act(pages, session) {
  for (const member of session.members) {
    const next = nextAct(session, member);
    const key = `${session.id} ${member.no}`;
    if (next === null || elsewhere.has(key)) continue;
    if (member.seat !== null && !pages.has(member.seat)) {
      elsewhere.add(key);
      continue;
    }
    if (next.checkIn) {
      const { seat, code } = await ctl("gate", session.id, "--member", String(member.no));
      const page = pages.get(seat);
      if (page === undefined) {
        elsewhere.add(key);
        continue;
      }
      await enterCode(page, code, ".seat-mask-large");
    } else {
      await order(pages.get(member.seat), session.id, next.command);
    }
  }
}

// A browser for each seat, as in a room: made screens that share one browser share one capture, and that dies
// after a minute when its pages are many.
const browsers = [];
async function launch() {
  const browser = await chromium.launch({
    executablePath: asked.browser,
    args: [
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream=display-media-type=monitor",
      "--allow-loopback-in-peer-connection",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
  browsers.push(browser);
  return browser;
}

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => void Promise.all(browsers.map((browser) => browser.close())).finally(() => process.exit(0)));
}

const pages = new Map();
for (;;) {
  try {
    for (let seat = 1; seat <= Number(asked.seats); seat += 1) {
      if (pages.has(seat)) continue;
      pages.set(seat, await openSeat(await launch(), seat));
      console.log(`seat ${seat} is enrolled and publishes`);
    }
    await shareScreens(pages);
    const { session } = await ctl("status");
    if (session !== null) await act(pages, session);
  } catch (error) {
    // the room says no, is busy, or is being restarted: it is asked again
    console.error(String(error.message ?? error).split("\n")[0]);
  }
  await sleep(LOOK_EVERY_MS);
}
