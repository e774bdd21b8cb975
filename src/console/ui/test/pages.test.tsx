import { ConfigProvider } from "antd";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
// @ts-expect-error the views are plain JavaScript, shared with the tests in Chromium
import * as fixture from "../../../../tests/console/fixture.mjs";
import { dictionaries, LanguageProvider, type Language } from "../src/i18n";
import { stepOf } from "../src/pages/seat/steps";
import { SeatView } from "../src/pages/seat";
import { Wall } from "../src/pages/supervisor";
import { TechnicianView } from "../src/pages/technician";
import { gathered } from "../src/parts/alarms";
import { NoticeProvider } from "../src/parts/notice";
import { place } from "../src/parts/seat-map";
import { zoom } from "../src/pages/playback/window";
import { theme } from "../src/theme";
import type { RoomView, SeatPageView } from "../src/wire";

const t = dictionaries.zh;
const account = { name: "tech1", role: "technician" as const };

function show(page: React.ReactNode, language: Language = "zh") {
  render(
    <ConfigProvider theme={theme} button={{ autoInsertSpace: false }}>
      <LanguageProvider initial={language}>
        <NoticeProvider>{page}</NoticeProvider>
      </LanguageProvider>
    </ConfigProvider>,
  );
}

const technician = (view: unknown, language?: Language) => show(<TechnicianView view={view as RoomView} link="live" account={account} />, language);
const seat = (view: unknown) => {
  const none = { state: "idle", fault: null, device: "", stream: null } as const;
  show(<SeatView view={view as SeatPageView} link="live" media={null} state={{ face: none, screen: none }} onChanged={() => undefined} />);
};

describe("the technician's page", () => {
  const asked: { path: string; body: unknown }[] = [];
  beforeEach(() => {
    asked.length = 0;
    vi.stubGlobal("fetch", vi.fn((path: string, init: RequestInit) => {
      asked.push({ path, body: JSON.parse(String(init.body)) });
      return Promise.resolve(new Response('{"seq":1}', { status: 200 }));
    }));
  });
  afterEach(() => void vi.unstubAllGlobals());

  test("tells a newcomer what to do in an empty room", () => {
    technician(fixture.empty());
    expect(screen.getByText(t.tech.first.two)).toBeTruthy();
    expect(screen.getAllByText(t.tech.seat.empty)).toHaveLength(9);
    expect(screen.getByRole("button", { name: t.tech.plan })).toBeTruthy();
  });

  test("says why the next step cannot be taken", () => {
    technician(fixture.checkIn());
    const next = screen.getByRole("button", { name: t.words.actions.confirm_sign_in });
    expect((next as HTMLButtonElement).disabled).toBe(true);
    expect(screen.getByText("暂不能确认签到完成：专家 5、专家 6、专家 7、专家 8、招标人代表 9 尚未签到")).toBeTruthy();
  });

  test("names a lost camera at its seat, with what to do", () => {
    technician(fixture.busy());
    const card = screen.getByRole("button", { name: /席位 5/ });
    expect(within(card).getByText(/摄像头断流/)).toBeTruthy();
    expect(card.className).toContain("seat-bad");
    expect(screen.getByText(/请到该席位重新打开页面/)).toBeTruthy();
  });

  test("names a frozen picture and a muted microphone at their seats, with what to do", () => {
    technician(fixture.troubled());
    const card = (no: number) => screen.getByRole("button", { name: new RegExp(`席位 ${no}`) });
    expect(within(card(1)).getByText("画面静止")).toBeTruthy();
    expect(card(1).className).toContain("seat-bad");
    expect(within(card(3)).getByText("没有声音")).toBeTruthy();
    expect(card(3).className).toContain("seat-warn");
    expect(within(card(3)).getByRole("img", { name: /没有声音/ })).toBeTruthy();
    expect(screen.getByText(/镜头是否被遮挡/)).toBeTruthy();
  });

  test("a button gives the command it stands for, once, with an id", async () => {
    technician(fixture.busy());
    fireEvent.click(screen.getByRole("button", { name: t.tech.answerHelp }));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    expect(asked[0]).toMatchObject({ path: "/api/commands", body: { session: "BS-1123-04", command: { type: "answer_help", seat: 4 } } });
    expect((asked[0]?.body as { id: string }).id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("sealing needs the typed number", () => {
    technician(fixture.closing());
    fireEvent.click(screen.getByRole("button", { name: t.words.actions.seal_session }));
    const dialog = screen.getByRole("dialog");
    const seal = within(dialog).getByRole("button", { name: t.words.actions.seal_session });
    expect((seal as HTMLButtonElement).disabled).toBe(true);
    fireEvent.change(within(dialog).getByLabelText(t.tech.sealForm.typed("BS-1123-04")), { target: { value: "BS-1123-05" } });
    expect((seal as HTMLButtonElement).disabled).toBe(true);
    fireEvent.change(within(dialog).getByLabelText(t.tech.sealForm.typed("BS-1123-04")), { target: { value: "BS-1123-04" } });
    expect((seal as HTMLButtonElement).disabled).toBe(false);
  });

  test("marks a rehearsal, and speaks English", () => {
    technician(fixture.checkIn(), "en");
    expect(screen.getAllByText("Rehearsal").length).toBeGreaterThan(0);
    expect(screen.getByText("Members check in")).toBeTruthy();
  });
});

test("the wall names what is lost and what waits for the supervisor", () => {
  show(<Wall view={fixture.supervisor({ ...fixture.busy(), feeds: fixture.busy().feeds.map((feed: { source: string }) => ({ ...feed, viewable: false, source: feed.source === "live" ? "absent" : feed.source })) }) as RoomView} link="live" account={null} />);
  const tile = screen.getByRole("article", { name: /席位 5/ });
  expect(within(tile).getByText(t.wall.noPicture)).toBeTruthy();
  expect(within(tile).getByText(/断流，已 0:1/)).toBeTruthy();
  expect(screen.getByRole("button", { name: t.wall.rule })).toBeTruthy();
  expect(screen.getByRole("button", { name: t.wall.excuse })).toBeTruthy();
});

describe("the seat's page", () => {
  const me = fixture.seatMember;
  const page = (over: object) => fixture.seatPage(over) as unknown as SeatPageView;
  test("its step follows from the view", () => {
    expect(stepOf(page({ session: null }))).toBe("waiting");
    expect(stepOf(page({}))).toBe("check_in");
    expect(stepOf(page({ me: me({ pledges: [] }) }))).toBe("pledges");
    expect(stepOf(page({ me: me({ pledges: [], conflict: { kind: "employer", ruling: null } }) }))).toBe("conflict");
    expect(stepOf(page({ me: me({ presence: "removed" }) }))).toBe("removed");
    expect(stepOf(page({ me: me() }))).toBe("ready");
    expect(stepOf(page({ me: me(), session: { phase: "in_session" } }))).toBe("in_session");
    expect(stepOf(page({ me: me(), session: { phase: "suspended" } }))).toBe("suspended");
    expect(stepOf(page({ me: me(), session: { phase: "overnight" } }))).toBe("return");
    expect(stepOf(page({ me: me({ returned: true }), session: { phase: "overnight" } }))).toBe("overnight");
    expect(stepOf(page({ me: me(), session: { phase: "closing" } }))).toBe("closing");
    expect(stepOf(page({ me: me({ signed: 1 }), session: { phase: "closing" } }))).toBe("leave");
    expect(stepOf(page({ me: me({ presence: "left", signed: 1 }), session: { phase: "sealed" } }))).toBe("left");
  });

  test("shows the pledge that is still open", () => {
    seat(page({ me: me({ pledges: ["integrity"] }) }));
    expect(screen.getByText(t.seat.recusal[0] as string)).toBeTruthy();
    expect(screen.queryByText(t.seat.integrity[0] as string)).toBeNull();
  });

  test("a warning covers the page until it is acknowledged", () => {
    seat(page({ me: me(), warning: "请面向摄像头", session: { phase: "in_session" } }));
    const dialog = screen.getByRole("dialog");
    expect(within(dialog).getByText("请面向摄像头")).toBeTruthy();
    expect(within(dialog).getAllByRole("button").map((b) => b.textContent)).toEqual([t.words.actions.acknowledge_warning]);
  });
});

describe("layout and time", () => {
  const seats = fixture.busy().seats as { no: number; x: number; y: number }[];
  test.each([[1390, 760], [930, 480], [760, 440]])("cards never overlap at %i × %i", (width, height) => {
    const { size, cards } = place(seats, width, height);
    for (const a of cards) {
      for (const b of cards) {
        if (a.no < b.no) expect(Math.abs(a.left - b.left) >= size.w || Math.abs(a.top - b.top) >= size.h).toBe(true);
      }
    }
  });

  test("a gap says its loss as well", () => {
    expect(gathered(fixture.busy().alarms as never).map((alarm) => alarm.what.kind)).toEqual(["recording_gap", "help", "break_due"]);
  });

  test("zoom stays inside the whole, and keeps the moment in its place", () => {
    const whole = { from: 0, to: 1_000_000 };
    const near = zoom(whole, whole, 2, 250_000);
    expect(near).toEqual({ from: 125_000, to: 625_000 });
    expect(zoom(near, whole, 0.1, 250_000)).toEqual(whole);
  });
});
