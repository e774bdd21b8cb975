// Drives Chromium for the bench: one JSON command a line on stdin, one JSON answer a line on stdout.
//   browser.mjs FOLDER-WITH-PLAYWRIGHT [ORIGIN-TO-TRUST]
// A command is {page, origin, act, given}: `act` of page.js, in the page of that name, which stands at that origin;
// or {page, goto, viewport}: a page of the product itself, into which page.js goes too.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { chromium } = createRequire(`${process.argv[2]}/`)("playwright-core");
const script = readFileSync(new URL("./page.js", import.meta.url), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--ignore-certificate-errors",
    // a peer without TLS may be asked, and read
    `--unsafely-treat-insecure-origin-as-secure=${process.argv[3] ?? ""}`,
  ],
});
const pages = new Map();

async function stand(name, origin) {
  if (pages.has(name)) return pages.get(name);
  const context = await browser.newContext({ ignoreHTTPSErrors: true, bypassCSP: true, permissions: ["camera", "microphone"] });
  const page = await context.newPage();
  page.on("console", (message) => process.stderr.write(`${name}: ${message.text()}\n`));
  const blank = `${origin}/bench-blank`;
  await page.route(blank, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><body></body>" }));
  await page.goto(blank);
  // what is intercepted is slower
  await page.unroute(blank);
  await page.evaluate(script);
  pages.set(name, page);
  return page;
}

async function visit(name, address, { viewport, cookies }) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, bypassCSP: true, viewport });
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.goto(address);
  await page.evaluate(script);
  pages.set(name, page);
  return null;
}

async function carryOut({ page: name, origin, act, given, goto }) {
  if (goto !== undefined) return visit(name, goto, given);
  const page = await stand(name, origin);
  return page.evaluate(([act, given]) => window.acts[act](given), [act, given]);
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { done: (await carryOut(JSON.parse(line))) ?? null };
  } catch (error) {
    answer = { failed: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
