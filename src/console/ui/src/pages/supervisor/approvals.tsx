// Owns the buttons beside what waits for the supervisor.
import { Button } from "antd";
import type { ReactNode } from "react";
import type { Dictionary } from "../../i18n";
import type { Give } from "../../parts/notice";
import type { Alarm } from "../../wire";
import type { Asked } from "./dialogs";

export function approvalButtons(t: Dictionary, alarm: Alarm, give: Give, ask: (asked: Asked) => void): ReactNode {
  const { what } = alarm;
  switch (what.kind) {
    case "member_missing":
      return <Button size="small" onClick={() => void give({ type: "excuse_lateness", member: what.member })}>{t.wall.excuse}</Button>;
    case "replacement_waits":
      return what.approved ? null : <Button size="small" onClick={() => void give({ type: "approve_replacement", member: what.member })}>{t.wall.approve}</Button>;
    case "conflict_waits":
      return <Button size="small" type="primary" onClick={() => ask({ is: "rule", member: what.member })}>{t.wall.rule}</Button>;
    case "relayed":
      return <Button size="small" danger onClick={() => void give({ type: "end_relay", relay: what.relay })}>{t.common.stopRelay}</Button>;
    case "recording_gap":
      return <Button size="small" onClick={() => ask({ is: "explain", gap: what.gap })}>{t.tech.explain}</Button>;
    case "help":
    case "break_due":
    case "equipment":
    case "feed_lost":
    case "feed_absent":
    case "outage_lasts":
    case "outage_expired":
      return null;
  }
}
