import { expect, test } from "vitest";
import { dictionaries } from "../src/i18n";
import { advice, names, refusalText, spaced, told } from "../src/names";

/** Every path of a dictionary, and what kind of thing stands there. */
function shape(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return [`${path}[${value.length}]`];
  if (typeof value === "object" && value !== null) return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
  return [`${path}: ${typeof value}`];
}

/** Every text of a dictionary that needs no values. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(texts);
  return [];
}

test("both dictionaries have the same entries", () => {
  expect(shape(dictionaries.en).sort()).toEqual(shape(dictionaries.zh).sort());
});

test("no entry is empty, and each is in its language", () => {
  for (const text of [...texts(dictionaries.zh), ...texts(dictionaries.en)]) expect(text).not.toBe("");
  const chinese = texts(dictionaries.en).filter((text) => /[\u4e00-\u9fff]/.test(text));
  expect(chinese).toEqual([dictionaries.en.otherLanguage]);
});

test("Chinese punctuation is full width", () => {
  const half = texts(dictionaries.zh).filter((text) => /[\u4e00-\u9fff][,;:!?]|[,;!?][\u4e00-\u9fff]/.test(text));
  expect(half).toEqual([]);
});

const known = { members: [{ no: 3, kind: "expert" as const }, { no: 5, kind: "tenderer_representative" as const }], feeds: [{ id: "camera-1", name: "全景" }] };

test("people are masks and feeds have names", () => {
  const zh = names(dictionaries.zh, known);
  expect(zh.member(3)).toBe("专家 3");
  expect(zh.member(5)).toBe("招标人代表 5");
  expect(zh.feed("camera-1")).toBe("全景");
  expect(zh.feed("seat-4-face")).toBe("席位 4 面部");
  expect(names(dictionaries.en, known).feed("seat-4-screen")).toBe("Seat 4 screen");
});

test("refusals, events and alarms are sentences in both languages", () => {
  for (const t of [dictionaries.zh, dictionaries.en]) {
    const n = names(t, known);
    expect(refusalText(t, { code: "members_missing", members: [3, 5] }, n)).toContain(n.member(5));
    expect(told(t, { type: "chair_elected", member: 3 }, n)).toMatchObject({ level: "good" });
    expect(advice(t, { level: "bad", since: 0, what: { kind: "help", seat: 4, help: "unwell", overdue: false } }, n).todo).not.toBe("");
  }
  expect(refusalText(dictionaries.zh, { code: "members_missing", members: [3] }, names(dictionaries.zh, known))).toBe("专家 3 尚未签到");
});

test("a code from a newer box is shown rather than hidden", () => {
  const t = dictionaries.zh;
  expect(refusalText(t, { code: "of_tomorrow" } as never, names(t, {}))).toBe("of_tomorrow");
  expect(told(t, { type: "of_tomorrow" } as never, names(t, {})).what).toBe("of_tomorrow");
});

test("digits stand apart from Chinese characters", () => {
  expect(spaced("席位5断流，共3路")).toBe("席位 5 断流，共 3 路");
});
