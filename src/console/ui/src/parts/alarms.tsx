// Owns the list of what needs somebody's eye: what is wrong, for how long, what to do, and the button for it.
import type { ReactNode } from "react";
import { span, useNow } from "../clock";
import { useT } from "../i18n";
import type { Names } from "../i18n/shape";
import { advice } from "../names";
import type { Alarm } from "../wire";
import { Mark } from "./mark";

/** A gap of a feed says more than its loss: one line for both. */
export function gathered(alarms: Alarm[]): Alarm[] {
  const gaps = new Set(alarms.flatMap(({ what }) => (what.kind === "recording_gap" ? [what.feed] : [])));
  return alarms.filter(({ what }) => !((what.kind === "feed_lost" || what.kind === "feed_absent") && gaps.has(what.feed)));
}

export function Alarms(props: { alarms: Alarm[]; names: Names; act?: (alarm: Alarm) => ReactNode; quiet: string }) {
  const t = useT();
  const now = useNow();
  const alarms = gathered(props.alarms);
  if (alarms.length === 0) {
    return <p className="all-well"><Mark level="ok" size={20} /> {props.quiet}</p>;
  }
  return (
    <ol className="alarms" tabIndex={0} aria-label={t.tech.todo}>
      {alarms.map((alarm) => {
        const { what, todo } = advice(t, alarm, props.names);
        const action = props.act?.(alarm);
        return (
          <li key={JSON.stringify(alarm.what)} className={`alarm alarm-${alarm.level}`}>
            <Mark level={alarm.level} size={20} />
            <div className="alarm-text">
              <p className="alarm-what"><strong>{what}</strong><time>{span(now - alarm.since)}</time></p>
              <p className="alarm-todo">{todo}</p>
            </div>
            {action != null && <div className="alarm-act">{action}</div>}
          </li>
        );
      })}
    </ol>
  );
}
