// Owns the button beside an alarm: what the technician himself can do about it.
import { Button } from "antd";
import type { ReactNode } from "react";
import type { Dictionary } from "../../i18n";
import type { Give } from "../../parts/notice";
import type { Alarm } from "../../wire";
import type { Open } from "./dialogs";

export function alarmButton(t: Dictionary, alarm: Alarm, give: Give, onOpen: (open: Open) => void): ReactNode {
  const { what } = alarm;
  switch (what.kind) {
    case "help":
      return <Button size="small" onClick={() => void give({ type: "answer_help", seat: what.seat })}>{t.tech.answerHelp}</Button>;
    case "member_missing":
      return <Button size="small" onClick={() => onOpen({ is: "absence", member: what.member })}>{t.tech.recordAbsence}</Button>;
    case "replacement_waits":
      return what.approved
        ? <Button size="small" onClick={() => onOpen({ is: "import", replaces: what.member })}>{t.tech.replace}</Button>
        : null;
    case "relayed":
      return <Button size="small" danger onClick={() => void give({ type: "end_relay", relay: what.relay })}>{t.common.stopRelay}</Button>;
    case "recording_gap":
      return <Button size="small" onClick={() => onOpen({ is: "explain", gap: what.gap })}>{t.tech.explain}</Button>;
    case "break_due":
      return <Button size="small" onClick={() => void give({ type: "begin_break", kind: what.of })}>{what.of === "meal" ? t.tech.breakForm.meal : t.tech.breakForm.rest}</Button>;
    case "outage_lasts":
    case "outage_expired":
    case "feed_lost":
    case "feed_absent":
    case "equipment":
    case "conflict_waits":
    case "line_down":
    case "line_fails":
    case "call_out_silent":
    case "call_out_overdue":
    case "pool_empty":
    case "notice_failed":
    case "withdrawal_waits":
    case "text_unsent":
    case "order_refused":
    case "archive_requested":
      return null;
    case "line_rests":
      return <Button size="small" onClick={() => void give({ type: "retry_line", line: what.line })}>{t.draw.page.retryLine}</Button>;
  }
}
