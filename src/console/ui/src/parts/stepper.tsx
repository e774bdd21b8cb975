// Owns the course of a session: its phases in a row, when each began, and where it stands.
import { hourMinute, span, useNow } from "../clock";
import { useT } from "../i18n";
import type { Line, PhaseKind, SessionView } from "../wire";
import { Mark } from "./mark";

const STEPS = ["planned", "convened", "check_in", "ready", "in_session", "closing", "sealed"] as const;
const BEGINS: Record<string, (typeof STEPS)[number]> = {
  session_planned: "planned", committee_convened: "convened", check_in_opened: "check_in", sign_in_confirmed: "ready",
  session_started: "in_session", closing_begun: "closing", session_sealed: "sealed",
};

function stepOf(session: SessionView): number {
  const phase: PhaseKind = session.phase;
  if (phase === "suspended" || phase === "overnight") return STEPS.indexOf("in_session");
  if (phase === "aborted") return session.started == null ? STEPS.indexOf("ready") : STEPS.indexOf("in_session");
  return STEPS.indexOf(phase);
}

export function Stepper({ session, timeline }: { session: SessionView; timeline: Line[] }) {
  const t = useT();
  const now = useNow();
  const at = stepOf(session);
  const times = new Map<string, number>();
  for (const line of timeline) {
    const step = BEGINS[line.event.type];
    if (line.session === session.id && step !== undefined) times.set(step, line.at);
  }
  const interrupted = session.phase === "suspended" || session.phase === "overnight" || session.phase === "aborted";
  return (
    <ol className="stepper" aria-label={t.words.phases[session.phase]}>
      {STEPS.map((step, index) => {
        const done = index < at || session.phase === "sealed";
        const current = index === at && session.phase !== "sealed";
        const began = times.get(step) ?? (step === "in_session" ? session.started : undefined);
        const state = done ? "done" : current ? (interrupted ? "interrupted" : "current") : "coming";
        let under = began == null ? "" : hourMinute(began);
        if (current && step === "in_session" && session.started != null) under = t.tech.elapsed(span(now - session.started));
        if (!done && !current && step === "in_session") under = hourMinute(session.start);
        return (
          <li key={step} className={`step step-${state}`} aria-current={current ? "step" : undefined}>
            <span className="step-mark">{done ? <Mark level="done" size={18} /> : index + 1}</span>
            <span className="step-text">
              <span className="step-name">{current ? t.words.phases[session.phase] : t.tech.steps[step]}</span>
              <span className="step-time">{under}</span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
