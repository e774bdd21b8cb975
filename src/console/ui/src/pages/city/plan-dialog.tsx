// Owns the form that plans an evaluation over venues and seats: what is free where at that time stands beside each room.
import { Input, Radio } from "antd";
import { useState } from "react";
import { request } from "../../api";
import { boxNow, localOf, momentOf } from "../../clock";
import { useT } from "../../i18n";
import { Dialog, Field } from "../../parts/dialogs";
import { useAttempt } from "../../parts/notice";
import type { BoardRoom, BoardView, SessionKind } from "../../wire";

const HOUR = 3600_000;

interface Chosen {
  experts: string;
  representatives: string;
}

export function PlanDialog({ view, onClose }: { view: BoardView; onClose: () => void }) {
  const t = useT();
  const f = t.tech.planForm;
  const attempt = useAttempt();
  const [id, setId] = useState("");
  const [kind, setKind] = useState<SessionKind>("real");
  const [start, setStart] = useState(() => localOf(Math.ceil((boxNow() + 24 * HOUR) / (HOUR / 2)) * (HOUR / 2)));
  const [hours, setHours] = useState("4");
  const [main, setMain] = useState<string | null>(null);
  const [chosen, setChosen] = useState<Record<string, Chosen>>({});
  const wellFormed = /^[A-Za-z0-9-]{1,40}$/.test(id);
  const [from, expected] = [momentOf(start), Math.round(Number(hours) * HOUR)];
  const venues = view.rooms
    .map((room) => ({ room: room.id, experts: Number(chosen[room.id]?.experts ?? 0), tenderer_representatives: Number(chosen[room.id]?.representatives ?? 0) }))
    .filter((venue) => venue.experts + venue.tenderer_representatives > 0)
    .sort((a, b) => Number(b.room === main) - Number(a.room === main));
  const complete = wellFormed && !Number.isNaN(from) && expected > 0 && venues.length > 0 && (venues.length === 1 || venues.some((venue) => venue.room === main));
  const choose = (room: string, change: Partial<Chosen>) => {
    setChosen((all) => ({ ...all, [room]: { experts: "", representatives: "", ...all[room], ...change } }));
    if (main === null) setMain(room);
  };
  const send = () => attempt(() => request("/api/evaluations", { body: { id, kind, start: from, expected, venues, policies: null } }), t.city.sent);
  return (
    <Dialog title={t.city.planTitle} onClose={onClose} width={880} act={{ label: t.city.send, disabled: !complete, run: send }}>
      <p className="help">{t.city.planHelp}</p>
      <Field label={f.id} help={f.idHelp} error={id !== "" && !wellFormed ? f.idHelp : undefined}>
        {(field) => <Input id={field} value={id} onChange={(event) => setId(event.target.value)} autoComplete="off" spellCheck={false} />}
      </Field>
      <fieldset className="choices">
        <legend>{f.kind}</legend>
        <Radio.Group value={kind} onChange={(event) => setKind(event.target.value as SessionKind)} options={(["real", "rehearsal"] as const).map((value) => ({ value, label: t.words.kinds.session[value] }))} />
      </fieldset>
      <div className="row-2">
        <Field label={f.start}>{(field) => <Input id={field} type="datetime-local" value={start} onChange={(event) => setStart(event.target.value)} />}</Field>
        <Field label={f.expected}>{(field) => <Input id={field} type="number" min={0.5} step={0.5} value={hours} onChange={(event) => setHours(event.target.value)} />}</Field>
      </div>
      <table className="venues">
        <thead><tr><th scope="col">{t.city.venue}</th><th scope="col">{t.city.main}</th><th scope="col">{t.city.experts}</th><th scope="col">{t.city.representatives}</th></tr></thead>
        <tbody>
          {view.rooms.map((room) => {
            const held = heldBy(room, from, expected);
            const name = room.state?.name ?? room.id;
            return (
              <tr key={room.id}>
                <th scope="row">{name} <span className={held === null ? "text-muted" : "text-warn"}>{held !== null ? t.city.occupied(held) : room.state == null ? t.city.noState : t.city.free(room.state.seats)}</span></th>
                <td><Radio checked={main === room.id} onChange={() => setMain(room.id)} aria-label={`${t.city.main} ${name}`} /></td>
                <td><Input type="number" min={0} max={room.state?.seats ?? 99} disabled={held !== null} value={chosen[room.id]?.experts ?? ""} onChange={(event) => choose(room.id, { experts: event.target.value })} aria-label={`${t.city.experts} ${name}`} /></td>
                <td><Input type="number" min={0} max={room.state?.seats ?? 99} disabled={held !== null} value={chosen[room.id]?.representatives ?? ""} onChange={(event) => choose(room.id, { representatives: event.target.value })} aria-label={`${t.city.representatives} ${name}`} /></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Dialog>
  );
}

/** The session that holds a room in a stretch of time; the seats are shared by none. */
export function heldBy(room: BoardRoom, from: number, expected: number): string | null {
  const other = room.state?.sessions.find((session) => session.start < from + expected && from < session.start + session.expected);
  return other?.id ?? null;
}
