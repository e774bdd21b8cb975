// Owns the field by which a file is chosen.
import { Button } from "antd";
import { useRef } from "react";
import { useT } from "../i18n";

export function FileField({ label, help, file, onFile, accept = ".csv,text/csv" }: { label: string; help: string; file: File | null; onFile: (file: File | null) => void; accept?: string }) {
  const t = useT();
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="file-field">
      <strong>{label}</strong>
      <p className="help">{help}</p>
      <div className="file-row">
        <input ref={input} type="file" hidden accept={accept} aria-label={label} onChange={(event) => onFile(event.target.files?.[0] ?? null)} />
        <Button aria-label={`${label}: ${t.draw.form.choose}`} onClick={() => input.current?.click()}>{t.draw.form.choose}</Button>
        <span aria-live="polite">{file === null ? "" : t.tech.importForm.chosen(file.name)}</span>
      </div>
    </div>
  );
}
