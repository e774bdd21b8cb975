// Owns the form that gives an evaluation policies of its own, the same at all its venues.
import { Checkbox, Input, Radio } from "antd";
import { useEffect, useState } from "react";
import { request } from "../../api";
import { useT } from "../../i18n";
import { Dialog, Field } from "../../parts/dialogs";
import { useAttempt } from "../../parts/notice";
import type { Evaluation, Policies } from "../../wire";

const MINUTE = 60_000;
const YEAR = 366 * 24 * 60 * MINUTE;
const SPANS = ["grace", "outage_before_start", "outage_in_session", "rest_every", "break_overdue", "help_overdue"] as const;
const TIME = /^([01]?\d|2[0-3])[:\uff1a]([0-5]\d)$/;

const two = (value: number) => String(value).padStart(2, "0");
const shown = (time: number): string => `${two(Math.floor(time / 60))}:${two(time % 60)}`;

/** `21:00` as minutes of the day; NaN where it is none. */
export function timeOf(text: string): number {
  const found = TIME.exec(text.trim());
  return found === null ? Number.NaN : Number(found[1]) * 60 + Number(found[2]);
}

/** Begins with the evaluation's own policies, else with those by which its main venue runs, else with the product's. */
export function PoliciesDialog({ evaluation, usual, onClose }: { evaluation: Evaluation; usual: Policies; onClose: () => void }) {
  const main = evaluation.venues[0]?.room;
  const [of, setOf] = useState<{ policies: Policies; from: "own" | "room" | "usual" } | null>(evaluation.policies == null ? null : { policies: evaluation.policies, from: "own" });
  useEffect(() => {
    if (of !== null) return;
    request<Policies>(`/api/rooms/${main}/policies`).then(
      (policies) => setOf({ policies, from: "room" }),
      // a room that has not said yet by which policies it runs
      () => setOf({ policies: usual, from: "usual" }),
    );
  }, [of, main, usual]);
  return of === null ? null : <Form evaluation={evaluation} begun={of.policies} from={of.from} onClose={onClose} />;
}

function Form({ evaluation, begun, from, onClose }: { evaluation: Evaluation; begun: Policies; from: "own" | "room" | "usual"; onClose: () => void }) {
  const t = useT();
  const p = t.city.policies;
  const attempt = useAttempt();
  const [own, setOwn] = useState(evaluation.policies != null);
  const [least, setLeast] = useState(String(begun.committee_min));
  const [odd, setOdd] = useState(begun.committee_odd);
  const [share, setShare] = useState(begun.expert_share.join("/"));
  const [chair, setChair] = useState(begun.chair_is_expert);
  const [spans, setSpans] = useState(() => Object.fromEntries(SPANS.map((key) => [key, String(begun[key] / MINUTE)])) as Record<(typeof SPANS)[number], string>);
  const [lock, setLock] = useState(begun.overnight_lock == null ? "" : shown(begun.overnight_lock));
  const [meals, setMeals] = useState(begun.meals.map(shown).join(" "));
  const [years, setYears] = useState(begun.retention == null ? "" : String(Math.round(begun.retention / YEAR)));
  const [part, whole] = share.split("/").map(Number);
  const mealTimes = meals.split(/[\s,\uff0c\u3001]+/).filter((text) => text !== "").map(timeOf);
  const wrong = {
    least: !(Number(least) >= 1 && Number(least) <= 99),
    share: !(Number(part) >= 0 && Number(whole) >= 1 && Number(part) <= Number(whole)),
    lock: lock.trim() !== "" && Number.isNaN(timeOf(lock)),
    meals: mealTimes.some(Number.isNaN),
    years: years.trim() !== "" && !(Number(years) >= 1),
    spans: SPANS.filter((key) => !(Number(spans[key]) > 0)),
  };
  const complete = !own || !(wrong.least || wrong.share || wrong.lock || wrong.meals || wrong.years || wrong.spans.length > 0);
  const policies = (): Policies => ({
    ...begun,
    committee_min: Number(least),
    committee_odd: odd,
    expert_share: [Number(part), Number(whole)],
    chair_is_expert: chair,
    ...(Object.fromEntries(SPANS.map((key) => [key, Math.round(Number(spans[key]) * MINUTE)])) as Pick<Policies, (typeof SPANS)[number]>),
    overnight_lock: lock.trim() === "" ? null : timeOf(lock),
    meals: mealTimes,
    retention: years.trim() === "" ? null : Math.round(Number(years) * YEAR),
  });
  const send = () => attempt(() => request(`/api/evaluations/${evaluation.id}/policies`, { body: { policies: own ? policies() : null } }), p.sent);
  return (
    <Dialog title={p.title(evaluation.id)} onClose={onClose} width={720} act={{ label: t.city.send, disabled: !complete, run: send }}>
      <p className="help">{p.help} {p.from[from]}</p>
      <fieldset className="choices">
        <legend>{p.whose}</legend>
        <Radio.Group value={own} onChange={(event) => setOwn(event.target.value as boolean)} options={[{ value: false, label: p.rooms }, { value: true, label: p.own }]} />
      </fieldset>
      {own && (
        <>
          <div className="row-3">
            <Field label={p.least} error={wrong.least ? p.number : undefined}>{(id) => <Input id={id} type="number" min={1} value={least} onChange={(event) => setLeast(event.target.value)} />}</Field>
            <Field label={p.share} error={wrong.share ? p.shareHelp : undefined}>{(id) => <Input id={id} value={share} onChange={(event) => setShare(event.target.value)} />}</Field>
            <Field label={p.years} help={p.yearsHelp} error={wrong.years ? p.number : undefined}>{(id) => <Input id={id} type="number" min={1} value={years} onChange={(event) => setYears(event.target.value)} />}</Field>
          </div>
          <div className="checks">
            <Checkbox checked={odd} onChange={(event) => setOdd(event.target.checked)}>{p.odd}</Checkbox>
            <Checkbox checked={chair} onChange={(event) => setChair(event.target.checked)}>{p.chair}</Checkbox>
          </div>
          <div className="row-3">
            {SPANS.map((key) => (
              <Field key={key} label={p.spans[key]} error={wrong.spans.includes(key) ? p.number : undefined}>
                {(id) => <Input id={id} type="number" min={1} suffix={p.minutes} value={spans[key]} onChange={(event) => setSpans((all) => ({ ...all, [key]: event.target.value }))} />}
              </Field>
            ))}
          </div>
          <div className="row-2">
            <Field label={p.lock} help={p.lockHelp} error={wrong.lock ? p.time : undefined}>{(id) => <Input id={id} value={lock} onChange={(event) => setLock(event.target.value)} />}</Field>
            <Field label={p.meals} help={p.mealsHelp} error={wrong.meals ? p.time : undefined}>{(id) => <Input id={id} value={meals} onChange={(event) => setMeals(event.target.value)} />}</Field>
          </div>
        </>
      )}
    </Dialog>
  );
}
