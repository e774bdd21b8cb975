// Owns the technician's dialogs: which one is open, and what each asks for.
import { Radio } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { AskDialog, Dialog, NoteDialog, TypedDialog } from "../../parts/dialogs";
import type { Give } from "../../parts/notice";
import type { LeavingReason, RoomView, SuspensionCause } from "../../wire";
import { GateDialog } from "./gate";
import { ImportDialog } from "./import";
import { PlanDialog } from "./plan";

export type Open =
  | { is: "plan"; change: boolean }
  | { is: "import"; replaces?: number }
  | { is: "gate"; member?: number }
  | { is: "suspend" | "outage" | "break" | "overnight" | "seal" | "abort" }
  | { is: "absence" | "leaving"; member: number }
  | { is: "revoke"; seat: number }
  | { is: "explain"; gap: number };

export function TechnicianDialogs({ open, view, names, give, onClose }: { open: Open; view: RoomView; names: Names; give: Give; onClose: () => void }) {
  const t = useT();
  const session = view.session ?? null;
  switch (open.is) {
    case "plan":
      return <PlanDialog view={view} change={open.change} onClose={onClose} />;
    case "import":
      return session === null ? null : <ImportDialog session={session} replaces={open.replaces} names={names} onClose={onClose} />;
    case "gate":
      return session === null ? null : <GateDialog session={session} member={open.member} names={names} onClose={onClose} />;
    case "suspend":
      return <SuspendDialog give={give} onClose={onClose} />;
    case "outage":
      return <NoteDialog title={t.tech.outageForm.title} label={t.tech.outageForm.cause} text={t.tech.outageForm.help} act={t.words.actions.declare_outage} onClose={onClose} run={(cause) => give({ type: "declare_outage", cause })} />;
    case "break":
      return <BreakDialog give={give} onClose={onClose} />;
    case "overnight":
      return <AskDialog title={t.tech.overnightForm.title} text={t.tech.overnightForm.help} act={t.words.actions.begin_overnight} onClose={onClose} run={() => give({ type: "begin_overnight" })} />;
    case "absence":
      return <AskDialog title={`${t.tech.recordAbsence} · ${names.member(open.member)}`} text={t.words.alarms.member_missing({ kind: "member_missing", member: open.member }, names).todo} act={t.tech.recordAbsence} danger onClose={onClose} run={() => give({ type: "record_absence", member: open.member })} />;
    case "leaving":
      return <LeavingDialog member={open.member} names={names} give={give} onClose={onClose} />;
    case "revoke":
      return <AskDialog title={`${t.tech.enrolForm.revoke} · ${t.common.seat(open.seat)}`} text={t.tech.enrolForm.revokeHelp} act={t.tech.enrolForm.revoke} danger onClose={onClose} run={() => give({ type: "revoke_workstation", seat: open.seat })} />;
    case "explain":
      return <ExplainDialog gap={open.gap} view={view} names={names} give={give} onClose={onClose} />;
    case "seal": {
      if (session === null) return null;
      const unexplained = session.gaps.filter((gap) => gap.explanations.length === 0).length;
      const warning = session.kind === "rehearsal" ? t.tech.sealForm.rehearsal : unexplained > 0 ? t.tech.sealForm.gaps(unexplained) : undefined;
      return <TypedDialog title={t.tech.sealForm.title} text={t.tech.sealForm.text} warning={warning} id={session.id} typedLabel={t.tech.sealForm.typed(session.id)} label={t.words.actions.seal_session} onClose={onClose} run={(typed) => give({ type: "seal_session", typed })} />;
    }
    case "abort":
      return session === null ? null : (
        <TypedDialog title={t.tech.abortForm.title} text={t.tech.abortForm.text} id={session.id} typedLabel={t.tech.abortForm.typed(session.id)} reasonLabel={t.tech.abortForm.reason} label={t.words.actions.abort_session} onClose={onClose} run={(typed, reason) => give({ type: "abort_session", typed, reason })} />
      );
  }
}

function SuspendDialog({ give, onClose }: { give: Give; onClose: () => void }) {
  const t = useT();
  const [cause, setCause] = useState<SuspensionCause>("outage");
  const causes: SuspensionCause[] = ["outage", "committee", "other"];
  return (
    <NoteDialog title={t.tech.suspendForm.title} text={t.tech.suspendForm.help} label={t.tech.suspendForm.reason} act={t.words.actions.suspend_session} danger onClose={onClose} run={(reason) => give({ type: "suspend_session", cause, reason })}>
      <fieldset className="choices">
        <legend>{t.tech.suspendForm.cause}</legend>
        <Radio.Group value={cause} onChange={(event) => setCause(event.target.value as SuspensionCause)} options={causes.map((value) => ({ value, label: t.words.kinds.suspension[value] }))} />
      </fieldset>
    </NoteDialog>
  );
}

function BreakDialog({ give, onClose }: { give: Give; onClose: () => void }) {
  const t = useT();
  const [kind, setKind] = useState<"rest" | "meal">("rest");
  return (
    <Dialog title={t.tech.breakForm.title} onClose={onClose} act={{ label: kind === "rest" ? t.tech.breakForm.rest : t.tech.breakForm.meal, run: () => give({ type: "begin_break", kind }) }}>
      <p>{t.tech.breakForm.help}</p>
      <Radio.Group aria-label={t.tech.breakForm.title} value={kind} onChange={(event) => setKind(event.target.value as "rest" | "meal")} options={(["rest", "meal"] as const).map((value) => ({ value, label: t.words.kinds.break[value] }))} />
    </Dialog>
  );
}

function LeavingDialog({ member, names, give, onClose }: { member: number; names: Names; give: Give; onClose: () => void }) {
  const t = useT();
  const [reason, setReason] = useState<LeavingReason>("illness");
  const reasons: LeavingReason[] = ["illness", "emergency", "expelled", "finished"];
  return (
    <Dialog title={`${t.tech.recordLeaving} · ${names.member(member)}`} focusCancel onClose={onClose} act={{ label: t.tech.recordLeaving, danger: true, run: () => give({ type: "record_leaving", member, reason }) }}>
      <p>{t.seat.leaveHelp}</p>
      <fieldset className="choices">
        <legend>{t.tech.leavingReason}</legend>
        <Radio.Group value={reason} onChange={(event) => setReason(event.target.value as LeavingReason)} options={reasons.map((value) => ({ value, label: t.words.kinds.leaving[value] }))} />
      </fieldset>
    </Dialog>
  );
}

function ExplainDialog({ gap, view, names, give, onClose }: { gap: number; view: RoomView; names: Names; give: Give; onClose: () => void }) {
  const t = useT();
  const known = view.session?.gaps.find((g) => g.no === gap);
  const what = known === undefined ? undefined : `${names.feed(known.gap.feed)} · ${t.words.kinds.track[known.gap.track]} · ${t.words.kinds.gap[known.gap.cause]}`;
  return <NoteDialog title={t.tech.explainTitle(gap)} text={what} label={t.tech.explainText} act={t.common.save} onClose={onClose} run={(text) => give({ type: "explain_gap", gap, text })} />;
}
