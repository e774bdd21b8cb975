// Owns the audit trail's page: filters, rows by pages, and whether the trail is whole.
import { Button, Checkbox, Input, Select, Table } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";
import { No, request } from "../../api";
import { dateTime } from "../../clock";
import { useT } from "../../i18n";
import { Field } from "../../parts/dialogs";
import { Broken } from "../../parts/load";
import { Mark } from "../../parts/mark";
import { Empty, Panel } from "../../parts/shell";
import type { Problem } from "../../wire";
import { auditPath, NO_FILTER, PAGE, party, type Filter } from "./trail";
import { Verify } from "./verify";
import type { TrailRow } from "./wire";

interface Read {
  filter: Filter;
  rows: TrailRow[];
  /** Whether there is nothing older. */
  all: boolean;
  busy: boolean;
  problem: Problem | null;
}

export function Audit({ onRefused }: { onRefused: () => void }) {
  const t = useT();
  const words = t.administrator.audit;
  const [form, setForm] = useState<Filter>(NO_FILTER);
  const [read, setRead] = useState<Read>({ filter: NO_FILTER, rows: [], all: false, busy: true, problem: null });
  const turn = useRef(0);

  const ask = useCallback(async (filter: Filter, older: TrailRow[]) => {
    turn.current += 1;
    const mine = turn.current;
    setRead((old) => ({ ...old, filter, rows: older, busy: true, problem: null }));
    try {
      const page = await request<TrailRow[]>(auditPath(filter, older.at(-1)?.number ?? null));
      if (turn.current === mine) setRead({ filter, rows: [...older, ...page], all: page.length < PAGE, busy: false, problem: null });
    } catch (no) {
      if (!(no instanceof No)) throw no;
      if (turn.current === mine) setRead((old) => ({ ...old, busy: false, problem: no.problem }));
    }
  }, []);
  useEffect(() => void ask(NO_FILTER, []), [ask]);

  const only = (change: Partial<Filter>) => {
    const next = { ...read.filter, ...change };
    setForm(next);
    void ask(next, []);
  };
  const set = (change: Partial<Filter>) => setForm({ ...form, ...change });
  const named = (name: "subject" | "object") => (written: string) =>
    written === "" ? null : (
      <button type="button" className="link" title={`${words.by(party(t, written))} · ${written}`} onClick={() => only({ [name]: written })}>{party(t, written)}</button>
    );
  const filtered = Object.values(read.filter).some((value) => value !== "" && value !== false);

  return (
    <>
      <Verify onRefused={onRefused} />
      <Panel title={words.title} aside={read.busy ? t.common.loading : words.shown(read.rows.length)}>
        <form
          className="audit-filter"
          aria-label={words.filter}
          onSubmit={(event) => {
            event.preventDefault();
            void ask(form, []);
          }}
        >
          <Field label={words.from}>{(id) => <Input id={id} type="datetime-local" value={form.from} onChange={(event) => set({ from: event.target.value })} />}</Field>
          <Field label={words.to}>{(id) => <Input id={id} type="datetime-local" value={form.to} onChange={(event) => set({ to: event.target.value })} />}</Field>
          <Field label={words.kind}>
            {(id) => (
              <Select
                id={id}
                value={form.kind}
                onChange={(kind) => set({ kind })}
                showSearch={{ optionFilterProp: "label" }}
                options={[{ value: "", label: words.allKinds }, ...Object.entries(words.kinds).map(([value, label]) => ({ value, label }))]}
              />
            )}
          </Field>
          <Field label={words.subject}>{(id) => <Input id={id} value={form.subject} placeholder="technician:li" autoComplete="off" spellCheck={false} onChange={(event) => set({ subject: event.target.value })} />}</Field>
          <Field label={words.object}>{(id) => <Input id={id} value={form.object} placeholder="seat:3" autoComplete="off" spellCheck={false} onChange={(event) => set({ object: event.target.value })} />}</Field>
          <div className="audit-acts">
          <Checkbox checked={form.refused} onChange={(event) => set({ refused: event.target.checked })}>{words.refused}</Checkbox>
          <Button type="primary" htmlType="submit">{words.apply}</Button>
          {filtered && <Button onClick={() => only(NO_FILTER)}>{words.clear}</Button>}
          <span className="audit-hint">{words.subjectHelp}</span>
          </div>
        </form>
        {read.problem !== null && <Broken problem={read.problem} onRetry={() => void ask(read.filter, read.rows)} onRefused={onRefused} />}
        {read.rows.length === 0 && !read.busy && read.problem === null && <Empty title={words.none}><p>{words.noneHelp}</p></Empty>}
        {read.rows.length > 0 && (
          <>
            <Table<TrailRow>
              className="audit-table"
              rowKey="number"
              size="small"
              dataSource={read.rows}
              pagination={false}
              rowClassName={(row) => (row.result === "done" ? "" : "row-refused")}
              columns={[
                { title: words.no, dataIndex: "number", align: "right", className: "figures" },
                { title: words.at, dataIndex: "at", render: (at: number) => <time className="figures">{dateTime(at)}</time> },
                { title: words.kind, dataIndex: "kind", render: (kind: string) => words.kinds[kind] ?? kind },
                { title: words.subject, dataIndex: "subject", render: named("subject") },
                { title: words.object, dataIndex: "object", render: named("object") },
                { title: words.result, dataIndex: "result", render: (result: string) => <Result result={result} /> },
                { title: words.address, dataIndex: "address", className: "figures", render: (address: string) => (address === "" ? words.box : address) },
              ]}
            />
            <p className="admin-more">
              {read.all ? <span>{words.all}</span> : <Button loading={read.busy} onClick={() => void ask(read.filter, read.rows)}>{words.older}</Button>}
            </p>
          </>
        )}
      </Panel>
    </>
  );
}

function Result({ result }: { result: string }) {
  const words = useT().administrator.audit;
  if (result === "done") return <>{words.done}</>;
  return <span className="account-state account-bad"><Mark level="bad" />{words.results[result] ?? result}</span>;
}
