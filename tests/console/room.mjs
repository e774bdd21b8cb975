// Owns a real room for the tests of the pages: the daemon with a folder of its own, and the browsers of its people.
// The daemon may be given a network namespace, and so may each browser.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { chromium } = createRequire(join(root, "src/console/ui/package.json"))("playwright-core");
const run = promisify(execFile);
export const BIDROOM = process.env.BIDROOM ?? join(root, "target/debug/bidroom");
const PASSWORD = "correct horse battery";
const NAMES = ["赵一", "钱二", "孙三", "李四", "周五", "吴六", "郑七", "王八", "冯九"];

/** Nine seats, faces and screens recorded from check-in on, free ports. */
export function profile({ seats = 9, cameras = "", bind = "127.0.0.1", https = 0, media = "", tcp = 0 } = {}) {
  const places = Array.from({ length: seats }, (_, i) => `[[seats]]\nno = ${i + 1}\nx = ${10 * (i + 1)}\ny = 50\n`).join("");
  const camera = '[[cameras]]\nid = "camera-1"\nname = "前方全景"\nplace = "evaluation-room"\nmain = "rtsp://127.0.0.1:9/main"\n';
  return `[room]
id = "test"
name = "评标一室"
city = "保山市公共资源交易中心"
time_zone = "Asia/Shanghai"
language = "zh"
${places}
${cameras || camera}
[policies]
overnight_lock = "off"
[[recording]]
kinds = ["camera", "face", "screen"]
phases = ["check-in", "ready", "in-session", "suspended", "overnight", "closing"]
[storage]
min_free = "100 MB"
ballast = "8 MB"
[network]
bind = ["${bind}"]
https_port = ${https}
host_names = ["localhost"${bind === "127.0.0.1" ? "" : `, "${bind}"`}]
webrtc_udp_port = 0
ice_tcp_port = ${tcp}
announce = ["${bind}"]
[access]
second_factor = "off"
${media}`;
}

/** A command inside a network namespace, or as it is. */
const within = (netns, command) => (netns === undefined ? command : ["ip", "netns", "exec", netns, ...command]);

export class Room {
  #daemon = null;
  #browsers = [];
  /** What the first start handed out: account → one-time password, then `PASSWORD`. */
  #changed = new Set();

  static async start({ text = profile(), netns, host = "localhost" } = {}) {
    const room = new Room();
    room.folder = mkdtempSync(join(tmpdir(), "bidroom-pages-"));
    room.data = join(room.folder, "data");
    room.netns = netns;
    room.host = host;
    writeFileSync(join(room.folder, "profile.toml"), text);
    await room.up();
    return room;
  }

  /** Starts the daemon and waits until it can be reached. */
  async up() {
    rmSync(join(this.data, "port"), { force: true });
    const log = openSync(join(this.folder, "log"), "a");
    const [program, ...words] = within(this.netns, [BIDROOM, "run", "--profile", join(this.folder, "profile.toml"), "--data", this.data]);
    const env = { ...process.env, BIDROOM_LOG: process.env.BIDROOM_LOG ?? "debug,h2=info,hyper=info,rustls=info" };
    this.#daemon = spawn(program, words, { stdio: ["ignore", log, log], env });
    this.#daemon.ended = new Promise((resolve) => this.#daemon.once("exit", resolve));
    await until("the daemon is ready", () => existsSync(join(this.data, "port")) && readFileSync(join(this.data, "port"), "utf8") !== "", 30_000);
    this.port = Number(readFileSync(join(this.data, "port"), "utf8"));
    this.url = `https://${this.host}:${this.port}`;
  }

  /** Ends the daemon. */
  async down(signal = "SIGTERM") {
    this.#daemon.kill(signal);
    await this.#daemon.ended;
  }

  async close() {
    for (const browser of this.#browsers) await browser.close().catch(() => undefined);
    await this.down();
    if (process.env.KEEP === undefined) rmSync(this.folder, { recursive: true, force: true });
  }

  get pid() {
    return this.#daemon.pid;
  }

  log() {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  async ctl(...words) {
    const { stdout } = await run(BIDROOM, ["ctl", "--data", this.data, "--json", ...words], { maxBuffer: 1 << 26 });
    return stdout.trim() === "" ? null : JSON.parse(stdout);
  }

  /** A rehearsal that records: convened, and open for check-in. */
  async rehearse(session, experts = 5) {
    await this.ctl("plan", session, "--start", "+30m", "--rehearsal", "--experts", String(experts));
    const rows = Array.from({ length: experts }, (_, i) => `${NAMES[i]},1380013${String(8000 + i).padStart(4, "0")},${idNumber(200 + i)},专家,某某公司\n`);
    const table = join(this.folder, "committee.csv");
    writeFileSync(table, `姓名,手机号,身份证号,类别,单位\n${rows.join("")}`);
    await this.ctl("committee", session, table);
    await this.ctl("order", "--session", session, "open", "check", "in");
  }

  /** A browser of its own, as a workstation has one. `profileFolder` keeps it over a restart. */
  async browser({ netns, profileFolder, headless = true, display, args = [], size = { width: 1366, height: 768 }, language = "zh" } = {}) {
    const folder = profileFolder ?? mkdtempSync(join(this.folder, "browser-"));
    mkdirSync(folder, { recursive: true });
    let executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    if (netns !== undefined) {
      const wrapper = join(this.folder, `chromium-${netns}`);
      writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${netns} ${executablePath} "$@"\n`, { mode: 0o755 });
      executablePath = wrapper;
    }
    const context = await chromium.launchPersistentContext(folder, {
      executablePath,
      headless,
      ignoreHTTPSErrors: true,
      locale: "zh-CN",
      viewport: size,
      permissions: ["camera", "microphone"],
      env: { ...process.env, ...(display === undefined ? {} : { DISPLAY: display }) },
      args: [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        ...(display === undefined ? ["--use-fake-device-for-media-stream=display-media-type=monitor"] : ["--use-fake-device-for-media-stream", "--auto-select-desktop-capture-source=Entire screen"]),
        "--allow-loopback-in-peer-connection",
        "--autoplay-policy=no-user-gesture-required",
        ...args,
      ],
    });
    this.#browsers.push(context);
    await context.addInitScript(observe, language);
    return context;
  }

  /** The seat's page of a workstation; enrols it with a code if it is not. */
  async seat(context, no, { share = true } = {}) {
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(`${this.url}/seat`);
    const field = page.locator(".code-input");
    await page.locator(".code-input, .seat-number").first().waitFor({ timeout: 30_000 });
    if ((await page.locator(".seat-number").count()) === 0) {
      const { code } = await this.ctl("enrolment-code", String(no));
      await field.fill(code);
      await field.press("Enter");
      await page.locator(".seat-number").waitFor({ timeout: 30_000 });
    }
    if (share) {
      // without the kiosk's policy the screen is shared by a click
      const prompt = page.locator(".screen-prompt button");
      await prompt.click({ timeout: 5000 }).catch(() => undefined);
    }
    return page;
  }

  /** A page of somebody with an account. */
  async page(context, account, path) {
    const page = await context.newPage();
    await page.goto(`${this.url}/`);
    const first = this.#changed.has(account) ? null : readFileSync(join(this.data, "first-passwords.txt"), "utf8").split("\n").find((line) => line.startsWith(`${account}\t`)).split("\t").at(-1);
    await page.evaluate(async ([account, first, password]) => {
      const post = async (path, body) => {
        const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      };
      await post("/api/sign-in", { account, password: first ?? password });
      if (first !== null) await post("/api/password", { old: first, new: password });
    }, [account, first, PASSWORD]);
    this.#changed.add(account);
    await page.goto(`${this.url}${path}`);
    return page;
  }

  async feed(id) {
    const view = await this.ctl("status");
    return view.feeds.find((feed) => feed.id === id);
  }

  async live(...ids) {
    await until(`${ids} live`, async () => {
      const view = await this.ctl("status");
      return ids.every((id) => view.feeds.find((feed) => feed.id === id)?.source === "live");
    }, 30_000);
  }

  /** The lines of a feed's index. */
  index(session, feed) {
    const file = join(this.data, "sessions", session, "data", "feeds", feed, "index.jsonl");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : [];
  }

  /** The recorded files of a feed, in order. */
  files(session, feed) {
    const folder = join(this.data, "sessions", session, "data", "feeds", feed);
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".mp4")).sort().map((name) => join(folder, name)) : [];
  }
}

/** In every page: all peer connections and requests are kept, so that a test can look at them. */
function observe(language) {
  localStorage.setItem("bidroom-language", language);
  const Native = window.RTCPeerConnection;
  window.peers = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...given) {
      super(...given);
      this.made = performance.now();
      window.peers.push(this);
    }
  };
  window.asked = [];
  const native = window.fetch;
  window.fetch = async (input, init) => {
    const entry = { at: Date.now(), method: init?.method ?? "GET", path: String(input) };
    if (/whip|whep/.test(entry.path)) window.asked.push(entry);
    const answer = await native(input, init);
    entry.status = answer.status;
    entry.took = Date.now() - entry.at;
    return answer;
  };
}

export async function until(what, holds, patience = 20_000) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${patience} ms: ${what}`);
    await sleep(50);
  }
}

/** A valid ID number (GB 11643). */
function idNumber(serial) {
  const body = `11010119900307${String(serial).padStart(3, "0")}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, i) => total + weight * Number(body[i]), 0);
  return body + "10X98765432"[sum % 11];
}
