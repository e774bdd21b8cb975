// Owns what technician and supervisor may do: each step of the protocol, pause, resume, stop, withdrawals.
import { Button } from "antd";
import { dayTime } from "../../clock";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { button, refusalText } from "../../names";
import type { Give } from "../../parts/notice";
import { Panel } from "../../parts/shell";
import type { Action, ConveningView } from "../../wire";
import type { Open } from "./dialogs";

interface Props {
  session: ConveningView;
  role: "technician" | "supervisor";
  names: Names;
  give: Give;
  onOpen: (open: Open) => void;
}

export function Operations({ session, role, names, give, onOpen }: Props) {
  const t = useT();
  const p = t.draw.page;
  const draw = session.draw;
  const callout = session.callout;
  const order = session.order;
  const planned = session.phase === "planned";
  const fresh = draw == null || draw.stage === "aborted";
  const withdrawing = callout?.candidates.filter((one) => one.standing === "withdrawing") ?? [];
  const why = callout?.pause == null ? null : callout.pause.kind === "ordered" ? p.paused(callout.pause.reason) : p.silence(callout.pause.unanswered, callout.pause.of);
  return (
    <Panel title={p.operations} aside={callout == null ? undefined : p.stage[callout.stage]}>
      <div className="draw-operations">
        {draw != null && draw.stage !== "aborted" && <p>{p.notice[session.notice.notice]}</p>}
        {why !== null && <p className="text-warn" role="status">{why}</p>}
        {callout?.stopped != null && <p className="text-warn">{callout.stopped}</p>}
        {order != null && (
          <p role="status">
            {p.arrived(dayTime(order.since))}
            <span className="draw-digest">SHA-256 <code>{order.sha256.slice(0, 16)}…</code></span>
          </p>
        )}
        {order != null && role === "technician" && planned && <Button type="primary" block onClick={() => onOpen("take")}>{p.take}</Button>}
        {role === "technician" && fresh && planned && <Button type={order == null ? "primary" : "default"} block onClick={() => onOpen("prepare")}>{p.prepare}</Button>}
        {role === "supervisor" && draw?.stage === "prepared" && draw.given != null && <Button type="primary" block onClick={() => void give({ type: "accept_given_order" })}>{p.acceptOrder}</Button>}
        {role === "supervisor" && draw?.stage === "prepared" && draw.given == null && <Button type="primary" block onClick={() => onOpen("commit")}>{p.commit}</Button>}
        {role === "supervisor" && (draw?.stage === "countersigned" || (draw?.stage === "committed" && draw.hub == null)) && <Button type="primary" block onClick={() => onOpen("reveal")}>{p.reveal}</Button>}
        {role === "supervisor" && withdrawing.map(({ candidate }) => (
          <div key={candidate} className="draw-ruling">
            <span>{t.draw.mask(candidate)}{t.words.comma}{t.draw.standings.withdrawing}</span>
            <Button size="small" onClick={() => void give({ type: "rule_on_withdrawal", candidate, granted: true })}>{p.grant}</Button>
            <Button size="small" onClick={() => void give({ type: "rule_on_withdrawal", candidate, granted: false })}>{p.refuse}</Button>
          </div>
        ))}
        {role === "technician" && callout?.candidates.some((one) => one.standing === "accepted") === true && <Button block onClick={() => onOpen("withdraw")}>{p.withdraw}</Button>}
        <Act session={session} action="resume_call_out" names={names} run={() => void give({ type: "resume_call_out" })} />
        <Act session={session} action="pause_call_out" names={names} run={() => onOpen("pause")} />
        {callout?.single_line === false && <Act session={session} action="allow_single_line" names={names} run={() => onOpen("single")} />}
        <Act session={session} action="abort_draw" names={names} run={() => onOpen("abort")} danger />
        <Act session={session} action="stop_call_out" names={names} run={() => onOpen("stop")} danger />
        <p className="help">{p.rule}</p>
      </div>
    </Panel>
  );
}

/** Codes that say that the button has no place here now, rather than that it is not allowed. */
const NO_PLACE = new Set(["no_call_out", "no_draw", "wrong_draw_stage", "not_paused", "call_out_rests", "already_done"]);

function Act({ session, action, names, run, danger }: { session: ConveningView; action: Action; names: Names; run: () => void; danger?: boolean }) {
  const t = useT();
  const found = button(session.actions, action);
  if (found === undefined || (found.refusal != null && NO_PLACE.has(found.refusal.code))) return null;
  return (
    <div>
      <Button block danger={danger} disabled={!found.allowed} onClick={run}>{t.words.actions[action]}</Button>
      {found.refusal != null && <p className="help">{refusalText(t, found.refusal, names)}</p>}
    </div>
  );
}
