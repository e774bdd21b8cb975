// Owns the list of phone lines: how each stands, whom it calls, and the button that tries a resting one again.
import { Button } from "antd";
import { span, useNow } from "../../clock";
import { useT } from "../../i18n";
import { Mark, type MarkLevel } from "../../parts/mark";
import type { Give } from "../../parts/notice";
import { Panel } from "../../parts/shell";
import type { LineView } from "../../wire";

export function Lines({ lines, role, give }: { lines: LineView[]; role: "technician" | "supervisor"; give: Give }) {
  const t = useT();
  const p = t.draw.page;
  const now = useNow();
  return (
    <Panel title={p.lines}>
      {lines.length === 0 && <p className="text-warn">{p.noLines}</p>}
      <ul className="phone-lines">
        {lines.map((line) => {
          const calling = line.calling;
          const said = calling == null ? (line.resting ? p.lineRests : line.state.state === "ready" ? p.lineIdle : t.draw.line(line.state)) : `${calling.taken ? p.lineTaken(calling.candidate == null ? p.stranger : t.draw.mask(calling.candidate)) : calling.candidate == null ? p.lineProbe : t.draw.mask(calling.candidate)} · ${span(now - calling.placed)}`;
          return (
            <li key={line.line}>
              <Mark level={levelOf(line)} />
              <strong>{line.line}</strong>
              <span>{said}{line.resting && line.last_fault != null ? ` · ${t.draw.end(line.last_fault)}` : ""}</span>
              {line.resting && role === "technician" && <Button size="small" onClick={() => void give({ type: "retry_line", line: line.line })}>{p.retryLine}</Button>}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function levelOf(line: LineView): MarkLevel {
  if (line.resting || line.state.state === "fault" || line.state.state === "auth_fault") return "bad";
  if (line.calling != null) return "info";
  return line.state.state === "ready" ? "ok" : "none";
}
