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
const gone = room("c", { online: false, stale: true, heard: now - 90_000 });
const board: BoardView = {
  at: now, city: "Centre", broker: "mqtts://broker:8883",
  rooms: [
    room("a"),
    room("b", { state: { ...room("b").state!, alarms: [{ urgent: true, since: now, kind: "equipment", subject: "disk-recordings", fault: "disk_full" }] } }),
    gone,
  ],
  evaluations: [], trail: [{ at: now, room: "b", what: "events", reason: "chain-broken" }],
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
  expect(screen.getByText(/does not follow the entry before it/)).toBeTruthy();
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

test("a room is held only while another session lasts there", () => {
  expect(heldBy(room("a"), now + 26 * HOUR, 4 * HOUR)).toBeNull();
  expect(heldBy(room("a"), now + 27 * HOUR, 4 * HOUR)).toBe("BS-9");
  expect(heldBy(room("a"), now + 33.5 * HOUR, HOUR)).toBe("BS-9");
  expect(heldBy(room("a"), now + 34 * HOUR, HOUR)).toBeNull();
});
