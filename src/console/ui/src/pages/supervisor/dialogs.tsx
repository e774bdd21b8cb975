// Owns the supervisor's dialogs.
import { Alert, Button, Radio } from "antd";
import { useEffect, useState } from "react";
import { No, request } from "../../api";
import { dateTime } from "../../clock";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { problemText } from "../../names";
import { Dialog, NoteDialog, TypedDialog } from "../../parts/dialogs";
import type { Give } from "../../parts/notice";
import type { NewestCheckpoint, RoomView } from "../../wire";

export type Asked =
  | { is: "mark"; seat: number | null }
  | { is: "warn"; seat: number }
  | { is: "rule"; member: number }
  | { is: "explain"; gap: number }
  | { is: "pause" | "abort" | "postpone" | "witness" };

export function SupervisorDialogs({ asked, view, names, give, onClose }: { asked: Asked; view: RoomView; names: Names; give: Give; onClose: () => void }) {
  const t = useT();
  const session = view.session;
  switch (asked.is) {
    case "mark": {
      const face = view.seats.find((seat) => seat.no === asked.seat)?.face ?? null;
      return <NoteDialog title={asked.seat === null ? t.wall.markTitle : `${t.wall.markTitle} · ${t.common.seat(asked.seat)}`} label={t.wall.markText} act={t.wall.mark} onClose={onClose} run={(note) => give({ type: "mark", feed: face, note })} />;
    }
    case "warn":
      return <NoteDialog title={t.wall.warnTitle(asked.seat)} text={t.wall.warnHelp} label={t.wall.warnText} act={t.wall.warn} onClose={onClose} run={(text) => give({ type: "warn", seat: asked.seat, text })} />;
    case "rule":
      return <RuleDialog member={asked.member} view={view} names={names} give={give} onClose={onClose} />;
    case "explain":
      return <NoteDialog title={t.tech.explainTitle(asked.gap)} label={t.tech.explainText} act={t.common.save} onClose={onClose} run={(text) => give({ type: "explain_gap", gap: asked.gap, text })} />;
    case "pause":
      return <NoteDialog title={t.wall.pause} text={t.wall.pauseHelp} label={t.common.why} act={t.wall.pause} danger onClose={onClose} run={(reason) => give({ type: "suspend_session", cause: "order", reason })} />;
    case "postpone":
      return <PostponeDialog give={give} onClose={onClose} />;
    case "witness":
      return <WitnessDialog names={names} onClose={onClose} />;
    case "abort":
      return session == null ? null : (
        <TypedDialog title={t.tech.abortForm.title} text={t.tech.abortForm.text} id={session.id} typedLabel={t.tech.abortForm.typed(session.id)} reasonLabel={t.tech.abortForm.reason} label={t.words.actions.abort_session} onClose={onClose} run={(typed, reason) => give({ type: "abort_session", typed, reason })} />
      );
  }
}

function RuleDialog({ member, view, names, give, onClose }: { member: number; view: RoomView; names: Names; give: Give; onClose: () => void }) {
  const t = useT();
  const [ruling, setRuling] = useState<"stays" | "removed" | null>(null);
  const conflict = view.session?.members.find((m) => m.no === member)?.conflict;
  return (
    <Dialog title={t.wall.ruleTitle(names.member(member))} focusCancel onClose={onClose} act={{ label: t.common.confirm, danger: ruling === "removed", disabled: ruling === null, run: () => (ruling === null ? Promise.resolve(false) : give({ type: "rule_on_conflict", member, ruling })) }}>
      {conflict != null && <p><strong>{t.words.kinds.conflict[conflict.kind]}</strong></p>}
      <Radio.Group className="radio-column" aria-label={t.wall.ruleTitle(names.member(member))} value={ruling} onChange={(event) => setRuling(event.target.value as "stays" | "removed")} options={(["stays", "removed"] as const).map((value) => ({ value, label: t.words.kinds.ruling[value] }))} />
      <p className="help">{t.wall.removedHelp}</p>
    </Dialog>
  );
}

/** What the supervisor takes along: the newest checkpoint to photograph, all of them to carry. */
function WitnessDialog({ names, onClose }: { names: Names; onClose: () => void }) {
  const t = useT();
  const [newest, setNewest] = useState<NewestCheckpoint | null>(null);
  const [no, setNo] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    request<NewestCheckpoint>("/api/checkpoints/newest").then(
      (made) => wanted && setNewest(made),
      (why: unknown) => wanted && setNo(why instanceof No ? problemText(t, why.problem, names) : String(why)),
    );
    return () => {
      wanted = false;
    };
  }, [t, names]);
  return (
    <Dialog title={t.wall.witness.title} onClose={onClose}>
      {no !== null && <Alert type="warning" showIcon title={no} />}
      {newest !== null && (
        <>
          <p><strong className="identifier">{newest.session}</strong> · {t.wall.witness.at(dateTime(newest.at))}</p>
          <img className="qr qr-large" alt={t.wall.witness.alt} src={`data:image/svg+xml;utf8,${encodeURIComponent(newest.qr)}`} />
          <p className="help">{t.wall.witness.help}</p>
          <details><summary>{t.wall.witness.text}</summary><p className="checkpoint-text">{newest.text}</p></details>
          <Button href="/api/checkpoints" download>{t.wall.witness.all}</Button>
        </>
      )}
    </Dialog>
  );
}

function PostponeDialog({ give, onClose }: { give: Give; onClose: () => void }) {
  const t = useT();
  const [minutes, setMinutes] = useState(60);
  return (
    <Dialog title={t.wall.postpone} onClose={onClose} act={{ label: t.wall.postpone, run: () => give({ type: "postpone_lock", by: minutes * 60_000 }) }}>
      <Radio.Group aria-label={t.wall.postponeBy} value={minutes} onChange={(event) => setMinutes(event.target.value as number)} options={[30, 60, 90, 120].map((value) => ({ value, label: `${value} ${t.common.minutes}` }))} />
    </Dialog>
  );
}
