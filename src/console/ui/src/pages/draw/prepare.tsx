// Owns the form that prepares a draw: pool, recusals, named members, specialities. Names go from the files to the box and
// never onto the page.
import { Button, Input, Table } from "antd";
import { useState } from "react";
import { No, request } from "../../api";
import { dayTime } from "../../clock";
import { base64 } from "../../file";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { problemText } from "../../names";
import { Dialog, Field } from "../../parts/dialogs";
import { FileField } from "../../parts/file-field";
import type { ArrivedOrderView, ConveningView, DrawOrder, Problem } from "../../wire";

interface Group {
  speciality: string;
  count: string;
}

export function PrepareDialog({ session, arrived, names, onClose }: { session: ConveningView; arrived: ArrivedOrderView | null; names: Names; onClose: () => void }) {
  const t = useT();
  const f = t.draw.form;
  const [pool, setPool] = useState<File | null>(null);
  const [order, setOrder] = useState<File | null>(null);
  const [recusals, setRecusals] = useState<File | null>(null);
  const [named, setNamed] = useState<File | null>(null);
  const [groups, setGroups] = useState<Group[]>(firstGroups(session, arrived));
  const [problem, setProblem] = useState<Problem | null>(null);
  const sum = groups.reduce((sum, group) => sum + (Number(group.count) || 0), 0);
  const source = arrived !== null || ((pool !== null) !== (order !== null) && (order === null || recusals === null));
  const whole = source && groups.every((group) => group.speciality.trim() !== "" && Number(group.count) > 0);
  const change = (index: number, part: Partial<Group>) => setGroups((all) => all.map((group, at) => (at === index ? { ...group, ...part } : group)));
  const send = async () => {
    setProblem(null);
    const body: DrawOrder = {
      pool: pool === null ? null : await base64(pool),
      order: order === null ? null : await base64(order),
      recusals: recusals === null ? null : await base64(recusals),
      from_hub: arrived?.sha256 ?? null,
      named: named === null ? null : await base64(named),
      groups: groups.map((group) => ({ speciality: group.speciality.trim(), count: Number(group.count) })),
    };
    try {
      await request(`/api/sessions/${session.session}/draw`, { body });
      return true;
    } catch (no) {
      if (!(no instanceof No)) throw no;
      setProblem(no.problem);
      return false;
    }
  };
  const rows = problem?.rows ?? [];
  return (
    <Dialog title={arrived === null ? f.title : f.arrivedTitle} onClose={onClose} width={760} act={{ label: arrived === null ? f.submit : f.arrivedSubmit, disabled: !whole, run: send }}>
      <p className="help">{arrived === null ? f.help : f.arrivedHelp}</p>
      {arrived !== null && <Arrived order={arrived} />}
      {arrived === null && <FileField label={f.pool} help={f.poolHelp} file={pool} onFile={setPool} />}
      {arrived === null && <FileField label={f.order} help={f.orderHelp} file={order} onFile={setOrder} accept=".cms,.p7m,.der" />}
      {arrived === null && <FileField label={f.recusals} help={f.recusalsHelp} file={recusals} onFile={setRecusals} />}
      <FileField label={f.named} help={f.namedHelp} file={named} onFile={setNamed} />
      <fieldset className="choices">
        <legend>{f.groups}</legend>
        {groups.map((group, index) => (
          <div key={index} className="draw-group">
            <Field label={f.speciality}>{(id) => <Input id={id} value={group.speciality} maxLength={100} readOnly={arrived !== null} onChange={(event) => change(index, { speciality: event.target.value })} autoComplete="off" />}</Field>
            <Field label={f.count}>{(id) => <Input id={id} type="number" min={1} max={20} value={group.count} onChange={(event) => change(index, { count: event.target.value })} />}</Field>
            {groups.length > 1 && arrived === null && <Button onClick={() => setGroups((all) => all.filter((_, at) => at !== index))}>{f.remove}</Button>}
          </div>
        ))}
        {arrived === null && <Button onClick={() => setGroups((all) => [...all, { speciality: "", count: "1" }])}>{f.add}</Button>}
        <p className="help">{f.sum(sum, session.experts)}</p>
      </fieldset>
      {problem !== null && <p className="text-bad" role="alert">{rows.length > 0 ? f.faults(rows.length) : problemText(t, problem, names)}</p>}
      {rows.length > 0 && (
        <Table
          size="small"
          pagination={false}
          scroll={{ y: 220 }}
          rowKey={(row) => `${row.table ?? ""}-${row.line}-${row.column ?? ""}-${row.code}`}
          dataSource={rows}
          columns={[
            { title: f.table, width: 120, render: (_, row) => f.tables[row.table ?? ""] ?? "" },
            { title: t.tech.importForm.line, dataIndex: "line", width: 80 },
            { title: t.tech.importForm.column, width: 140, render: (_, row) => (row.column == null ? "" : (t.words.columns[row.column] ?? row.column)) },
            { title: t.tech.importForm.fault, render: (_, row) => t.words.rowFaults[row.code] ?? row.code },
          ]}
        />
      )}
    </Dialog>
  );
}

/** What the hub has brought: its board shows the same digest. */
function Arrived({ order }: { order: ArrivedOrderView }) {
  const t = useT();
  const f = t.draw.form;
  return (
    <dl className="proof draw-arrived">
      <dt>{f.came}</dt>
      <dd>{dayTime(order.since)}</dd>
      <dt>{f.digest}</dt>
      <dd><code>{order.sha256}</code></dd>
      <dt>{f.owner}</dt>
      <dd>{f.ownerKey(order.key.slice(0, 12), order.rows)}</dd>
    </dl>
  );
}

/** Whoever drew the order has fixed the specialities; how many of each, the plan says only where there is one. */
function firstGroups(session: ConveningView, arrived: ArrivedOrderView | null): Group[] {
  const specialities = arrived?.specialities ?? [""];
  return specialities.map((speciality) => ({ speciality, count: specialities.length === 1 ? String(session.experts) : "" }));
}
