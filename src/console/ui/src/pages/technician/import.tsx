// Owns the upload of the committee's table. Names go from the file to the box and never onto the page.
import { Button, Table } from "antd";
import { useRef, useState } from "react";
import { No, request } from "../../api";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { problemText } from "../../names";
import { Dialog } from "../../parts/dialogs";
import { useNotices } from "../../parts/notice";
import type { Convened, Problem, SessionView } from "../../wire";

export function ImportDialog({ session, replaces, names, onClose }: { session: SessionView; replaces?: number; names: Names; onClose: () => void }) {
  const t = useT();
  const f = t.tech.importForm;
  const { say } = useNotices();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const send = async () => {
    if (file === null) return false;
    setProblem(null);
    try {
      if (replaces === undefined) {
        const done = await request<Convened>(`/api/sessions/${session.id}/committee`, { text: { type: "text/csv", content: file } });
        say("ok", f.done(done.experts, done.tenderer_representatives));
      } else {
        await request(`/api/sessions/${session.id}/replacement`, { body: { member: replaces, table: await textOf(file) } });
      }
      return true;
    } catch (no) {
      if (!(no instanceof No)) throw no;
      setProblem(no.problem);
      return false;
    }
  };
  const rows = problem?.rows ?? [];
  return (
    <Dialog title={replaces === undefined ? f.title : f.replaceTitle(names.member(replaces))} onClose={onClose} width={680} act={{ label: f.submit, disabled: file === null, run: send }}>
      <p>{replaces === undefined ? f.help : f.replaceHelp}</p>
      <p className="help">{f.privacy}</p>
      <div className="file-row">
        <input ref={input} type="file" hidden accept=".csv,text/csv" aria-label={f.choose} onChange={(event) => {
          setFile(event.target.files?.[0] ?? null);
          setProblem(null);
        }} />
        <Button onClick={() => input.current?.click()}>{f.choose}</Button>
        <span aria-live="polite">{file === null ? "" : f.chosen(file.name)}</span>
      </div>
      {problem !== null && <p className="text-bad" role="alert">{rows.length > 0 ? f.faults(rows.length) : problemText(t, problem, names)}</p>}
      {rows.length > 0 && (
        <Table
          size="small"
          pagination={false}
          scroll={{ y: 280 }}
          rowKey={(row) => `${row.line}-${row.column ?? ""}-${row.code}`}
          dataSource={rows}
          columns={[
            { title: f.line, dataIndex: "line", width: 80 },
            { title: f.column, width: 140, render: (_, row) => (row.column == null ? "" : (t.words.columns[row.column] ?? row.column)) },
            { title: f.fault, render: (_, row) => t.words.rowFaults[row.code] ?? row.code },
          ]}
        />
      )}
    </Dialog>
  );
}

/** A spreadsheet's CSV is UTF-8 or GB18030. */
async function textOf(file: File): Promise<string> {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}
