// Owns dialogs: a plain one, and one for what cannot be undone (the number typed by hand, the focus on Cancel).
import { Button, Form, Input, Modal } from "antd";
import { useRef, useState, type ReactNode } from "react";
import { useT } from "../i18n";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** The button that does it; none for a dialog that only shows. */
  act?: { label: string; danger?: boolean; disabled?: boolean; run: () => Promise<boolean> };
  /** For what cannot be undone. */
  focusCancel?: boolean;
  width?: number;
}

export function Dialog({ title, onClose, children, act, focusCancel, width }: DialogProps) {
  const t = useT();
  const cancel = useRef<HTMLButtonElement>(null);
  const [busy, setBusy] = useState(false);
  const run = async () => {
    if (act === undefined || act.disabled === true || busy) return;
    setBusy(true);
    const done = await act.run().finally(() => setBusy(false));
    if (done) onClose();
  };
  return (
    <Modal
      open
      title={<h2 className="dialog-title">{title}</h2>}
      onCancel={onClose}
      width={width ?? 560}
      style={{ top: "6vh" }}
      mask={{ closable: false }}
      focusable={{ trap: true, focusTriggerAfterClose: true }}
      afterOpenChange={(open) => {
        if (open && focusCancel === true) cancel.current?.focus();
      }}
      closable={{ "aria-label": t.common.close }}
      footer={
        <div className="dialog-foot">
          <Button ref={cancel} onClick={onClose}>{act === undefined ? t.common.close : t.common.cancel}</Button>
          {act !== undefined && (
            <Button type={act.danger === true ? "default" : "primary"} danger={act.danger} disabled={act.disabled} loading={busy} onClick={() => void run()}>
              {act.label}
            </Button>
          )}
        </div>
      }
    >
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (focusCancel !== true) void run();
        }}
      >
        {children}
        {/* Enter in a field sends the form only when there is such a button */}
        <button type="submit" hidden tabIndex={-1} aria-hidden="true" />
      </form>
    </Modal>
  );
}

/** Ends something for good: its number has to be typed. */
export function TypedDialog(props: {
  title: string;
  text: string;
  warning?: string;
  id: string;
  typedLabel: string;
  reasonLabel?: string;
  label: string;
  onClose: () => void;
  run: (typed: string, reason: string) => Promise<boolean>;
}) {
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const complete = typed.trim() === props.id && (props.reasonLabel === undefined || reason.trim() !== "");
  return (
    <Dialog
      title={props.title}
      onClose={props.onClose}
      focusCancel
      act={{ label: props.label, danger: true, disabled: !complete, run: () => props.run(typed.trim(), reason.trim()) }}
    >
      <p>{props.text}</p>
      {props.warning !== undefined && <p className="text-warn">{props.warning}</p>}
      {props.reasonLabel !== undefined && <NoteField label={props.reasonLabel} value={reason} onChange={setReason} />}
      <Field label={props.typedLabel}>
        {(id) => <Input id={id} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" spellCheck={false} />}
      </Field>
    </Dialog>
  );
}

let fields = 0;

/** A labelled field outside of antd's own form state. */
export function Field(props: { label: string; help?: string; error?: string; children: (id: string) => ReactNode }) {
  const [id] = useState(() => {
    fields += 1;
    return `field-${fields}`;
  });
  return (
    <Form.Item label={props.label} htmlFor={id} help={props.error ?? props.help} validateStatus={props.error === undefined ? undefined : "error"} layout="vertical" colon={false}>
      {props.children(id)}
    </Form.Item>
  );
}

/** One line of free text, for the journal. */
export function NoteField(props: { label: string; value: string; onChange: (text: string) => void; help?: string }) {
  const t = useT();
  return (
    <Field label={props.label} help={props.help ?? t.common.note}>
      {(id) => <Input id={id} maxLength={200} value={props.value} onChange={(event) => props.onChange(event.target.value)} autoComplete="off" />}
    </Field>
  );
}

/** A dialog with one line of text. */
export function NoteDialog(props: {
  title: string;
  label: string;
  help?: string;
  text?: string;
  act: string;
  danger?: boolean;
  onClose: () => void;
  run: (note: string) => Promise<boolean>;
  children?: ReactNode;
}) {
  const [note, setNote] = useState("");
  return (
    <Dialog title={props.title} onClose={props.onClose} act={{ label: props.act, danger: props.danger, disabled: note.trim() === "", run: () => props.run(note.trim()) }}>
      {props.text !== undefined && <p>{props.text}</p>}
      {props.children}
      <NoteField label={props.label} value={note} onChange={setNote} help={props.help} />
    </Dialog>
  );
}

/** A plain question. */
export function AskDialog(props: { title: string; text: string; act: string; danger?: boolean; onClose: () => void; run: () => Promise<boolean> }) {
  return (
    <Dialog title={props.title} onClose={props.onClose} focusCancel={props.danger} act={{ label: props.act, danger: props.danger, run: props.run }}>
      <p>{props.text}</p>
    </Dialog>
  );
}
