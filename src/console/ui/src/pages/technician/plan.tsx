// Owns the form that plans a session, or changes its plan.
import { Input, Radio, Select } from "antd";
import { useState } from "react";
import { give } from "../../api";
import { boxNow, localOf, momentOf } from "../../clock";
import { useT } from "../../i18n";
import { Dialog, Field } from "../../parts/dialogs";
import { useAttempt } from "../../parts/notice";
import type { RoomView, RuleSet, SessionKind } from "../../wire";

const HOUR = 3600_000;

export function PlanDialog({ view, change, onClose }: { view: RoomView; change: boolean; onClose: () => void }) {
  const t = useT();
  const f = t.tech.planForm;
  const attempt = useAttempt();
  const old = change ? view.session : null;
  const [id, setId] = useState<string>(old?.id ?? "");
  const [kind, setKind] = useState<SessionKind>(old?.kind ?? "real");
  const [start, setStart] = useState(() => localOf(old?.start ?? Math.ceil((boxNow() + HOUR) / (HOUR / 2)) * (HOUR / 2)));
  const [hours, setHours] = useState(String((old?.expected ?? 4 * HOUR) / HOUR));
  const [experts, setExperts] = useState(String(old?.planned.experts ?? 5));
  const [representatives, setRepresentatives] = useState(String(old?.planned.tenderer_representatives ?? 0));
  const [rules, setRules] = useState<RuleSet | "room">(old?.planned.rules ?? "room");
  const wellFormed = /^[A-Za-z0-9-]{1,40}$/.test(id);
  const complete = wellFormed && start !== "" && Number(hours) > 0 && Number(experts) > 0 && Number(representatives) >= 0;
  const save = () => {
    const plan = {
      id,
      kind,
      start: momentOf(start),
      expected: Math.round(Number(hours) * HOUR),
      experts: Number(experts),
      tenderer_representatives: Number(representatives),
      rules: rules === "room" ? null : rules,
      policies: null,
    };
    return attempt(() => give(change ? { type: "change_plan", plan } : { type: "plan_session", plan }, id));
  };
  return (
    <Dialog title={change ? t.tech.changePlan : f.title} onClose={onClose} width={640} act={{ label: f.submit, disabled: !complete, run: save }}>
      <Field label={f.id} help={f.idHelp} error={id !== "" && !wellFormed ? f.idHelp : undefined}>
        {(field) => <Input id={field} value={id} disabled={change} onChange={(event) => setId(event.target.value)} autoComplete="off" spellCheck={false} />}
      </Field>
      <fieldset className="choices">
        <legend>{f.kind}</legend>
        <Radio.Group value={kind} onChange={(event) => setKind(event.target.value as SessionKind)} options={(["real", "rehearsal"] as const).map((value) => ({ value, label: t.words.kinds.session[value] }))} />
        <p className="help">{f.kindHelp}</p>
      </fieldset>
      <div className="row-2">
        <Field label={f.start}>{(field) => <Input id={field} type="datetime-local" value={start} onChange={(event) => setStart(event.target.value)} />}</Field>
        <Field label={f.expected}>{(field) => <Input id={field} type="number" min={0.5} step={0.5} value={hours} onChange={(event) => setHours(event.target.value)} />}</Field>
      </div>
      <Field label={f.rules} help={f.rulesHelp}>
        {(field) => <Select id={field} value={rules} onChange={setRules} options={(["room", "tendering", "procurement", "procurement_large", "negotiation"] as const).map((value) => ({ value, label: f.ruleSets[value] }))} />}
      </Field>
      <div className="row-2">
        <Field label={f.experts}>{(field) => <Input id={field} type="number" min={1} max={view.seats.length} value={experts} onChange={(event) => setExperts(event.target.value)} />}</Field>
        <Field label={f.representatives}>{(field) => <Input id={field} type="number" min={0} max={view.seats.length} value={representatives} onChange={(event) => setRepresentatives(event.target.value)} />}</Field>
      </div>
    </Dialog>
  );
}
