// Owns the gate: a member is identified by ID number or by eye, and gets his code, shown large and then hidden.
import { Button, Input, Modal, Segmented, Select } from "antd";
import { useEffect, useState } from "react";
import { No, request } from "../../api";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { mask, problemText } from "../../names";
import { Field } from "../../parts/dialogs";
import type { GateCode, SessionView } from "../../wire";

const SHOWN = 60;

export function GateDialog({ session, member, names, onClose }: { session: SessionView; member?: number; names: Names; onClose: () => void }) {
  const t = useT();
  const f = t.tech.gateForm;
  const [by, setBy] = useState<"id" | "mask">(member === undefined ? "id" : "mask");
  const [idNumber, setIdNumber] = useState("");
  const [chosen, setChosen] = useState<number | undefined>(member);
  const [code, setCode] = useState<GateCode | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const ready = by === "id" ? idNumber.trim() !== "" : chosen !== undefined;
  const make = async () => {
    if (!ready || busy) return;
    setBusy(true);
    setFault(null);
    try {
      const body = by === "id" ? { id_number: idNumber.trim() } : { member: chosen };
      setCode(await request<GateCode>(`/api/sessions/${session.id}/gate`, { body }));
    } catch (no) {
      if (!(no instanceof No)) throw no;
      setFault(problemText(t, no.problem, names));
    } finally {
      setIdNumber("");
      setBusy(false);
    }
  };
  return (
    <Modal open title={<h2 className="dialog-title">{f.title}</h2>} onCancel={onClose} width={640} footer={null} mask={{ closable: false }} focusable={{ trap: true, focusTriggerAfterClose: true }} closable={{ "aria-label": t.common.close }}>
      {code !== null ? (
        <ShownCode code={code} onHide={() => {
          setCode(null);
          setChosen(undefined);
        }} />
      ) : (
        <form onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}>
          <Segmented block value={by} onChange={setBy} options={[{ value: "id", label: f.byId }, { value: "mask", label: f.byMask }]} />
          <div className="gate-field">
            {by === "id" ? (
              <Field label={f.idNumber} help={f.idHelp} error={fault ?? undefined}>
                {(id) => <Input id={id} autoFocus value={idNumber} maxLength={20} onChange={(event) => setIdNumber(event.target.value)} autoComplete="off" spellCheck={false} />}
              </Field>
            ) : (
              <Field label={f.member} error={fault ?? undefined}>
                {(id) => (
                  <Select
                    id={id}
                    className="wide"
                    value={chosen}
                    onChange={setChosen}
                    aria-label={f.member}
                    options={session.members.filter((m) => m.presence === "expected" || m.presence === "present").map((m) => ({ value: m.no, label: `${mask(t, m)}${m.seat == null ? "" : ` · ${t.common.seat(m.seat)}`} · ${t.words.kinds.presence[m.presence]}` }))}
                  />
                )}
              </Field>
            )}
          </div>
          <div className="dialog-foot">
            <Button onClick={onClose}>{t.common.close}</Button>
            <Button type="primary" htmlType="submit" disabled={!ready} loading={busy}>{f.submit}</Button>
          </div>
        </form>
      )}
    </Modal>
  );
}

function ShownCode({ code, onHide }: { code: GateCode; onHide: () => void }) {
  const t = useT();
  const f = t.tech.gateForm;
  const [left, setLeft] = useState(SHOWN);
  useEffect(() => {
    if (left <= 0) {
      onHide();
      return;
    }
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left, onHide]);
  return (
    <div className="gate-code">
      <p>{mask(t, { no: code.member, kind: code.kind })}</p>
      <p className="gate-seat">{f.goTo(code.seat)}</p>
      <p className="code-large" aria-label={f.code}>{code.code}</p>
      <p className="help">{f.handOver}</p>
      <p className="help">{f.hideIn(left)}</p>
      <Button type="primary" autoFocus onClick={onHide}>{f.next}</Button>
    </div>
  );
}
