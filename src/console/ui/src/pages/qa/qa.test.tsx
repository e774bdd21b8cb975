import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { dictionaries, LanguageProvider } from "../../i18n";
import type { Welcome } from "../../wire";
import { QaRoom } from ".";

afterEach(cleanup);

test("the bidder reads where he is and what he waits for, and has nothing to press", () => {
  render(
    <LanguageProvider initial="zh">
      <QaRoom welcome={{ room: "Room 1", city: "Centre" } as Welcome} account={{ name: "b", role: "bidder" }} onRefused={() => undefined} />
    </LanguageProvider>,
  );
  const main = within(screen.getByRole("main"));
  expect(main.getByText("Room 1")).toBeTruthy();
  expect(main.getByText("Centre")).toBeTruthy();
  expect(main.getByText(dictionaries.zh.qa.text)).toBeTruthy();
  expect(main.queryAllByRole("button")).toEqual([]);
});
