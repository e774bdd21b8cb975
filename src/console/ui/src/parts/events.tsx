// Owns the list of what happened, in sentences, newest first.
import { timeOfDay } from "../clock";
import { useT } from "../i18n";
import type { Names } from "../i18n/shape";
import { actorName, told } from "../names";
import type { Line } from "../wire";
import { Empty } from "./shell";
import { Mark, type MarkLevel } from "./mark";

export function Events({ lines, names }: { lines: Line[]; names: Names }) {
  const t = useT();
  if (lines.length === 0) return <Empty title={t.tech.noEvents} />;
  return (
    <ol className="events" tabIndex={0} aria-label={t.tech.tabs.events}>
      {lines.map((line) => {
        const { what, level } = told(t, line.event, names);
        const mark: MarkLevel = level === "good" ? "ok" : (level ?? "info");
        return (
          <li key={line.seq} className={`event event-${mark}`}>
            <time>{timeOfDay(line.at)}</time>
            <Mark level={mark} />
            <span>
              <span className="event-what">{what}</span>
              {line.actor.role !== "daemon" && <span className="event-who">{actorName(t, line.actor, names)}</span>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
