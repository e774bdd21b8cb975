// Drives Chromium for the tests: one JSON command a line on stdin, one JSON answer a line on stdout.
// Usage: node driver.mjs <folder with playwright-core> <address of the test's server>
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';

const [folder, address] = process.argv.slice(2);
const { chromium } = createRequire(`${folder}/`)('playwright-core');
const script = readFileSync(new URL('./page.js', import.meta.url), 'utf8');

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--allow-loopback-in-peer-connection',
    '--autoplay-policy=no-user-gesture-required',
    '--auto-select-desktop-capture-source=Entire screen',
  ],
});
const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
const pages = new Map();

async function page(name) {
  if (!pages.has(name)) {
    const made = await context.newPage();
    made.on('console', (m) => process.stderr.write(`${name}: ${m.text()}\n`));
    await made.goto(`${address}/blank`);
    await made.addScriptTag({ content: script });
    pages.set(name, made);
  }
  return pages.get(name);
}

async function carryOut({ page: name, act, given }) {
  if (act === 'kill') {
    await pages.get(name).close({ runBeforeUnload: false });
    pages.delete(name);
    return null;
  }
  const on = await page(name);
  return await on.evaluate(([act, given]) => window.acts[act](given), [act, given]);
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { done: await carryOut(JSON.parse(line)) };
  } catch (error) {
    answer = { failed: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
