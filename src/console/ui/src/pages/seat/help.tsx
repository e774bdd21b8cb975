// Owns the calls for help.
import { Button } from "antd";
import { useT } from "../../i18n";
import { button, names as namesOf, refusalText } from "../../names";
import { Mark } from "../../parts/mark";
import type { Give } from "../../parts/notice";
import type { SeatPageView } from "../../wire";

export function HelpPanel({ view, give }: { view: SeatPageView; give: Give }) {
  const t = useT();
  const can = button(view.actions, "call_for_help");
  const why = can?.refusal == null ? undefined : refusalText(t, can.refusal, namesOf(t, {}));
  return (
    <section className="panel help-panel" aria-label={t.seat.help}>
      <div className="panel-head"><h2>{t.seat.help}</h2></div>
      {view.help != null ? (
        <p className="help-called" role="status"><Mark level="warn" size={20} /> {t.seat.helpWaiting(t.words.kinds.help[view.help.kind])}</p>
      ) : (
        <div className="help-buttons">
          {(["technical", "supervisor", "unwell"] as const).map((kind) => (
            <Button key={kind} block danger={kind === "unwell"} disabled={can?.allowed !== true} title={why} onClick={() => void give({ type: "call_for_help", kind })}>
              {t.words.kinds.help[kind]}
            </Button>
          ))}
          {why !== undefined && <p className="help">{why}</p>}
        </div>
      )}
    </section>
  );
}
