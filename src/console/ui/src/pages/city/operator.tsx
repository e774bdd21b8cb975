// Owns what waits for the operator: boxes that ask for a room's place; and what was not believed.
import { Button } from "antd";
import { useState } from "react";
import { request } from "../../api";
import { dayTime } from "../../clock";
import { useT } from "../../i18n";
import { AskDialog } from "../../parts/dialogs";
import { Mark } from "../../parts/mark";
import { useAttempt } from "../../parts/notice";
import { Empty, Panel } from "../../parts/shell";
import type { BoardView, WaitingBox } from "../../wire";

export function Waiting({ view, operator }: { view: BoardView; operator: boolean }) {
  const t = useT();
  const attempt = useAttempt();
  const [asked, setAsked] = useState<WaitingBox | null>(null);
  return (
    <Panel title={t.city.waiting}>
      <ul className="waiting-list">
        {view.waiting.map((box) => (
          <li key={box.box}>
            <Mark level="warn" />
            <span>{t.city.waitingText(box.room, box.box.slice(0, 12))}</span>
            {operator && <Button size="small" onClick={() => setAsked(box)}>{t.city.admit}</Button>}
          </li>
        ))}
      </ul>
      {asked !== null && (
        <AskDialog
          title={t.city.admit}
          text={t.city.admitText(asked.room)}
          act={t.city.admitAct}
          danger
          onClose={() => setAsked(null)}
          run={() => attempt(() => request(`/api/rooms/${asked.room}/box`, { body: { box: asked.box } }))}
        />
      )}
    </Panel>
  );
}

export function Refused({ view }: { view: BoardView }) {
  const t = useT();
  if (view.trail.length === 0) return <Empty title={t.city.noTrail} />;
  return (
    <ul className="trail-list" tabIndex={0} aria-label={t.city.trail}>
      {view.trail.map((line, place) => (
        <li key={`${line.at}-${place}`}><time>{dayTime(line.at)}</time> {line.room ?? ""} {t.city.refusedWhat[line.what] ?? line.what}{t.words.stop}{t.city.refusedWhy[line.reason] ?? line.reason}</li>
      ))}
    </ul>
  );
}
