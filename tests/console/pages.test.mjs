// Owns the tests of the pages in Chromium: the policy of content, accessibility, keyboard paths, media, recovery.
// Run with `node --test tests/console` after `npm run build` in src/console/ui.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import * as fixture from "./fixture.mjs";
import { accessibility, DIST, launch, mediaBox, open, SIZES } from "./browser.mjs";
import { Stage } from "./server.mjs";

const technician = fixture.account("tech1", "technician");
const supervisor = fixture.account("jiandu", "supervisor");
const workstation = { is: "workstation", seat: 3 };
const member = { is: "member", seat: 3, member: 3, session: "BS-1123-04" };

let browser;
let stage;
let box;
before(async () => {
  browser = await launch();
});
after(() => browser.close());
beforeEach(async () => {
  stage?.close();
  await box?.close();
  stage = await new Stage(DIST).listen();
  box = await mediaBox(browser, stage);
  stage.answers.set("GET /api/accounts", { value: fixture.accounts() });
  stage.answers.set("GET /api/tokens", { value: fixture.tokens() });
  stage.answers.set("GET /api/audit", { value: fixture.audit() });
  stage.answers.set("GET /api/recordings", { value: [{ id: "BS-1123-04", kind: "real", phase: "sealed", start: Date.now() - 9e6, archive: fixture.archive }] });
  stage.answers.set("GET /api/recordings/BS-1123-04", { value: fixture.recorded(["a.mp4"]) });
});
after(async () => {
  stage.close();
  await box.close();
});

/** Opens a page as somebody, with a view. */
async function show(path, caller, view = null, how = {}) {
  stage.welcome = fixture.welcome(caller, path === "/city");
  stage.view = view;
  return open(browser, stage, path, how);
}

/** Waits until the page shows more than that it connects. */
async function drawn(page) {
  await page.waitForFunction(() => document.querySelector("h1") !== null && document.querySelector(".connecting, .ant-table-wrapper .ant-spin-spinning") === null);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

const commands = () => stage.asked.filter((a) => a.path === "/api/commands").map((a) => JSON.parse(a.body).command);

async function until(what, holds, within = 10_000) {
  const end = Date.now() + within;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) assert.fail(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const seatPage = (over) => () => fixture.seatPage(over);
const PAGES = [
  ["sign-in", "/", { is: "nobody" }, null],
  ["a forced password change", "/", fixture.account("tech1", "technician", "must_change_password"), null],
  ["technician, empty", "/technician", technician, fixture.empty],
  ["technician, check-in", "/technician", technician, fixture.checkIn],
  ["technician, broken", "/technician", technician, fixture.busy],
  ["technician, pictures wrong", "/technician", technician, fixture.troubled],
  ["wall", "/supervisor", supervisor, () => fixture.supervisor(fixture.busy())],
  ["wall, pictures wrong", "/supervisor", supervisor, () => fixture.supervisor(fixture.troubled())],
  ["accounts", "/administrator", fixture.account("sec", "security_administrator"), null],
  ["audit", "/administrator", fixture.account("aud", "audit_administrator"), null],
  ["playback", "/playback", supervisor, null],
  ["draw, nothing yet", "/draw", technician, fixture.undrawn],
  ["draw, an order of the hub", "/draw", technician, fixture.arrived],
  ["draw, prepared", "/draw", supervisor, fixture.prepared],
  ["draw, waits for the hub", "/draw", supervisor, fixture.unsigned],
  ["draw, given", "/draw", supervisor, fixture.given],
  ["draw, calling", "/draw", technician, fixture.calling],
  ["draw, silent", "/draw", supervisor, fixture.silent],
  ["Q&A room", "/qa", fixture.account("b1", "bidder"), null],
  ["city board, operator", "/city", technician, fixture.city],
  ["city board, looking on", "/city", supervisor, fixture.city],
  ["city board, nothing yet", "/city", technician, fixture.cityEmpty],
  ["city board, a full day", "/city", technician, fixture.cityBusy],
  ["seat, enrolment", "/seat", { is: "nobody" }, null],
  ["seat, check-in", "/seat", workstation, seatPage({})],
  ["seat, pledges", "/seat", member, seatPage({ me: fixture.seatMember({ pledges: [] }) })],
  ["seat, session", "/seat", member, seatPage({ me: fixture.seatMember(), session: { phase: "in_session", started: Date.now() - 4e6 } })],
  ["seat, warned", "/seat", member, seatPage({ me: fixture.seatMember(), warning: "请面向摄像头", session: { phase: "suspended" } })],
  ["seat, signing", "/seat", member, seatPage({ me: fixture.seatMember(), session: { phase: "closing" } })],
  ["not one's own", "/supervisor", technician, null],
];

for (const [sizeName, size] of Object.entries(SIZES)) {
  for (const language of ["zh", "en"]) {
    describe(`${sizeName}, ${language}`, () => {
      for (const [name, path, caller, view] of PAGES) {
        test(`${name}: policy, accessibility, one h1, fits`, async () => {
          const { page, context, violations, errors } = await show(path, caller, view, { size, language });
          await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
          await drawn(page);
          assert.equal(await page.locator("h1").count(), 1);
          assert.deepEqual(await accessibility(page), []);
          assert.deepEqual(violations, []);
          assert.deepEqual(errors, []);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
          assert.equal(wide, false, "nothing sticks out");
          await context.close();
        });
      }
    });
  }
}

describe("dialogs", () => {
  const DIALOGS = [
    [fixture.empty, async (page) => page.getByRole("button", { name: "计划评标" }).click()],
    [fixture.closing, async (page) => page.getByRole("button", { name: "封存" }).click()],
    [fixture.busy, async (page) => page.getByRole("button", { name: "门口发码" }).click()],
    [fixture.busy, async (page) => page.getByRole("button", { name: "暂停评标" }).click()],
    [fixture.busy, async (page) => page.getByRole("button", { name: /^席位 5/ }).click()],
    [fixture.busy, async (page) => page.getByRole("button", { name: "更多操作" }).click()],
  ];
  for (const [index, [view, act]] of DIALOGS.entries()) {
    test(`${index + 1}: policy and accessibility`, async () => {
      const { page, context, violations, errors } = await show("/technician", technician, view);
      await act(page);
      await page.locator("[role=dialog], [role=menu]").first().waitFor();
      assert.deepEqual(await accessibility(page), []);
      assert.deepEqual(violations, []);
      assert.deepEqual(errors, []);
      await context.close();
    });
  }

  const plan = (act) => async (page) => {
    await page.getByRole("button", { name: "操作 BS-1126-01" }).click();
    await page.getByRole("menuitem", { name: act }).click();
  };
  const press = (name) => async (page) => page.getByRole("button", { name }).click();
  const CITY = {
    plan: press("计划评标"),
    change: plan("变更计划"),
    policies: async (page) => {
      await plan("评标政策")(page);
      await page.getByLabel("本次评标专用的政策").check();
    },
    cancel: plan("取消评标"),
    "replace a box": press("确认更换主机"),
    journal: press("详情 baoshan-1"),
    "ask for an archive": async (page) => {
      await page.getByText("档案与出勤").click();
      await page.getByText("s3://bidroom/baoshan-1/BS-1105-02/").waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.getByRole("button", { name: "调取档案" }).click();
    },
  };
  for (const [name, act] of Object.entries(CITY)) {
    test(`city board, ${name}: policy and accessibility`, async () => {
      stage.answers.set("GET /api/rooms/baoshan-1/events", { value: [] });
      const { page, context, violations, errors } = await show("/city", technician, fixture.city);
      await act(page);
      await page.getByRole("dialog").waitFor();
      assert.deepEqual(await accessibility(page), []);
      assert.deepEqual(violations, []);
      assert.deepEqual(errors, []);
      await context.close();
    });
  }

  test("what cannot be undone has its focus on Cancel, and closes with Escape", async () => {
    const { page, context } = await show("/technician", technician, fixture.closing);
    await page.getByRole("button", { name: "封存" }).click();
    await until("Cancel has the focus", () => page.evaluate(() => document.activeElement?.textContent === "取消"));
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.deepEqual(commands(), []);
    await context.close();
  });
});

describe("the live line", () => {
  test("silence makes the page stale, and it recovers by itself", async () => {
    const { page, context } = await show("/technician", technician, fixture.busy);
    await page.getByText("评标进行中").waitFor();
    stage.silent = true;
    await page.getByText("与评标室主机的连接中断").waitFor({ timeout: 12_000 });
    assert.ok(await page.getByText("评标进行中").isVisible(), "the last view stays");
    stage.silent = false;
    stage.cut();
    await page.getByText("与评标室主机的连接中断").waitFor({ state: "detached" });
    await context.close();
  });

  test("a new view is drawn at once", async () => {
    const { page, context } = await show("/technician", technician, fixture.busy);
    await page.getByText("评标进行中").waitFor();
    stage.show(fixture.closing);
    await page.getByText("正在签署").waitFor({ timeout: 1500 });
    await context.close();
  });

  test("a locked sign-in is covered, and media below goes on", async () => {
    const { page, context } = await show("/supervisor", supervisor, () => fixture.supervisor(fixture.busy()));
    await until("pictures", () => page.evaluate(() => [...document.querySelectorAll(".wall-tiles video")].filter((v) => v.videoWidth > 0).length >= 8), 20_000);
    stage.welcome = fixture.welcome(fixture.account("jiandu", "supervisor", "locked"));
    stage.view = null;
    stage.cut();
    await page.getByRole("dialog", { name: "会话已锁定" }).waitFor();
    const time = () => page.evaluate(() => document.querySelector(".wall-tiles video").currentTime);
    const before = await time();
    await until("the picture goes on", async () => (await time()) > before + 0.3);
    assert.ok(!stage.asked.some((a) => a.method === "DELETE"), "nothing was hung up");
    stage.answers.set("POST /api/unlock", { value: fixture.account("jiandu", "supervisor") });
    stage.view = () => fixture.supervisor(fixture.busy());
    await page.getByRole("dialog").getByLabel("口令").fill("secret");
    await page.getByRole("button", { name: "解锁" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await context.close();
  });
});

describe("sign-in", () => {
  test("wrong credentials are said, right ones lead to the role's page", async () => {
    const { page, context } = await show("/", { is: "nobody" });
    stage.answers.set("POST /api/sign-in", { value: { code: "wrong_credentials", title: "", status: 401 }, status: 401 });
    await page.getByLabel("账号").fill("tech1");
    await page.getByLabel("口令").fill("x");
    await page.keyboard.press("Enter");
    await page.getByText("账号、口令或动态码不正确").waitFor();
    stage.answers.set("POST /api/sign-in", { value: technician });
    stage.view = fixture.empty;
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "计划评标" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/technician");
    await context.close();
  });
});

describe("the wall by keyboard", () => {
  const wall = () => fixture.supervisor(fixture.busy());

  test("a digit selects, M marks, W warns, Enter enlarges with the main stream", async () => {
    const { page, context } = await show("/supervisor", supervisor, wall);
    await page.getByText("未选席位").waitFor();
    await page.keyboard.press("3");
    await page.getByText("已选席位 3").waitFor();
    await page.keyboard.press("w");
    await page.getByRole("dialog").getByRole("textbox").fill("请保持安静");
    await page.keyboard.press("Enter");
    await until("a warning", () => commands().length === 1);
    assert.deepEqual(commands()[0], { type: "warn", seat: 3, text: "请保持安静" });
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await until("the main stream", () => stage.asked.some((a) => a.path === "/api/whep/seat-3-face"));
    assert.ok(stage.asked.some((a) => a.path === "/api/whep/seat-1-face?layer=small"), "tiles take the small one");
    await context.close();
  });

  test("holding Space talks, letting go ends it", async () => {
    const { page, context } = await show("/supervisor", supervisor, wall);
    await page.getByText("未选席位").waitFor();
    await page.keyboard.press("4");
    await page.getByText("已选席位 4").waitFor();
    await page.keyboard.down("Space");
    await page.getByRole("button", { name: /正在对讲/ }).waitFor();
    assert.deepEqual(commands(), [{ type: "start_talk_back", seats: [4] }]);
    assert.ok(await box.page.evaluate(() => window.received.talkback?.includes("audio")));
    await page.keyboard.up("Space");
    await until("the end", () => commands().length === 2);
    assert.deepEqual(commands()[1], { type: "end_talk_back" });
    await context.close();
  });

  test("only visible tiles are watched", async () => {
    const { page, context } = await show("/supervisor", supervisor, wall);
    await until("all", () => stage.asked.filter((a) => a.path.startsWith("/api/whep/")).length >= 19);
    stage.asked.length = 0;
    await page.getByText("仅房间").click();
    await until("seats hung up", () => stage.asked.filter((a) => a.method === "DELETE" && a.path.includes("seat-")).length >= 15);
    await context.close();
  });
});

describe("the wall's pictures", () => {
  const wall = () => fixture.supervisor(fixture.busy());
  const offers = () => stage.asked.filter((a) => a.method === "POST" && a.path.startsWith("/api/whep/"));
  const playing = (page, tile) => page.waitForFunction((name) => {
    const video = [...document.querySelectorAll(`[aria-label^="${name}"] .tile-picture > video`)].at(-1);
    return video?.videoWidth > 0 && video.readyState >= 2;
  }, tile);

  const settled = (page) => page.waitForFunction(() => [...document.querySelectorAll(".tile video")].filter((v) => v.videoWidth > 0).length >= 19, null, { timeout: 60_000 });

  test("they connect a few at a time, small ones only", async () => {
    const answer = stage.media;
    let [now, most] = [0, 0];
    stage.media = async (...offer) => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setTimeout(resolve, 50));
      now -= 1;
      return answer(...offer);
    };
    const { context } = await show("/supervisor", supervisor, wall);
    await until("all", () => offers().length >= 19, 40_000);
    assert.ok(most <= 4, `${most} at a time`);
    assert.ok(offers().every((a) => a.path.endsWith("?layer=small")));
    await context.close();
  });

  test("enlarging shows the picture that is there until the large one is", async () => {
    const { page, context } = await show("/supervisor", supervisor, wall);
    await settled(page);
    const answer = stage.media;
    let letIn = () => undefined;
    stage.media = (...offer) => new Promise((resolve) => (letIn = () => resolve(answer(...offer))));
    stage.asked.length = 0;
    await page.getByRole("button", { name: /^放大 席位 2/ }).click();
    await until("the large one is asked for", () => offers().some((a) => a.path === "/api/whep/seat-2-face"));
    const shown = () => page.evaluate(() => {
      const seen = [...document.querySelectorAll(".tile-enlarged .tile-picture > video")].filter((v) => getComputedStyle(v).opacity !== "0");
      return seen.length === 1 && seen[0].videoWidth > 0 && seen[0].getBoundingClientRect().width > 400;
    });
    assert.ok(await shown(), "the small one, large");
    assert.ok(!stage.asked.some((a) => a.method === "DELETE"), "nothing is hung up before");
    stage.media = answer;
    letIn();
    await until("the small one is hung up", () => stage.asked.some((a) => a.method === "DELETE" && a.path.startsWith("/api/whep/seat-2-face/")));
    assert.ok(await shown(), "the large one");
    // back at once: the others were kept
    await page.keyboard.press("Escape");
    assert.ok(!offers().some((a) => a.path.includes("seat-3")));
    await context.close();
  });

  test("a lost source is named with its cause and time, and its connection kept", async () => {
    let lost = false;
    const at = Date.UTC(2026, 10, 23, 6, 30, 0);
    const view = () => {
      const whole = wall();
      const feeds = whole.feeds.map((f) => (f.id === "seat-2-face" && lost ? { ...f, source: "lost", since: at, fault: { kind: "stalled", track: "video" } } : f));
      return { ...whole, feeds };
    };
    // the room's clock is shown, wherever the browser is
    const { page, context } = await show("/supervisor", supervisor, view, { zone: "America/New_York" });
    await playing(page, "席位 2");
    lost = true;
    stage.asked.length = 0;
    stage.show(view);
    const tile = page.getByRole("article", { name: /^席位 2/ });
    await tile.getByText("画面中断").waitFor();
    await tile.getByText(/^14:30 断流，已 /).waitFor();
    assert.ok(!stage.asked.some((a) => a.path.includes("seat-2-face")), "neither hung up nor asked anew");
    lost = false;
    stage.show(view);
    await tile.getByText("无画面").waitFor({ state: "detached" });
    await playing(page, "席位 2");
    assert.ok(!stage.asked.some((a) => a.path.includes("seat-2-face")));
    await context.close();
  });

  test("when the room is full the tile says so, and what to do", async () => {
    stage.full = true;
    const { page, context } = await show("/supervisor", supervisor, wall);
    await page.getByText("同时观看的画面已达上限").first().waitFor();
    await page.getByText("请关闭不用的监督页面").first().waitFor();
    assert.deepEqual(await accessibility(page), []);
    stage.full = false;
    await playing(page, "席位 2");
    await context.close();
  });

  test("when the box was started anew, all is asked for at once", async () => {
    const { page, context } = await show("/supervisor", supervisor, wall);
    await settled(page);
    stage.asked.length = 0;
    stage.cut();
    await page.waitForTimeout(1000);
    assert.equal(offers().length, 0, "a line that broke says nothing of the pictures");
    stage.run = "two";
    stage.cut();
    await until("all again", () => offers().length >= 19, 40_000);
    await context.close();
  });
});

describe("the workstation", () => {
  const waiting = seatPage({ session: null });

  test("sends face and screen by itself, in H.264, and again after a reload", async () => {
    const { page, context } = await show("/seat", workstation, waiting);
    const received = () => box.page.evaluate(() => window.received);
    await until("both", async () => {
      const got = await received();
      return got["seat-3-face"]?.length === 2 && got["seat-3-screen"]?.length === 1;
    });
    const offer = stage.asked.find((a) => a.path === "/api/whip/seat-3-face");
    assert.equal(offer.page, "seat");
    assert.match(offer.body, /a=simulcast:send h;l/);
    const [, first] = /m=video \d+ \S+ (\d+)/.exec(offer.body);
    assert.match(offer.body, new RegExp(`a=rtpmap:${first} H264/90000`));
    await box.page.evaluate(() => { window.received = {}; });
    await page.reload();
    await until("both again", async () => {
      const got = await received();
      return got["seat-3-face"] !== undefined && got["seat-3-screen"] !== undefined;
    });
    await context.close();
  });

  test("publishes anew when the box hangs up", async () => {
    const { page, context } = await show("/seat", workstation, waiting);
    await page.getByText("摄像头 正常").waitFor();
    stage.asked.length = 0;
    await box.page.evaluate(() => window.peers.forEach((peer) => peer.close()));
    await until("a new offer", () => stage.asked.some((a) => a.method === "POST" && a.path === "/api/whip/seat-3-face"), 15_000);
    await page.getByText("摄像头 正常").waitFor({ timeout: 10_000 });
    await context.close();
  });

  test("a window instead of the whole screen is refused and explained", async () => {
    stage.welcome = fixture.welcome(workstation);
    stage.view = waiting;
    const context = await browser.newContext({ permissions: ["camera", "microphone"] });
    await context.addInitScript(() => {
      const real = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getDisplayMedia = async (wish) => {
        const stream = await real(wish);
        if (!window.wholeScreen) stream.getVideoTracks()[0].getSettings = () => ({ displaySurface: "window" });
        return stream;
      };
    });
    const page = await context.newPage();
    await page.goto(`${stage.url}/seat`);
    await page.getByText("刚才共享的不是整个屏幕").waitFor();
    assert.ok(!stage.asked.some((a) => a.path === "/api/whip/seat-3-screen"));
    await page.evaluate(() => { window.wholeScreen = true; });
    await page.locator(".screen-prompt").getByRole("button").click();
    await page.getByText("屏幕 正常").waitFor();
    await context.close();
  });

  test("a camera that is unplugged is named, and taken again", async () => {
    const { page, context } = await show("/seat", workstation, waiting);
    await page.getByText("摄像头 正常").waitFor();
    await page.evaluate(() => {
      const track = document.querySelector(".own-pictures video").srcObject.getVideoTracks()[0];
      track.stop();
      track.dispatchEvent(new Event("ended"));
    });
    await page.getByText(/摄像头“.+”断开/).waitFor();
    await page.getByText("摄像头 正常").waitFor({ timeout: 10_000 });
    await context.close();
  });

  test("a camera without a microphone sends its picture, and the sound as soon as there is one", async () => {
    stage.welcome = fixture.welcome(workstation);
    stage.view = waiting;
    const context = await browser.newContext({ permissions: ["camera", "microphone"] });
    await context.addInitScript(() => {
      const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (wish) => {
        if (wish.audio && !window.pluggedIn) throw new DOMException("no microphone", "NotFoundError");
        return real(wish);
      };
    });
    const page = await context.newPage();
    await page.goto(`${stage.url}/seat`);
    await page.getByText("没有找到麦克风，目前只发送画面").waitFor();
    await page.getByText("摄像头 正常").waitFor();
    await until("the picture", () => box.page.evaluate(() => window.received["seat-3-face"]?.includes("video")));
    stage.asked.length = 0;
    await page.evaluate(() => {
      window.pluggedIn = true;
      navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    });
    await page.getByText("没有找到麦克风").waitFor({ state: "detached" });
    await until("sound", () => box.page.evaluate(async () => {
      let packets = 0;
      for (const peer of window.peers) for (const s of (await peer.getStats()).values()) if (s.type === "inbound-rtp" && s.kind === "audio") packets += s.packetsReceived;
      return packets > 20;
    }));
    assert.ok(!stage.asked.some((a) => a.path.includes("face")), "on the same connection");
    await context.close();
  });

  test("a member can be enrolled, check in, pledge and call for help", async () => {
    const { page, context } = await show("/seat", { is: "nobody" }, null);
    stage.answers.set("POST /api/enrolment", () => {
      stage.welcome = fixture.welcome(workstation);
      stage.view = seatPage({});
      return workstation;
    });
    await page.getByLabel("登记码").fill("abcd-efgh");
    await page.keyboard.press("Enter");
    await page.getByLabel("签到码").fill("wxyz");
    stage.answers.set("POST /api/check-in", () => {
      stage.show(seatPage({ me: fixture.seatMember({ pledges: [] }) }));
      return member;
    });
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /签署廉洁承诺书/ }).click();
    await page.getByRole("button", { name: "技术协助" }).click();
    await until("two commands", () => commands().length === 2);
    assert.deepEqual(commands(), [{ type: "sign_pledge", pledge: "integrity" }, { type: "call_for_help", kind: "technical" }]);
    assert.ok(stage.asked.filter((a) => a.path === "/api/commands").every((a) => a.page === "seat"));
    await context.close();
  });
});

describe("draw and call-out", () => {
  test("the pool's bytes go to the box as they are, and the specialities with them", async () => {
    const { page, context } = await show("/draw", technician, fixture.undrawn);
    await page.getByRole("button", { name: /准备抽取/ }).click();
    const dialog = page.getByRole("dialog");
    const table = Buffer.from([0xd0, 0xd5, 0xc3, 0xfb, 0x0a]);
    await dialog.locator("input[type=file]").first().setInputFiles({ name: "pool.csv", mimeType: "text/csv", buffer: table });
    await dialog.getByLabel("专业", { exact: true }).fill("房屋建筑");
    stage.answers.set("POST /api/sessions/BS-1123-04/draw", { status: 422, value: { code: "faults_in_table", title: "1 faults", status: 422, rows: [{ table: "pool", line: 7, column: "phone", code: "not_a_mobile" }] } });
    await dialog.getByRole("button", { name: "提交并承诺" }).click();
    await dialog.getByText("不是 11 位手机号").waitFor();
    const sent = stage.asked.find((a) => a.path === "/api/sessions/BS-1123-04/draw");
    assert.deepEqual(JSON.parse(sent.body), { pool: table.toString("base64"), order: null, from_hub: null, recusals: null, named: null, groups: [{ speciality: "房屋建筑", count: 6 }] });
    assert.deepEqual(await accessibility(page), []);
    await context.close();
  });

  test("an order of the hub is taken by its digest, and nothing is uploaded", async () => {
    const { page, context } = await show("/draw", technician, fixture.arrived);
    await page.getByRole("button", { name: /采用平台送来的次序/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("公钥").waitFor();
    const act = dialog.getByRole("button", { name: "采用次序" });
    assert.equal(await act.isDisabled(), true);
    const counts = dialog.getByLabel("人数", { exact: true });
    await counts.first().fill("4");
    await counts.last().fill("2");
    assert.deepEqual(await accessibility(page), []);
    await act.click();
    const sent = await until("it is sent", () => stage.asked.find((a) => a.path === "/api/sessions/BS-1123-04/draw"));
    const body = JSON.parse(sent.body);
    assert.equal(body.from_hub, fixture.arrived().convening[0].order.sha256);
    assert.deepEqual([body.order, body.pool, body.groups], [null, null, [{ speciality: "房屋建筑", count: 4 }, { speciality: "工程造价", count: 2 }]]);
    await context.close();
  });

  test("the supervisor types a commitment, and only one that can be one", async () => {
    const { page, context } = await show("/draw", supervisor, fixture.prepared);
    await page.getByRole("button", { name: /输入承诺/ }).click();
    const dialog = page.getByRole("dialog");
    const field = dialog.getByLabel("承诺（64 位十六进制）");
    await field.fill("5F");
    await dialog.getByText("应为 64 位小写十六进制").waitFor();
    assert.ok(await dialog.getByRole("button", { name: "提交承诺" }).isDisabled());
    await field.fill("5f".repeat(32));
    await dialog.getByRole("button", { name: "提交承诺" }).click();
    await until("the command is given", () => commands().length > 0);
    assert.deepEqual(commands(), [{ type: "commit_to_draw", commitment: "5f".repeat(32) }]);
    await context.close();
  });

  test("nobody reveals before the hub has signed, and an order that was given is accepted", async () => {
    let { page, context } = await show("/draw", supervisor, fixture.unsigned);
    await page.getByText(/等待市级平台签名，最迟/).waitFor();
    await page.getByText(/市级平台未按时签名/).waitFor();
    assert.equal(await page.getByRole("button", { name: "揭示秘密…" }).count(), 0);
    await context.close();
    ({ page, context } = await show("/draw", supervisor, fixture.countersigned));
    await page.getByRole("button", { name: "揭示秘密…" }).waitFor();
    await context.close();
    ({ page, context } = await show("/draw", supervisor, fixture.given));
    assert.equal(await page.getByRole("button", { name: "输入承诺…" }).count(), 0);
    await page.getByRole("button", { name: "接受次序，开始通知" }).click();
    await until("the command is given", () => commands().length > 0);
    assert.deepEqual(commands(), [{ type: "accept_given_order" }]);
    await context.close();
  });

  test("a resting line is tried again, a stop needs a reason, a withdrawal the supervisor", async () => {
    let { page, context } = await show("/draw", technician, fixture.calling);
    await page.getByRole("button", { name: "重试" }).first().click();
    await until("the line is tried", () => commands().length === 1);
    assert.deepEqual(commands(), [{ type: "retry_line", line: "sip-2" }]);
    assert.equal(await page.getByRole("button", { name: /停止外呼/ }).count(), 0);
    await context.close();
    ({ page, context } = await show("/draw", supervisor, fixture.silent));
    await page.getByRole("button", { name: "同意请假" }).click();
    await page.getByRole("button", { name: /停止外呼/ }).click();
    const stop = page.getByRole("dialog").getByRole("button", { name: "停止外呼" });
    assert.ok(await stop.isDisabled());
    await page.getByRole("dialog").getByLabel("原因").fill("网关异常");
    await stop.click();
    await until("both are given", () => commands().length === 3);
    assert.deepEqual(commands().slice(1), [{ type: "rule_on_withdrawal", candidate: 2, granted: true }, { type: "stop_call_out", reason: "网关异常" }]);
    await context.close();
  });
});

describe("playback", () => {
  test("an archive says where it lies, and its hold is lifted with a reason", async () => {
    const { page, context } = await show("/playback", supervisor);
    await page.getByText("副本 second-disk 完好").waitFor();
    await page.getByText("副本 s3 损坏").waitFor();
    await page.getByText("尚未复制到 district").waitFor();
    await page.getByText("已冻结：投诉处理中").waitFor();
    await page.getByRole("button", { name: "解除冻结 BS-1123-04" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("投诉已办结");
    await dialog.getByRole("button", { name: "解除冻结" }).click();
    await until("the command is given", () => commands().length > 0);
    assert.deepEqual(commands(), [{ type: "lift_hold", reason: "投诉已办结" }]);
    await context.close();
  });

  test("what is over is let go by hand, with its number and the date typed", async () => {
    const over = { ...fixture.archive, until: Date.now() - 1000, personal_until: Date.now() - 1000, hold: null };
    const list = [{ id: "BS-0902-01", kind: "real", phase: "sealed", start: Date.now() - 9e6, archive: over }, { id: "BS-1123-04", kind: "real", phase: "sealed", start: Date.now() - 9e6, archive: fixture.archive }];
    stage.answers.set("GET /api/recordings", { value: list });
    const { page, context } = await show("/playback", supervisor);
    await page.getByRole("button", { name: "清除个人信息 BS-0902-01" }).click();
    const dialog = page.getByRole("dialog");
    const act = dialog.getByRole("button", { name: "清除个人信息" });
    await dialog.getByLabel("输入评标编号").fill("BS-0902-01");
    assert.ok(await act.isDisabled(), "without a date");
    await dialog.getByLabel("今天的日期").fill("2041-03-05");
    await act.click();
    await until("the command is given", () => commands().length > 0);
    await page.getByRole("button", { name: "删除到期档案 BS-0902-01" }).click();
    await dialog.getByLabel("输入评标编号").fill("BS-0902-01");
    await dialog.getByLabel("今天的日期").fill("2041-03-05");
    await dialog.getByRole("button", { name: "删除到期档案" }).click();
    await until("both commands are given", () => commands().length > 1);
    assert.deepEqual(commands(), [{ type: "release_personal_data", typed: "BS-0902-01", today: "2041-03-05" }, { type: "release_archive", typed: "BS-0902-01", today: "2041-03-05" }]);
    assert.equal(await page.getByRole("button", { name: "删除到期档案 BS-1123-04" }).count(), 0, "what is on hold and not over stays");
    await context.close();
  });
});

describe("the technician", () => {
  test("plans, imports with faults shown by line, and hands out a code that is hidden again", async () => {
    const { page, context } = await show("/technician", technician, fixture.empty);
    await page.getByRole("button", { name: "计划评标" }).click();
    await page.getByLabel("评标编号").fill("BS-1");
    await page.keyboard.press("Enter");
    await until("a plan", () => commands().length === 1);
    assert.equal(commands()[0].type, "plan_session");
    assert.equal(commands()[0].plan.id, "BS-1");

    stage.show(() => ({ ...fixture.checkIn(), session: { ...fixture.checkIn().session, phase: "planned", members: [] }, next: null }));
    await page.getByRole("button", { name: "导入名单" }).click();
    stage.answers.set("POST /api/sessions/BS-1123-04/committee", { status: 422, value: { code: "faults_in_table", title: "", status: 422, rows: [{ line: 4, column: "id_number", code: "checksum" }] } });
    await page.locator("input[type=file]").setInputFiles({ name: "committee.csv", mimeType: "text/csv", buffer: Buffer.from("姓名\n") });
    await page.getByRole("button", { name: "导入", exact: true }).click();
    await page.getByRole("cell", { name: "校验位不符，可能输错" }).waitFor();
    await page.getByRole("button", { name: "取消" }).click();

    stage.show(fixture.checkIn);
    await page.getByRole("button", { name: "门口发码" }).click();
    stage.answers.set("POST /api/sessions/BS-1123-04/gate", { value: { member: 5, kind: "expert", seat: 5, code: "ABCD-EFGH" } });
    await page.getByRole("textbox", { name: "身份证号" }).fill("110101199003070000");
    await page.keyboard.press("Enter");
    await page.getByText("ABCD-EFGH").waitFor();
    await page.getByRole("button", { name: "隐藏，下一位" }).click();
    await page.getByText("ABCD-EFGH").waitFor({ state: "detached" });
    assert.equal(await page.getByRole("textbox", { name: "身份证号" }).inputValue(), "", "the number does not stay");
    await context.close();
  });

  test("a refusal is said in words", async () => {
    const { page, context } = await show("/technician", technician, fixture.busy);
    stage.answers.set("POST /api/commands", { status: 409, value: { code: "refused", title: "", status: 409, refusal: { code: "no_chair" } } });
    await page.getByRole("button", { name: "进入签署" }).click();
    await page.getByText("委员会尚未选出主任").waitFor();
    await context.close();
  });
});
