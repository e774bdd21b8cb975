// Owns the board: every drawn candidate by mask, how far his call is, which keys he pressed, and why it is as it is.
import { hourMinute, span, useNow } from "../../clock";
import { useT, type Dictionary } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { Empty, Panel } from "../../parts/shell";
import { Mark, type MarkLevel } from "../../parts/mark";
import type { CandidateView, ConveningView, LineView } from "../../wire";
import { step } from "./step";

const STEPS = 5;
const REACHED: Record<string, number> = { dialling: 1, ringing: 2, early_media: 2, answered: 3, idle_key: 3, key: 4 };

export function Board({ session, lines, names }: { session: ConveningView; lines: LineView[]; names: Names }) {
  const t = useT();
  const p = t.draw.page;
  const candidates = session.callout?.candidates ?? [];
  const head = p.columns;
  return (
    <Panel title={p.board} aside={p.boardAside(lines.length)} className="board-panel">
      {candidates.length === 0 ? (
        <Empty title={p.noCandidates}>{session.draw !== null && session.draw !== undefined && <p>{step(t, session.draw)}</p>}</Empty>
      ) : (
        <div className="board-scroll" tabIndex={0} role="group" aria-label={p.board}>
          <table className="board">
            <thead>
              <tr>{(["candidate", "speciality", "attempt", "progress", "keys", "time", "note"] as const).map((column) => <th key={column} scope="col">{head[column]}</th>)}</tr>
            </thead>
            <tbody>
              {candidates.map((candidate) => <Row key={candidate.candidate} candidate={candidate} session={session} names={names} />)}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Row({ candidate, session, names }: { candidate: CandidateView; session: ConveningView; names: Names }) {
  const t = useT();
  const now = useNow();
  const last = candidate.attempts.at(-1);
  const level = levelOf(candidate);
  const speciality = session.draw?.groups[candidate.group]?.speciality ?? "";
  return (
    <tr className={`candidate candidate-${candidate.standing}`}>
      <th scope="row">{t.draw.mask(candidate.candidate)}</th>
      <td>{speciality}</td>
      <td>{t.draw.page.attempt(candidate.attempts.length)}</td>
      <td>
        <span className="progress">
          <Steps reached={reached(candidate)} level={level} />
          <Mark level={level} />
          <span>{word(t, candidate)}</span>
        </span>
      </td>
      <td>{(last?.keys ?? []).map((key, index) => <kbd key={index} className="key">{key}</kbd>)}</td>
      <td className="figures">{last === undefined ? "—" : span((last.ended ?? now) - last.placed)}</td>
      <td>{note(t, candidate, names)}</td>
    </tr>
  );
}

function Steps({ reached, level }: { reached: number; level: MarkLevel }) {
  return (
    <span className={`steps steps-${level}`} aria-hidden="true">
      {Array.from({ length: STEPS }, (_, index) => <i key={index} className={index < reached ? "on" : ""} />)}
    </span>
  );
}

function reached(candidate: CandidateView): number {
  const last = candidate.attempts.at(-1);
  if (["accepted", "declined", "released", "withdrawing", "withdrew"].includes(candidate.standing)) return STEPS;
  return last === undefined ? 0 : (REACHED[last.progress?.state ?? ""] ?? 1);
}

function levelOf(candidate: CandidateView): MarkLevel {
  switch (candidate.standing) {
    case "accepted":
      return "ok";
    case "given_up":
    case "declined":
    case "withdrew":
      return "bad";
    case "withdrawing":
      return "warn";
    case "waiting":
      return candidate.attempts.length > 0 ? "warn" : "none";
    case "calling":
      return "info";
    case "released":
    case "not_needed":
      return "none";
  }
}

function word(t: Dictionary, candidate: CandidateView): string {
  const last = candidate.attempts.at(-1);
  if (candidate.standing === "calling" && last?.progress != null) return t.draw.progress[last.progress.state] ?? t.draw.standings.calling;
  if (candidate.standing === "waiting" && last?.end != null) return t.draw.end(last.end);
  return t.draw.standings[candidate.standing];
}

/** Why it is so, and what comes next. */
function note(t: Dictionary, candidate: CandidateView, names: Names): string {
  const p = t.draw.page;
  const last = candidate.attempts.at(-1);
  const parts = [
    candidate.redraw ? p.redraw : null,
    candidate.standing === "calling" && last !== undefined ? last.line : null,
    candidate.cause != null ? t.draw.end(candidate.cause) : null,
    candidate.withdrawal != null ? t.draw.withdrawals[candidate.withdrawal] : null,
    candidate.text != null ? t.draw.text(candidate.text.end ?? null) : null,
    candidate.next_call != null ? p.nextCall(hourMinute(candidate.next_call)) : null,
    candidate.member != null ? p.member(names.member(candidate.member)) : null,
  ];
  return parts.filter((part) => part !== null).join(" · ");
}
