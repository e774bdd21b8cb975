// Owns the dialogs of the draw: the supervisor's secret, reasons, withdrawals; the preparation has a file of its own.
import { Input, Select } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { AskDialog, Dialog, Field, NoteDialog } from "../../parts/dialogs";
import type { Give } from "../../parts/notice";
import type { ConveningView } from "../../wire";
import { PrepareDialog } from "./prepare";

export type Open = "prepare" | "take" | "commit" | "reveal" | "withdraw" | "pause" | "stop" | "abort" | "single";

interface Props {
  open: Open;
  session: ConveningView;
  names: Names;
  give: Give;
  onClose: () => void;
}

export function DrawDialogs({ open, session, names, give, onClose }: Props) {
  const t = useT();
  const { ask, secret } = t.draw;
  switch (open) {
    case "prepare":
      return <PrepareDialog session={session} arrived={null} names={names} onClose={onClose} />;
    case "take":
      return <PrepareDialog session={session} arrived={session.order ?? null} names={names} onClose={onClose} />;
    case "commit":
      return <SecretDialog title={secret.commitTitle} text={secret.commitText} command={secret.commitCommand} label={secret.commitment} act={secret.commit} onClose={onClose} run={(commitment) => give({ type: "commit_to_draw", commitment })} />;
    case "reveal":
      return <SecretDialog title={secret.revealTitle} text={secret.revealText} label={secret.secret} act={secret.reveal} onClose={onClose} run={(value) => give({ type: "reveal_to_draw", secret: value })} />;
    case "withdraw":
      return <WithdrawDialog session={session} give={give} onClose={onClose} />;
    case "pause":
      return <NoteDialog title={ask.pause.title} text={ask.pause.text} label={ask.reason} act={ask.pause.act} onClose={onClose} run={(reason) => give({ type: "pause_call_out", reason })} />;
    case "stop":
      return <NoteDialog title={ask.stop.title} text={ask.stop.text} label={ask.reason} act={ask.stop.act} danger onClose={onClose} run={(reason) => give({ type: "stop_call_out", reason })} />;
    case "abort":
      return <NoteDialog title={ask.abort.title} text={ask.abort.text} label={ask.reason} act={ask.abort.act} danger onClose={onClose} run={(reason) => give({ type: "abort_draw", reason })} />;
    case "single":
      return <AskDialog title={ask.single.title} text={ask.single.text} act={ask.single.act} onClose={onClose} run={() => give({ type: "allow_single_line" })} />;
  }
}

function SecretDialog(props: { title: string; text: string; command?: string; label: string; act: string; onClose: () => void; run: (value: string) => Promise<boolean> }) {
  const t = useT();
  const [value, setValue] = useState("");
  const typed = value.trim();
  const right = /^[0-9a-f]{64}$/.test(typed);
  return (
    <Dialog title={props.title} onClose={props.onClose} width={680} act={{ label: props.act, disabled: !right, run: () => props.run(typed) }}>
      <p>{props.text}</p>
      {props.command !== undefined && <p><code className="draw-command">{props.command}</code></p>}
      <Field label={props.label} error={typed !== "" && !right ? t.draw.secret.wrong : undefined}>
        {(id) => <Input id={id} value={value} maxLength={80} onChange={(event) => setValue(event.target.value)} autoComplete="off" spellCheck={false} />}
      </Field>
    </Dialog>
  );
}

function WithdrawDialog({ session, give, onClose }: { session: ConveningView; give: Give; onClose: () => void }) {
  const t = useT();
  const { withdraw } = t.draw.ask;
  const [candidate, setCandidate] = useState<number | null>(null);
  const accepted = session.callout?.candidates.filter((one) => one.standing === "accepted") ?? [];
  return (
    <Dialog title={withdraw.title} onClose={onClose} act={{ label: withdraw.act, disabled: candidate === null, run: () => give({ type: "record_withdrawal", candidate: candidate ?? 0 }) }}>
      <p>{withdraw.text}</p>
      <Field label={withdraw.which}>
        {(id) => <Select id={id} value={candidate} onChange={setCandidate} options={accepted.map((one) => ({ value: one.candidate, label: t.draw.mask(one.candidate) }))} />}
      </Field>
    </Dialog>
  );
}
