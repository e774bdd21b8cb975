// Owns the form that plans an evaluation over venues and seats, or changes one: what is free where at that time stands beside each room.
import { Input, Radio, Select } from "antd";
import { useState } from "react";
import { request } from "../../api";
import { boxNow, localOf, momentOf } from "../../clock";
import { useT } from "../../i18n";
import { Dialog, Field } from "../../parts/dialogs";
import { useAttempt } from "../../parts/notice";
import type { BoardRoom, BoardView, Evaluation, RuleSet, SessionKind } from "../../wire";

const HOUR = 3600_000;

interface Chosen {
  experts: string;
  representatives: string;
}

const chosenIn = (old?: Evaluation): Record<string, Chosen> =>
  Object.fromEntries((old?.venues ?? []).map((venue) => [venue.room, { experts: String(venue.experts), representatives: String(venue.tenderer_representatives) }]));

export function PlanDialog({ view, change, onClose }: { view: BoardView; change?: Evaluation; onClose: () => void }) {
  const t = useT();
  const f = t.tech.planForm;
  const attempt = useAttempt();
  const [id, setId] = useState<string>(change?.id ?? "");
  const [kind, setKind] = useState<SessionKind>(change?.kind ?? "real");
  const [rules, setRules] = useState<RuleSet | "room">(change?.rules ?? "room");
  const [start, setStart] = useState(() => localOf(change?.start ?? Math.ceil((boxNow() + 24 * HOUR) / (HOUR / 2)) * (HOUR / 2)));
  const [hours, setHours] = useState(String((change?.expected ?? 4 * HOUR) / HOUR));
  const [main, setMain] = useState<string | null>(change?.venues[0]?.room ?? null);
  const [chosen, setChosen] = useState<Record<string, Chosen>>(() => chosenIn(change));
  const wellFormed = /^[A-Za-z0-9-]{1,40}$/.test(id);
  const taken = change === undefined && view.evaluations.some((known) => known.evaluation.id === id);
  const wrongId = taken ? t.city.idTaken : id !== "" && !wellFormed ? f.idHelp : undefined;
  const [from, expected] = [momentOf(start), Math.round(Number(hours) * HOUR)];
  const venues = view.rooms
    .map((room) => ({ room: room.id, experts: Number(chosen[room.id]?.experts ?? 0), tenderer_representatives: Number(chosen[room.id]?.representatives ?? 0) }))
    .filter((venue) => venue.experts + venue.tenderer_representatives > 0)
    .sort((a, b) => Number(b.room === main) - Number(a.room === main));
  const mainIsOne = venues.length <= 1 || venues.some((venue) => venue.room === main);
  const complete = wellFormed && !taken && !Number.isNaN(from) && expected > 0 && venues.length > 0 && mainIsOne;
  const choose = (room: string, set: Partial<Chosen>) => {
    setChosen((all) => ({ ...all, [room]: { experts: "", representatives: "", ...all[room], ...set } }));
    if (main === null) setMain(room);
  };
  const body = { id, kind, start: from, expected, venues, rules: rules === "room" ? null : rules, policies: change?.policies ?? null };
  const send = () => attempt(() => request(change === undefined ? "/api/evaluations" : `/api/evaluations/${id}/change`, { body }), change === undefined ? t.city.sent : t.city.changeSent);
  const people = venues.reduce((sum, venue) => sum + venue.experts + venue.tenderer_representatives, 0);
  return (
    <Dialog title={change === undefined ? t.city.planTitle : t.city.changeTitle(id)} onClose={onClose} width={880} act={{ label: t.city.send, disabled: !complete, run: send }}>
      <p className="help">{change === undefined ? t.city.planHelp : t.city.changeHelp}</p>
      <div className="row-2">
        <Field label={f.id} help={f.idHelp} error={wrongId}>
          {(field) => <Input id={field} value={id} disabled={change !== undefined} onChange={(event) => setId(event.target.value)} autoComplete="off" spellCheck={false} />}
        </Field>
        <fieldset className="choices">
          <legend>{f.kind}</legend>
          <Radio.Group value={kind} onChange={(event) => setKind(event.target.value as SessionKind)} options={(["real", "rehearsal"] as const).map((value) => ({ value, label: t.words.kinds.session[value] }))} />
        </fieldset>
      </div>
      <div className="row-3">
        <Field label={f.start}>{(field) => <Input id={field} type="datetime-local" value={start} onChange={(event) => setStart(event.target.value)} />}</Field>
        <Field label={f.expected}>{(field) => <Input id={field} type="number" min={0.5} step={0.5} value={hours} onChange={(event) => setHours(event.target.value)} />}</Field>
        <Field label={f.rules} help={t.city.rulesHelp}>
          {(field) => <Select id={field} value={rules} onChange={setRules} options={(["room", "tendering", "procurement", "procurement_large", "negotiation"] as const).map((value) => ({ value, label: value === "room" ? t.city.roomsRules : f.ruleSets[value] }))} />}
        </Field>
      </div>
      <div className="venue-list" tabIndex={0} role="group" aria-label={t.city.venue}>
        <table className="venues">
          <thead><tr><th scope="col">{t.city.venue}</th><th scope="col">{t.city.main}</th><th scope="col">{t.city.experts}</th><th scope="col">{t.city.representatives}</th></tr></thead>
          <tbody>
            {view.rooms.map((room) => {
              const held = heldBy(room, from, expected, change?.id);
              const name = room.state?.name ?? room.id;
              const seats = room.state?.seats;
              const mine = venues.find((venue) => venue.room === room.id);
              const tooMany = seats !== undefined && mine !== undefined && mine.experts + mine.tenderer_representatives > seats;
              const told = held !== null ? t.city.occupied(held) : seats === undefined ? t.city.noState : t.city.free(seats);
              return (
                <tr key={room.id}>
                  <th scope="row">{name} <span className={held !== null || tooMany ? "text-warn" : "text-muted"}>{told}{!room.online && `${t.words.comma}${t.city.offline}`}</span></th>
                  <td><Radio checked={main === room.id} onChange={() => setMain(room.id)} aria-label={`${t.city.main} ${name}`} /></td>
                  <td><Input type="number" min={0} max={seats ?? 99} disabled={held !== null} status={tooMany ? "error" : undefined} value={chosen[room.id]?.experts ?? ""} onChange={(event) => choose(room.id, { experts: event.target.value })} aria-label={`${t.city.experts} ${name}`} /></td>
                  <td><Input type="number" min={0} max={seats ?? 99} disabled={held !== null} status={tooMany ? "error" : undefined} value={chosen[room.id]?.representatives ?? ""} onChange={(event) => choose(room.id, { representatives: event.target.value })} aria-label={`${t.city.representatives} ${name}`} /></td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p className={mainIsOne ? "help" : "text-warn"} aria-live="polite">{mainIsOne ? t.city.committee(people, venues.length) : t.city.chooseMain}</p>
    </Dialog>
  );
}

/** The session that holds a room in a stretch of time, but for one; the seats are shared by none. */
export function heldBy(room: BoardRoom, from: number, expected: number, but?: string): string | null {
  const other = room.state?.sessions.find((session) => session.id !== but && session.start < from + expected && from < session.start + session.expected);
  return other?.id ?? null;
}
