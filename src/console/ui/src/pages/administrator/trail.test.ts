import { describe, expect, test } from "vitest";
import { dictionaries } from "../../i18n";
import { auditPath, faultText, NO_FILTER, party } from "./trail";

const t = dictionaries.en;
const query = (path: string) => Object.fromEntries(new URL(path, "http://box").searchParams);

describe("asking for the trail", () => {
  test("no filter asks for the newest rows only", () => {
    expect(query(auditPath(NO_FILTER, null))).toEqual({ limit: "100" });
  });
  test("every filter and the page go with it", () => {
    const asked = query(auditPath({ from: "2026-11-23T14:00", to: "2026-11-23T15:00", kind: "sign-in", subject: " technician:li ", object: "seat:3", refused: true }, 41));
    const from = new Date(2026, 10, 23, 14).getTime();
    expect(asked).toEqual({ limit: "100", before: "41", from: String(from), to: String(from + 3_600_000), kind: "sign-in", subject: "technician:li", object: "seat:3", refused: "true" });
  });
});

describe("telling it", () => {
  test.each([
    ["security-administrator:li", `${t.words.kinds.role.security_administrator} li`],
    ["member:BS-1:3", t.administrator.audit.parties.member("BS-1", "3")],
    ["workstation:4:ab12", t.administrator.audit.parties.workstation("4")],
    ["daemon", t.administrator.audit.parties.daemon],
    ["command:suspend-session:77", t.administrator.audit.parties.command(t.words.actions.suspend_session)],
    ["route:/api/accounts/{account}", "/api/accounts/{account}"],
    ["something-new:5", "something-new:5"],
    ["", ""],
  ])("%s", (written, told) => expect(party(t, written)).toBe(told));

  test("each way of tampering has its sentence, an unknown one is shown as it is", () => {
    expect(faultText(t, "row 12 was changed")).toBe(t.administrator.verify.changed(12));
    expect(faultText(t, "row 3 is missing, or others stand before it that were not written there")).toBe(t.administrator.verify.missing(3));
    expect(faultText(t, "the trail does not end as it was written: after row 9 something was cut off or added")).toBe(t.administrator.verify.wrongEnd(9));
    expect(faultText(t, "the key is gone")).toBe("the key is gone");
  });
});
