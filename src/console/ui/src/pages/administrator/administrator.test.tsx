import { cleanup, configure, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { ConfigProvider } from "antd";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { dictionaries, LanguageProvider } from "../../i18n";
import { NoticeProvider } from "../../parts/notice";
import type { Role, Welcome } from "../../wire";
import { Administrator } from ".";
import type { Account } from "./wire";

// deadlines for a busy machine; nothing here waits for time to pass
vi.setConfig({ testTimeout: 60_000 });
configure({ asyncUtilTimeout: 15_000 });

const t = dictionaries.en;
const words = t.administrator;
const account = (id: string, role: Role, more: Partial<Account> = {}): Account => ({
  id, role, approved: true, closed: false, one_time_password: false, second_factor: true, locked_until: null, created: 1, last_sign_in: 1, ...more,
});
const accounts = [
  account("tech", "technician"),
  account("sup", "supervisor", { locked_until: Date.now() + 60_000, second_factor: false }),
  account("aud2", "audit_administrator", { approved: false, second_factor: false }),
  account("old", "technician", { closed: true }),
];
type Asked = { method: string; path: string; body: unknown };
let asked: Asked[];
let answers: Record<string, unknown>;
const onRefused = vi.fn();

beforeEach(() => {
  asked = [];
  onRefused.mockClear();
  answers = { "GET /api/accounts": accounts, "GET /api/tokens": [] };
  vi.stubGlobal("fetch", vi.fn((path: string, init: RequestInit) => {
    asked.push({ method: init.method ?? "GET", path, body: init.body == null ? undefined : JSON.parse(String(init.body)) });
    const answer = answers[`${init.method} ${path.split("?")[0]}`];
    if (answer === undefined) return Promise.resolve(new Response('{"code":"not_found","title":"","status":404}', { status: 404 }));
    return Promise.resolve(answer instanceof Response ? answer.clone() : new Response(JSON.stringify(answer)));
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
          <Administrator welcome={{ room: "Room 1", city: "Centre" } as Welcome} account={{ name: "me", role }} onRefused={onRefused} />
        </NoticeProvider>
      </LanguageProvider>
    </ConfigProvider>,
  );
}
// by its text and not by its role: computing roles over whole tables takes seconds here
const named = (text: string, inside: ParentNode = document) => {
  const found = [...inside.querySelectorAll("button")].filter((button) => button.textContent === text);
  expect(found, text).toHaveLength(1);
  return found[0]!;
};
const rowOf = async (id: string) => (await screen.findByText(id)).closest("tr")!;
const buttonsOf = async (id: string) => [...(await rowOf(id)).querySelectorAll("button")].map((button) => button.textContent);

describe("three administrations apart", () => {
  test("the system administrator makes and closes accounts, and nothing else is on the page", async () => {
    show("system_administrator");
    expect(await buttonsOf("aud2")).toEqual([words.close.label]);
    expect(await buttonsOf("sup")).toEqual([words.close.label]);
    expect(screen.queryByText(words.tokens.title)).toBeNull();
    expect(screen.queryByText(words.audit.title)).toBeNull();
    expect(screen.getByText(words.apart.system_administrator)).toBeTruthy();
    expect((screen.getByText(words.ca.download).closest("a") as HTMLAnchorElement).getAttribute("href")).toBe("/api/ca.pem");
  });

  test("the security administrator has just what an account needs", async () => {
    show("security_administrator");
    expect(await buttonsOf("aud2")).toEqual([words.approve.label, words.reset_password.label]);
    expect(await buttonsOf("sup")).toEqual([words.unlock.label, words.reset_password.label]);
    expect(await buttonsOf("tech")).toEqual([words.reset_password.label, words.reset_factor.label]);
    expect(screen.queryByText(words.create.button)).toBeNull();
  });

  test("the audit administrator asks for no account", async () => {
    answers["GET /api/audit"] = [];
    show("audit_administrator");
    expect(await screen.findByText(words.audit.none)).toBeTruthy();
    expect(asked.map((one) => one.path.split("?")[0])).toEqual(["/api/audit"]);
  });

  test("another role is told, and nothing is asked for", () => {
    show("technician");
    expect(screen.getByText(words.other(t.words.kinds.role.technician))).toBeTruthy();
    expect(asked).toEqual([]);
  });

  test("closed accounts are out of the way, and have no acts", async () => {
    show("system_administrator");
    await screen.findByText("tech");
    expect(screen.queryByText("old")).toBeNull();
    fireEvent.click(screen.getByLabelText(words.accounts.showClosed(1)));
    expect(await buttonsOf("old")).toEqual([]);
  });
});

describe("a secret is shown once", () => {
  test("a new account's password, which Escape does not lose and the close button forgets", async () => {
    answers["POST /api/accounts"] = { password: "one-time-xyz" };
    show("system_administrator");
    await screen.findByText("tech");
    fireEvent.click(named(words.create.button));
    const name = await screen.findByLabelText(words.create.id);
    fireEvent.change(name, { target: { value: "li wei" } });
    expect(named(words.create.submit).disabled).toBe(true);
    fireEvent.change(name, { target: { value: "li.wei" } });
    fireEvent.click(named(words.create.submit));
    const secret = await screen.findByText("one-time-xyz");
    expect(asked.find((one) => one.method === "POST")?.body).toEqual({ id: "li.wei", role: "technician" });
    fireEvent.keyDown(secret, { key: "Escape", keyCode: 27 });
    expect(screen.getByText("one-time-xyz")).toBeTruthy();
    fireEvent.click(named(words.once.close));
    await waitFor(() => expect(document.body.innerHTML).not.toContain("one-time-xyz"));
    expect(asked.filter((one) => one.method === "GET" && one.path === "/api/accounts")).toHaveLength(2);
  });

  test("a token has its scopes and its end", async () => {
    answers["POST /api/tokens"] = { id: 4, token: "bidroom_abc" };
    show("security_administrator");
    expect(await screen.findByText(words.tokens.none)).toBeTruthy();
    fireEvent.click(named(words.tokens.create));
    fireEvent.change(await screen.findByLabelText(words.tokens.name), { target: { value: "encoder" } });
    const feed = screen.getByLabelText(words.tokens.feed(1));
    fireEvent.change(feed, { target: { value: "Camera" } });
    expect(named(words.tokens.submit).disabled).toBe(true);
    fireEvent.change(feed, { target: { value: "camera-1" } });
    fireEvent.click(named(words.tokens.submit));
    expect(await screen.findByText("bidroom_abc")).toBeTruthy();
    const body = asked.find((one) => one.method === "POST")?.body as { name: string; scopes: unknown; expires: number };
    expect(body).toMatchObject({ name: "encoder", scopes: [{ view: "camera-1" }] });
    expect(Math.abs(body.expires - Date.now() - 30 * 86_400_000)).toBeLessThan(60_000);
  });
});

test("an account is closed only after its name was typed", async () => {
  answers["POST /api/accounts/tech"] = { password: null };
  show("system_administrator");
  fireEvent.click(named(words.close.label, await rowOf("tech")));
  const field = await screen.findByLabelText(words.close.typed("tech"));
  const close = named(words.close.label, document.querySelector(".dialog-foot")!);
  expect(close.disabled).toBe(true);
  fireEvent.change(field, { target: { value: "tech" } });
  fireEvent.click(close);
  expect(await screen.findByText(words.close.done("tech"))).toBeTruthy();
  expect(asked.find((one) => one.method === "POST")).toMatchObject({ path: "/api/accounts/tech", body: { act: "close" } });
});

describe("the audit trail", () => {
  const rows = (from: number, count: number) => Array.from({ length: count }, (_, index) => ({ number: from - index, at: 1000, kind: "sign-in", subject: "technician:li", object: "", result: index === 0 ? "wrong" : "done", address: "" }));

  test("older rows follow the last one, until there are none", async () => {
    answers["GET /api/audit"] = rows(150, 100);
    show("audit_administrator");
    const older = await screen.findByText(words.audit.older);
    answers["GET /api/audit"] = rows(50, 50);
    fireEvent.click(older);
    expect(await screen.findByText(words.audit.all)).toBeTruthy();
    expect(asked.at(-1)?.path).toContain("before=51");
    expect(screen.getByText(words.audit.shown(150))).toBeTruthy();
  });

  test("a refusal is marked by a word, and a click on a subject narrows to it", async () => {
    answers["GET /api/audit"] = rows(2, 2);
    show("audit_administrator");
    expect(await screen.findByText(words.audit.results.wrong!)).toBeTruthy();
    fireEvent.click(screen.getAllByText(`${t.words.kinds.role.technician} li`)[0]!);
    await waitFor(() => expect(asked.at(-1)?.path).toContain("subject=technician%3Ali"));
  });

  test("a whole trail and a broken one have clear verdicts", async () => {
    answers["GET /api/audit"] = [];
    answers["GET /api/audit/verification"] = { rows: 42, fault: null };
    show("audit_administrator");
    fireEvent.click(named(words.verify.button));
    expect(await screen.findByText(words.verify.whole(42))).toBeTruthy();
    answers["GET /api/audit/verification"] = { rows: 0, fault: "row 7 was changed" };
    await waitFor(() => expect(named(words.verify.again).className).not.toContain("loading"));
    fireEvent.click(named(words.verify.again));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain(words.verify.changed(7));
    expect(alert.textContent).toContain(words.verify.todo);
    expect(screen.queryByText(words.verify.whole(42))).toBeNull();
  });
});

test("who is signed out meanwhile gets to sign in again", async () => {
  answers["GET /api/accounts"] = new Response('{"code":"sign_in_first","title":"","status":401}', { status: 401 });
  show("system_administrator");
  expect((await screen.findByRole("alert")).textContent).toContain(t.words.problems.sign_in_first);
  expect(onRefused).toHaveBeenCalledTimes(1);
});
