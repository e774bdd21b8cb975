// Owns the steps of a member's day; which one it is follows from the view alone.
import { Button, Radio } from "antd";
import { useState } from "react";
import { hourMinute, span, useNow } from "../../clock";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { button, mask, refusalText } from "../../names";
import { AskDialog, Dialog } from "../../parts/dialogs";
import { Mark } from "../../parts/mark";
import type { Give } from "../../parts/notice";
import type { ConflictKind, Pledge, SeatPageView } from "../../wire";
import { CodeForm } from "./enrol";
import { BigButton } from ".";

interface StepProps {
  view: SeatPageView;
  names: Names;
  give: Give;
  onChanged: () => void;
}

export type StepName = "waiting" | "check_in" | "return" | "removed" | "left" | "over" | "conflict" | "pledges" | "suspended" | "overnight" | "ready" | "in_session" | "closing" | "leave";

/** Which step it is. */
export function stepOf(view: SeatPageView): StepName {
  const { session, me } = view;
  if (session == null) return "waiting";
  if (me == null) return session.phase === "sealed" || session.phase === "aborted" ? "over" : "check_in";
  if (me.presence === "removed" || me.presence === "replaced" || me.presence === "absent") return "removed";
  if (me.presence === "left") return "left";
  if (session.phase === "sealed" || session.phase === "aborted") return me.signed != null ? "leave" : "over";
  if (session.phase === "overnight") return me.returned ? "overnight" : "return";
  if (session.phase === "suspended") return "suspended";
  if (me.conflict != null && me.conflict.ruling == null) return "conflict";
  if (me.pledges.length < 2) return "pledges";
  if (session.phase === "in_session") return "in_session";
  if (session.phase === "closing") return me.signed == null ? "closing" : "leave";
  return "ready";
}

export function Step(props: StepProps) {
  const t = useT();
  const { view } = props;
  switch (stepOf(view)) {
    case "waiting":
      return <Plain title={t.seat.waitingTitle} text={t.seat.waitingHelp} />;
    case "check_in":
      return (
        <Plain title={t.seat.checkInTitle} text={t.seat.checkInHelp}>
          <CodeForm path="/api/check-in" label={t.seat.checkInCode} act={t.seat.checkIn} onDone={props.onChanged} />
        </Plain>
      );
    case "return":
      return (
        <Plain title={t.seat.overnightTitle} text={t.seat.overnightHelp} level="warn">
          <p>{t.seat.returnHelp}</p>
          <CodeForm path="/api/check-in" label={t.seat.checkInCode} act={t.seat.checkIn} onDone={props.onChanged} />
        </Plain>
      );
    case "overnight":
      return <Plain title={t.seat.overnightTitle} text={t.seat.returned} level="warn" />;
    case "removed":
      return <Plain title={t.seat.conflictTitle} text={t.seat.conflictRemoved} level="warn" />;
    case "left":
      return <Plain title={t.seat.leaveTitle} text={t.seat.left} />;
    case "over":
      return <Plain title={t.words.phases.sealed} text={t.seat.sealed} />;
    case "suspended":
      return <Plain title={t.seat.suspendedTitle} text={t.seat.suspendedHelp} level="warn" large />;
    case "conflict":
      return <Plain title={t.seat.conflictTitle} text={t.seat.conflictWaits} level="warn" />;
    case "pledges":
      return <Pledges {...props} />;
    case "ready":
      return <Plain title={t.words.phases[view.session?.phase ?? "ready"]} text={view.session?.phase === "ready" ? t.seat.ready : t.seat.waitOthers}><Colleagues {...props} /></Plain>;
    case "in_session":
      return <InSession {...props} />;
    case "closing":
      return <Report {...props} />;
    case "leave":
      return <Leave {...props} />;
  }
}

function Plain(props: { title: string; text: string; level?: "warn"; large?: boolean; children?: React.ReactNode }) {
  return (
    <section className={`panel step-panel ${props.level === undefined ? "" : `step-panel-${props.level}`} ${props.large === true ? "step-panel-large" : ""}`} aria-label={props.title}>
      <h2>{props.level === "warn" && <Mark level="warn" size={24} />} {props.title}</h2>
      <p className="step-lead">{props.text}</p>
      {props.children}
    </section>
  );
}

function Pledges({ view, names, give }: StepProps) {
  const t = useT();
  const [declaring, setDeclaring] = useState(false);
  const signed = view.me?.pledges ?? [];
  const open: Pledge = signed.includes("integrity") ? "recusal" : "integrity";
  const can = button(view.actions, "declare_conflict");
  return (
    <Plain title={t.seat.pledgeTitle} text="">
      <ol className="pledge-progress">
        {(["integrity", "recusal"] as const).map((pledge) => (
          <li key={pledge} aria-current={pledge === open ? "step" : undefined}>
            <Mark level={signed.includes(pledge) ? "ok" : "none"} /> {t.words.kinds.pledge[pledge]}{signed.includes(pledge) ? ` · ${t.seat.signed}` : ""}
          </li>
        ))}
      </ol>
      <article className="pledge" aria-label={t.words.kinds.pledge[open]}>
        <h3>{t.words.kinds.pledge[open]}</h3>
        {t.seat[open].map((line) => <p key={line}>{line}</p>)}
      </article>
      <BigButton label={t.seat.signPledge(t.words.kinds.pledge[open])} onClick={() => void give({ type: "sign_pledge", pledge: open })} />
      <Button onClick={() => setDeclaring(true)} disabled={can?.allowed === false} title={can?.refusal == null ? undefined : refusalText(t, can.refusal, names)}>{t.seat.conflictAsk}</Button>
      {declaring && <ConflictDialog give={give} onClose={() => setDeclaring(false)} />}
    </Plain>
  );
}

function ConflictDialog({ give, onClose }: { give: Give; onClose: () => void }) {
  const t = useT();
  const [kind, setKind] = useState<ConflictKind | null>(null);
  const kinds: ConflictKind[] = ["employer", "relative", "interest", "other"];
  return (
    <Dialog title={t.seat.conflictTitle} focusCancel onClose={onClose} act={{ label: t.words.actions.declare_conflict, danger: true, disabled: kind === null, run: () => (kind === null ? Promise.resolve(false) : give({ type: "declare_conflict", kind })) }}>
      <p>{t.seat.conflictHelp}</p>
      <Radio.Group className="radio-column" aria-label={t.seat.conflictTitle} value={kind} onChange={(event) => setKind(event.target.value as ConflictKind)} options={kinds.map((value) => ({ value, label: t.words.kinds.conflict[value] }))} />
    </Dialog>
  );
}

function InSession(props: StepProps) {
  const t = useT();
  const now = useNow();
  const { view, names, give } = props;
  const session = view.session;
  if (session == null) return null;
  const rest = session.current_break;
  const can = button(view.actions, "vote_for_chair");
  return (
    <>
      {rest != null ? (
        <Plain title={t.seat.break[rest.kind]} text={t.seat.breakHelp} level="warn" large><p className="big-clock">{span(now - rest.since)}</p></Plain>
      ) : (
        <Plain title={t.seat.inSession} text={t.seat.inSessionHelp}>
          {session.started != null && <p className="big-clock">{span(now - session.started)}</p>}
        </Plain>
      )}
      {session.chair == null && (
        <section className="panel step-panel" aria-label={t.seat.vote}>
          <h2>{t.seat.vote}</h2>
          <p>{t.seat.voteHelp}</p>
          <div className="vote-buttons">
            {session.colleagues.filter((c) => c.present && c.kind === "expert").map((colleague) => {
              const mine = view.my_vote === colleague.no;
              return (
                <Button key={colleague.no} className="big" type={mine ? "primary" : "default"} aria-pressed={mine} disabled={can?.allowed === false} title={can?.refusal == null ? undefined : refusalText(t, can.refusal, names)} onClick={() => void give({ type: "vote_for_chair", candidate: colleague.no })}>
                  {mask(t, colleague)}{colleague.no === view.me?.no ? ` · ${t.seat.meTag}` : ""}
                </Button>
              );
            })}
          </div>
          {view.my_vote != null && <p role="status">{t.seat.voted(names.member(view.my_vote))}</p>}
        </section>
      )}
      <Plain title={t.seat.colleagues} text={session.chair == null ? "" : t.seat.chair(names.member(session.chair))}><Colleagues {...props} /></Plain>
    </>
  );
}

function Colleagues({ view }: StepProps) {
  const t = useT();
  return (
    <ul className="colleagues">
      {(view.session?.colleagues ?? []).map((colleague) => (
        <li key={colleague.no}>
          <Mark level={colleague.signed || colleague.present ? "ok" : "none"} />
          <strong>{mask(t, colleague)}</strong>
          {colleague.no === view.me?.no && <span className="tag">{t.seat.meTag}</span>}
          <span>{colleague.signed ? t.seat.signedTag : colleague.present ? t.seat.present : t.seat.absent}</span>
        </li>
      ))}
    </ul>
  );
}

function Report(props: StepProps) {
  const t = useT();
  const { view, names, give } = props;
  const [dissenting, setDissenting] = useState(false);
  const can = button(view.actions, "sign_report");
  const why = can?.refusal == null ? undefined : refusalText(t, can.refusal, names);
  return (
    <Plain title={t.seat.reportTitle} text={t.seat.reportHelp}>
      <BigButton label={t.seat.signAgree} disabled={can?.allowed === false} why={why} onClick={() => void give({ type: "sign_report", dissent: false })} />
      <Button disabled={can?.allowed === false} onClick={() => setDissenting(true)}>{t.seat.signDissent}</Button>
      <Colleagues {...props} />
      {dissenting && <AskDialog title={t.seat.dissentTitle} text={t.seat.dissentHelp} act={t.seat.signDissent} danger onClose={() => setDissenting(false)} run={() => give({ type: "sign_report", dissent: true })} />}
    </Plain>
  );
}

function Leave(props: StepProps) {
  const t = useT();
  const { view, names, give } = props;
  const [asking, setAsking] = useState(false);
  const can = button(view.actions, "leave");
  const signed = view.me?.signed;
  return (
    <Plain title={t.seat.reportSigned} text={signed == null ? "" : hourMinute(signed)}>
      <p>{t.seat.leaveHelp}</p>
      <BigButton label={t.words.actions.leave} primary={false} danger disabled={can?.allowed === false} why={can?.refusal == null ? undefined : refusalText(t, can.refusal, names)} onClick={() => setAsking(true)} />
      <Colleagues {...props} />
      {asking && <AskDialog title={t.seat.leaveConfirm} text={t.seat.leaveHelp} act={t.words.actions.leave} danger onClose={() => setAsking(false)} run={() => give({ type: "leave" })} />}
    </Plain>
  );
}
