import { cleanup, configure, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { ConfigProvider } from "antd";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dictionaries, LanguageProvider } from "../../i18n";
import { NoticeProvider } from "../../parts/notice";
import type { BoardRoom, BoardView, Role, Welcome } from "../../wire";
import { CityBoard } from ".";
import { heldBy } from "./plan-dialog";

vi.setConfig({ testTimeout: 60_000 });
configure({ asyncUtilTimeout: 15_000 });

const t = dictionaries.en;
const HOUR = 3600_000;
const now = Date.now();
const room = (id: string, more: Partial<BoardRoom> = {}): BoardRoom => ({
  id, online: true, stale: false, heard: now, epoch: 1, upto: 7,
  state: {
    seq: 7, at: now, name: `Room ${id}`, version: "0.1.0", seats: 7, enrolled: 7, session: null,
    sessions: [{ id: "BS-9", phase: "planned", start: now + 30 * HOUR, expected: 4 * HOUR, seats: 5 }],
    alarms: [], recording: { wanted: 0, writing: 0 }, unreceipted: 0,
    health: { disk_free_bytes: 1e12, disk_total_bytes: 2e12, disk_hours: 60, clock_offset_ms: 0.4, temperature_c: null, cameras: 2, cameras_live: 2, last_backup: null, archives_not_replicated: 0 },
  },
  ...more,
});
const stated = { certificate: "5c".repeat(32) };
const gone = room("c", { online: false, stale: true, heard: now - 90_000 });
const board: BoardView = {
  at: now, city: "Centre", broker: "mqtts://broker:8883",
  rooms: [
    room("a", stated),
    room("b", { state: { ...room("b").state!, alarms: [{ urgent: true, since: now, kind: "equipment", subject: "disk-recordings", fault: "disk_full" }],
      session: { id: "BS-5", kind: "real", phase: "in_session", since: now, start: now, expected: 4 * HOUR, started: now, expected_members: 5, present_members: 5, clocks: [] },
      relays: [{ id: "city", host: "sfu.example.cn", permitted: ["camera-1", "camera-2"], sound: false, until: now + HOUR, feeds: [{ feed: "camera-1", state: "sending" }], barred: false }] } }),
    gone,
  ],
  evaluations: [{
    evaluation: { id: "BS-7", kind: "real", start: now + 60 * HOUR, expected: 4 * HOUR, venues: [{ room: "a", experts: 3, tenderer_representatives: 0 }, { room: "c", experts: 2, tenderer_representatives: 0 }], rules: null, policies: null },
    made: now,
    venues: [
      { room: "a", command: "hub-1", what: "plan_session", state: { state: "answered", outcome: { result: "done", seq: 5 } } },
      { room: "c", command: "hub-2", what: "change_plan", state: { state: "answered", outcome: { result: "rejected", reason: "wrong_schema" } } },
    ],
  }],
  archives: [{
    room: "a", session: "BS-3", asked: now,
    state: { state: "answered", outcome: { result: "done", seq: 9, archive: {
      session: "BS-3", kind: "real", tagmanifest_sha256: "cd".repeat(32), files: 41, bytes: 9e9, sealed: now - 30 * HOUR, timestamped: true, damaged: 0, released: false,
      replicas: [{ replica: "centre", verified: now - HOUR, s3: { endpoint: "https://s3.example.cn", bucket: "bidroom", key: "a/BS-3/" } }, { replica: "second-disk", verified: null }],
    } } },
  }],
  relays: [{ room: "b", session: "BS-5", asked: now, what: "start_relay", state: { state: "answered", outcome: { result: "done", seq: 8 } } }],
  orders: [
    { room: "a", session: "BS-7", sent: now, sha256: "0a".repeat(32), bytes: 6.6e6, parts: 74, answered: 12, state: { state: "waiting" } },
    { room: "c", session: "BS-7", sent: now, sha256: "0c".repeat(32), bytes: 4e5, parts: 5, answered: 5, state: { state: "answered", outcome: { result: "refused", refusal: { code: "order_unfit", fault: "order_of_another_day" } } } },
  ],
  statements: [{ room: "b", id: "ef".repeat(32), session: "BS-3", rehearsal: false, made: now, recipient: "12".repeat(32) }],
  usual: {
    committee_min: 5, committee_odd: true, expert_share: [2, 3], chair_is_expert: true, grace: 30 * 60_000, outage_before_start: 2 * HOUR, outage_in_session: 4 * HOUR, overnight_lock: 21 * 60,
    rest_every: 2 * HOUR, meals: [720, 1080], break_overdue: 30 * 60_000, help_overdue: 3 * 60_000, clock_offset: 1000, recording: [], retention: 15 * 366 * 24 * HOUR, scrub: 30 * 24 * HOUR, call_out: {},
  } as unknown as BoardView["usual"],
  trail: [{ at: now, room: "b", what: "events", reason: "chain-broken" }],
  waiting: [{ room: "c", box: "ab".repeat(32), since: now }],
};
let asked: { path: string; body: unknown }[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", vi.fn((path: string, init?: RequestInit) => {
    if (path === "/api/live/city") {
      const text = `event: view\ndata: ${JSON.stringify(board)}\n\n`;
      return Promise.resolve(new Response(new ReadableStream({ start: (to) => to.enqueue(new TextEncoder().encode(text)) })));
    }
    // room a says by which policies it runs: half an hour more of grace than the product has
    if (path === "/api/rooms/a/policies") return Promise.resolve(Response.json({ ...board.usual, grace: HOUR }));
    asked.push({ path, body: init?.body == null ? undefined : JSON.parse(String(init.body)) });
    return Promise.resolve(new Response(path.includes("/events") ? "[]" : null, { status: path.includes("/events") ? 200 : 204 }));
  }));
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show(role: Role) {
  render(
    <ConfigProvider button={{ autoInsertSpace: false }}>
      <LanguageProvider initial="en">
        <NoticeProvider>
          <CityBoard welcome={{ room: "Centre", city: "Centre", hub: true } as Welcome} account={{ name: "me", role }} onRefused={() => undefined} />
        </NoticeProvider>
      </LanguageProvider>
    </ConfigProvider>,
  );
}

test("every room is there, and what is wrong with one is said in words", async () => {
  show("supervisor");
  const card = async (name: string) => within((await screen.findByText(name)).closest("li")!);
  expect((await card("Room b")).getByText(/Recording disk.*Equipment failed/)).toBeTruthy();
  expect((await card("Room c")).getByText(t.city.offline)).toBeTruthy();
  expect((await card("Room a")).queryByText(t.city.offline)).toBeNull();
  expect(screen.getByText(/the room's version does not know this/)).toBeTruthy();
  fireEvent.click(screen.getByText(new RegExp(t.city.tabs.trail)));
  expect(screen.getByText(/does not follow the entry before it/)).toBeTruthy();
  fireEvent.click(screen.getByText(new RegExp(t.city.tabs.handovers)));
  expect(screen.getByText("s3://bidroom/a/BS-3/")).toBeTruthy();
  expect(screen.getByText("cd".repeat(32))).toBeTruthy();
  expect(screen.queryByText(t.city.handovers.download)).toBeNull();
  // whoever only looks has nothing to press but the journals
  expect(screen.queryByText(t.city.plan)).toBeNull();
  expect(screen.queryByText(t.city.admit)).toBeNull();
});

test("the operator plans over venues, and the main venue comes first", async () => {
  show("technician");
  fireEvent.click(await screen.findByText(t.city.plan));
  const dialog = await screen.findByRole("dialog");
  const fill = (label: string, value: string) => fireEvent.change(within(dialog).getByLabelText(label), { target: { value } });
  fill(t.tech.planForm.id, "BS-1");
  fill(`${t.city.experts} Room a`, "3");
  fill(`${t.city.experts} Room b`, "2");
  fireEvent.click(within(dialog).getByLabelText(`${t.city.main} Room b`));
  fireEvent.click(within(dialog).getByText(t.city.send));
  await waitFor(() => expect(asked.length).toBe(1));
  const [sent] = asked;
  expect(sent?.path).toBe("/api/evaluations");
  const body = sent?.body as { id: string; venues: { room: string; experts: number }[] };
  expect(body.id).toBe("BS-1");
  expect(body.venues.map((venue) => [venue.room, venue.experts])).toEqual([["b", 2], ["a", 3]]);
});

async function act(name: string) {
  fireEvent.click(await screen.findByLabelText(`${t.city.acts.open} BS-7`));
  fireEvent.click(await screen.findByText(name));
  return screen.findByRole("dialog");
}

test("the operator changes a plan: what was planned stands there, and its own time does not hold the room", async () => {
  show("technician");
  const dialog = await act(t.city.acts.change);
  const experts = within(dialog).getByLabelText<HTMLInputElement>(`${t.city.experts} Room a`);
  expect(experts.value).toBe("3");
  fireEvent.change(experts, { target: { value: "5" } });
  fireEvent.change(within(dialog).getByLabelText(`${t.city.experts} Room c`), { target: { value: "" } });
  fireEvent.click(within(dialog).getByText(t.city.send));
  await waitFor(() => expect(asked.length).toBe(1));
  expect(asked[0]?.path).toBe("/api/evaluations/BS-7/change");
  expect((asked[0]?.body as { venues: unknown }).venues).toEqual([{ room: "a", experts: 5, tenderer_representatives: 0 }]);
});

test("policies of its own are sent whole, and a time that is none is not", async () => {
  show("technician");
  const dialog = await act(t.city.acts.policies);
  expect(within(dialog).getByText(new RegExp(t.city.policies.from.room.slice(0, 20)))).toBeTruthy();
  fireEvent.click(within(dialog).getByLabelText(t.city.policies.own));
  expect(within(dialog).getByLabelText<HTMLInputElement>(t.city.policies.spans.grace).value).toBe("60");
  const lock = within(dialog).getByLabelText(t.city.policies.lock);
  fireEvent.change(lock, { target: { value: "25:00" } });
  expect(within(dialog).getByText(t.city.send).closest("button")!.disabled).toBe(true);
  fireEvent.change(lock, { target: { value: "22:30" } });
  fireEvent.change(within(dialog).getByLabelText(t.city.policies.spans.grace), { target: { value: "45" } });
  fireEvent.click(within(dialog).getByText(t.city.send));
  await waitFor(() => expect(asked.length).toBe(1));
  expect(asked[0]?.path).toBe("/api/evaluations/BS-7/policies");
  const { policies } = asked[0]?.body as { policies: BoardView["usual"] };
  expect([policies.overnight_lock, policies.grace, policies.meals, policies.recording]).toEqual([1350, 45 * 60_000, [720, 1080], []]);
});

test("an order is sent to a venue with the certificate for its owner, and what the room said stands there", async () => {
  show("technician");
  expect(await screen.findByText(/12\/74/)).toBeTruthy();
  expect(screen.getByText(/avoids people by another day/)).toBeTruthy();
  const dialog = await act(t.city.acts.order);
  expect(within(dialog).getByText(t.city.send).closest("button")!.disabled).toBe(true);
  fireEvent.mouseDown(within(dialog).getByLabelText(t.city.venue));
  fireEvent.click(await screen.findByText("Room a", { selector: ".ant-select-item-option-content" }));
  expect(within(dialog).getByText(t.city.orders.download("a.pem")).getAttribute("href")).toBe("/api/rooms/a/certificate");
  fireEvent.change(within(dialog).getByLabelText(t.city.orders.file), { target: { files: [new File([new Uint8Array([0x30, 0x82])], "order.cms")] } });
  fireEvent.click(within(dialog).getByText(t.city.send));
  await waitFor(() => expect(asked).toEqual([{ path: "/api/rooms/a/order", body: { session: "BS-7", order: "MII=" } }]));
});

test("feeds are asked for, of those that the room lets out, and ended", async () => {
  show("technician");
  const card = within((await screen.findByText("Room b")).closest("li")!);
  fireEvent.click(card.getByText(t.city.timeline));
  expect(await screen.findByText(/camera-1 · sent/)).toBeTruthy();
  asked = [];
  fireEvent.click(screen.getByLabelText(`${t.city.relays.ask} city`));
  const dialog = (await screen.findAllByRole("dialog")).at(-1)!;
  fireEvent.click(within(dialog).getByLabelText("camera-2"));
  fireEvent.click(within(dialog).getByText(t.city.send));
  await waitFor(() => expect(asked.length).toBe(1));
  expect(asked[0]?.path).toBe("/api/rooms/b/relay");
  const body = asked[0]?.body as { session: string; relay: string; feeds: string[]; until: number };
  expect([body.session, body.relay, body.feeds]).toEqual(["BS-5", "city", ["camera-1", "camera-2"]]);
  expect(Math.abs(body.until - Date.now() - 4 * HOUR)).toBeLessThan(60_000);
  fireEvent.click(screen.getByLabelText(`${t.city.relays.end} city`));
  await waitFor(() => expect(asked.at(-1)).toEqual({ path: "/api/rooms/b/relay-end", body: { session: "BS-5", relay: "city" } }));
});

test("an archive is asked for by room and number", async () => {
  show("technician");
  fireEvent.click(await screen.findByText(new RegExp(t.city.tabs.handovers)));
  expect(screen.getByText(t.city.handovers.download).getAttribute("href")).toBe(`/api/rooms/b/statements/${"ef".repeat(32)}`);
  fireEvent.click(screen.getByText(t.city.handovers.ask));
  const dialog = await screen.findByRole("dialog");
  fireEvent.mouseDown(within(dialog).getByLabelText(t.city.venue));
  fireEvent.click(await screen.findByText("Room a", { selector: ".ant-select-item-option-content" }));
  fireEvent.change(within(dialog).getByLabelText(t.tech.planForm.id), { target: { value: "BS-3" } });
  fireEvent.click(within(dialog).getByText(t.city.send));
  await waitFor(() => expect(asked).toEqual([{ path: "/api/rooms/a/archive", body: { session: "BS-3" } }]));
});

test("a room is held only while another session lasts there", () => {
  expect(heldBy(room("a"), now + 26 * HOUR, 4 * HOUR)).toBeNull();
  expect(heldBy(room("a"), now + 27 * HOUR, 4 * HOUR)).toBe("BS-9");
  expect(heldBy(room("a"), now + 33.5 * HOUR, HOUR)).toBe("BS-9");
  expect(heldBy(room("a"), now + 34 * HOUR, HOUR)).toBeNull();
  expect(heldBy(room("a"), now + 31 * HOUR, HOUR, "BS-9")).toBeNull();
});
