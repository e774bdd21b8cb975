// Owns the fields for one-time codes: the workstation's enrolment, and the member's check-in.
import { Button, Input } from "antd";
import { useState } from "react";
import { No, request, SEAT } from "../../api";
import { useT } from "../../i18n";
import { names as namesOf, problemText } from "../../names";
import { Field } from "../../parts/dialogs";

export function CodeForm({ path, label, act, onDone }: { path: string; label: string; act: string; onDone: () => void }) {
  const t = useT();
  const [code, setCode] = useState("");
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const send = async () => {
    if (code.trim() === "" || busy) return;
    setBusy(true);
    setFault(undefined);
    try {
      await request(path, { body: { code: code.trim() }, headers: SEAT });
      onDone();
    } catch (no) {
      if (!(no instanceof No)) throw no;
      setFault(problemText(t, no.problem, namesOf(t, {})));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="code-form" onSubmit={(event) => {
      event.preventDefault();
      void send();
    }}>
      <Field label={label} error={fault}>
        {(id) => <Input id={id} className="code-input" autoFocus value={code} maxLength={20} onChange={(event) => setCode(event.target.value.toUpperCase())} autoComplete="one-time-code" autoCapitalize="characters" spellCheck={false} />}
      </Field>
      <Button className="big" type="primary" htmlType="submit" loading={busy} disabled={code.trim() === ""}>{act}</Button>
    </form>
  );
}

export function Enrol({ onEnrolled }: { onEnrolled: () => void }) {
  const t = useT();
  return (
    <section className="panel centre-panel" aria-label={t.seat.enrolTitle}>
      <h2>{t.seat.enrolTitle}</h2>
      <p>{t.seat.enrolHelp}</p>
      <CodeForm path="/api/enrolment" label={t.seat.enrolCode} act={t.seat.enrol} onDone={onEnrolled} />
    </section>
  );
}
