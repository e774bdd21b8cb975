// Owns the list of planned evaluations: where each venue stands with it, and the way to cancel one that has not begun.
import { Button } from "antd";
import { useState } from "react";
import { request } from "../../api";
import { dayTime, span } from "../../clock";
import { useT, type Dictionary } from "../../i18n";
import { names, refusalText } from "../../names";
import { TypedDialog } from "../../parts/dialogs";
import { Mark, type MarkLevel } from "../../parts/mark";
import { useAttempt } from "../../parts/notice";
import type { BoardView, VenueView } from "../../wire";

export function Plans({ view, operator }: { view: BoardView; operator: boolean }) {
  const t = useT();
  const attempt = useAttempt();
  const [cancelled, setCancelled] = useState<string | null>(null);
  const name = (id: string) => view.rooms.find((room) => room.id === id)?.state?.name ?? id;
  return (
    <>
      <ol className="plan-list" tabIndex={0} aria-label={t.city.plans}>
        {view.evaluations.map(({ evaluation, venues }) => (
          <li key={evaluation.id}>
            <div className="plan-head">
              <strong>{evaluation.id}</strong>
              <span>{dayTime(evaluation.start)} · {span(evaluation.expected)}</span>
              {operator && <Button size="small" onClick={() => setCancelled(evaluation.id)} aria-label={`${t.city.cancel} ${evaluation.id}`}>{t.city.cancel}</Button>}
            </div>
            <ul>
              {evaluation.venues.map((venue, place) => {
                const { text, level } = standing(t, venues.find((known) => known.room === venue.room));
                return <li key={venue.room}><Mark level={level} /> {place === 0 ? t.city.main : t.city.sub} {name(venue.room)} · {venue.experts}+{venue.tenderer_representatives} · {text}</li>;
              })}
            </ul>
          </li>
        ))}
      </ol>
      {cancelled !== null && (
        <TypedDialog
          title={t.city.cancelTitle}
          text={t.city.cancelText(cancelled)}
          id={cancelled}
          typedLabel={t.city.typed}
          reasonLabel={t.city.reason}
          label={t.city.cancel}
          onClose={() => setCancelled(null)}
          run={(typed, reason) => attempt(() => request(`/api/evaluations/${cancelled}/cancellation`, { body: { typed, reason } }))}
        />
      )}
    </>
  );
}

function standing(t: Dictionary, venue?: VenueView): { text: string; level: MarkLevel } {
  if (venue === undefined || venue.state.state === "waiting") return { text: t.city.state.waiting, level: "none" };
  if (venue.state.state === "expired") return { text: t.city.state.expired, level: "bad" };
  const { outcome } = venue.state;
  const said = t.city.state[outcome.result];
  if (outcome.result === "done") return { text: said, level: "ok" };
  if (outcome.result === "refused") return { text: `${said}${t.words.stop}${refusalText(t, outcome.refusal, names(t, {}))}`, level: "bad" };
  return { text: `${said}${t.words.stop}${t.city.rejections[outcome.reason] ?? outcome.reason}`, level: "bad" };
}
