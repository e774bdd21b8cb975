// Owns the list of planned evaluations: where each venue stands with what it was asked last, and the ways to change or cancel one that
// has not begun.
import { Button, Dropdown } from "antd";
import { useState } from "react";
import { request } from "../../api";
import { dayTime, span } from "../../clock";
import { useT, type Dictionary } from "../../i18n";
import { names, refusalText } from "../../names";
import { TypedDialog } from "../../parts/dialogs";
import { Mark, type MarkLevel } from "../../parts/mark";
import { useAttempt } from "../../parts/notice";
import type { BoardView, CommandState, Evaluation, EvaluationView, VenueView } from "../../wire";
import { OrderDialog, SentOrder } from "./orders";
import { PlanDialog } from "./plan-dialog";
import { PoliciesDialog } from "./policies-dialog";

type Act = "change" | "policies" | "order" | "cancel";

export function Plans({ view, operator }: { view: BoardView; operator: boolean }) {
  const t = useT();
  const attempt = useAttempt();
  const [open, setOpen] = useState<{ act: Act; evaluation: Evaluation } | null>(null);
  const close = () => setOpen(null);
  const acts: Act[] = ["change", "policies", "order", "cancel"];
  return (
    <>
      <ol className="plan-list" tabIndex={0} aria-label={t.city.plans}>
        {view.evaluations.map((known) => {
          const { evaluation } = known;
          return (
            <li key={evaluation.id}>
              <div className="plan-head">
                <strong>{evaluation.id}</strong>
                {evaluation.kind === "rehearsal" && <span className="tag tag-warn">{t.header.rehearsal}</span>}
                <span>{dayTime(evaluation.start)} · {span(evaluation.expected)}</span>
                {operator && !isOver(known) && (
                  <Dropdown
                    trigger={["click"]}
                    menu={{ items: acts.map((act) => ({ key: act, danger: act === "cancel", label: t.city.acts[act] })), onClick: ({ key }) => setOpen({ act: key as Act, evaluation }) }}
                  >
                    <Button size="small" aria-label={`${t.city.acts.open} ${evaluation.id}`}>{t.city.acts.open}</Button>
                  </Dropdown>
                )}
              </div>
              <ul>
                {evaluation.venues.map((venue, place) => (
                  <Venue key={venue.room} venue={known.venues.find((one) => one.room === venue.room)} text={`${place === 0 ? t.city.main : t.city.sub} ${roomName(view, venue.room)} · ${venue.experts}+${venue.tenderer_representatives}`} />
                ))}
                {known.venues.filter((venue) => !evaluation.venues.some((one) => one.room === venue.room)).map((venue) => (
                  <Venue key={venue.room} venue={venue} text={`${t.city.noVenueAnyMore} ${roomName(view, venue.room)}`} />
                ))}
                {evaluation.venues.map((venue) => <SentOrder key={venue.room} view={view} room={venue.room} session={evaluation.id} />)}
              </ul>
              {evaluation.policies != null && <p className="room-small">{t.city.policies.own}</p>}
            </li>
          );
        })}
      </ol>
      {open?.act === "change" && <PlanDialog view={view} change={open.evaluation} onClose={close} />}
      {open?.act === "policies" && <PoliciesDialog evaluation={open.evaluation} usual={view.usual} onClose={close} />}
      {open?.act === "order" && <OrderDialog view={view} evaluation={open.evaluation} onClose={close} />}
      {open?.act === "cancel" && (
        <TypedDialog
          title={t.city.cancelTitle}
          text={t.city.cancelText(open.evaluation.id)}
          id={open.evaluation.id}
          typedLabel={t.city.typed}
          reasonLabel={t.city.reason}
          label={t.city.cancel}
          onClose={close}
          run={(typed, reason) => attempt(() => request(`/api/evaluations/${open.evaluation.id}/cancellation`, { body: { typed, reason } }), t.city.cancelSent)}
        />
      )}
    </>
  );
}

export const roomName = (view: BoardView, id: string): string => view.rooms.find((room) => room.id === id)?.state?.name ?? id;

function Venue({ venue, text }: { venue?: VenueView; text: string }) {
  const t = useT();
  const told = standing(t, venue?.state);
  const asked = venue === undefined ? "" : `${t.city.asked[venue.what] ?? venue.what}${t.words.stop}`;
  return <li className="plan-venue"><Mark level={told.level} /> <span>{text} · {asked}{told.text}</span></li>;
}

/** All its venues have ended it: there is nothing left to change. */
function isOver({ venues }: EvaluationView): boolean {
  return venues.length > 0 && venues.every(({ what, state }) => what === "cancel_session" && state.state === "answered" && state.outcome.result === "done");
}

/** How something that a room was asked stands. */
export function standing(t: Dictionary, state?: CommandState): { text: string; level: MarkLevel } {
  if (state === undefined || state.state === "waiting") return { text: t.city.state.waiting, level: "none" };
  if (state.state === "expired") return { text: t.city.state.expired, level: "bad" };
  const { outcome } = state;
  const said = t.city.state[outcome.result];
  if (outcome.result === "done") return { text: said, level: "ok" };
  if (outcome.result === "refused") return { text: `${said}${t.words.stop}${refusalText(t, outcome.refusal, names(t, {}))}`, level: "bad" };
  return { text: `${said}${t.words.stop}${t.city.rejections[outcome.reason] ?? outcome.reason}`, level: "bad" };
}
