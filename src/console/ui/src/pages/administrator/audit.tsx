// Owns the audit trail: read, narrowed, and verified.
import { Button, Input, Select, Table } from "antd";
import { useEffect, useState } from "react";
import { request } from "../../api";
import { dateTime } from "../../clock";
import { useT } from "../../i18n";
import { Mark } from "../../parts/mark";
import { useAttempt } from "../../parts/notice";
import type { AuditRow, AuditVerification } from "../../wire";

export function Audit() {
  const t = useT();
  const attempt = useAttempt();
  const [rows, setRows] = useState<AuditRow[] | null>(null);
  const [kind, setKind] = useState<string>("");
  const [subject, setSubject] = useState("");
  const [before, setBefore] = useState<number | null>(null);
  const [verified, setVerified] = useState<AuditVerification | null>(null);
  useEffect(() => {
    const query = new URLSearchParams();
    if (kind !== "") query.set("kind", kind);
    if (subject !== "") query.set("subject", subject);
    if (before !== null) query.set("before", String(before));
    const timer = setTimeout(() => void attempt(async () => setRows(await request<AuditRow[]>(`/api/audit?${query}`))), 250);
    return () => clearTimeout(timer);
  }, [attempt, kind, subject, before]);
  const last = rows?.[rows.length - 1]?.no;
  return (
    <div className="admin-section">
      <div className="admin-head">
        <Select className="filter" aria-label={t.admin.auditKind} value={kind} showSearch={{ optionFilterProp: "label" }} onChange={(value) => {
          setKind(value);
          setBefore(null);
        }} options={[{ value: "", label: t.admin.auditAll }, ...Object.entries(t.admin.auditKinds).map(([value, label]) => ({ value, label }))]} />
        <Input className="filter" aria-label={t.admin.auditSubject} placeholder={t.admin.auditSubject} value={subject} allowClear onChange={(event) => {
          setSubject(event.target.value);
          setBefore(null);
        }} />
        <Button onClick={() => void attempt(async () => setVerified(await request<AuditVerification>("/api/audit/verification")))}>{t.admin.verify}</Button>
        {verified !== null && (
          <span role="status" className={verified.broken_at == null ? "text-ok" : "text-bad"}>
            <Mark level={verified.broken_at == null ? "ok" : "bad"} /> {verified.broken_at == null ? t.admin.verified(verified.rows) : `${t.admin.broken(verified.broken_at)} ${verified.fault ?? ""}`}
          </span>
        )}
      </div>
      <Table
        size="small"
        rowKey="no"
        loading={rows === null}
        dataSource={rows ?? []}
        pagination={false}
        locale={{ emptyText: t.admin.no }}
        columns={[
          { title: t.admin.audit.no, dataIndex: "no", width: 90 },
          { title: t.admin.audit.at, width: 200, render: (_, row) => dateTime(row.at) },
          { title: t.admin.audit.kind, width: 150, render: (_, row) => t.admin.auditKinds[row.kind] ?? row.kind },
          { title: t.admin.audit.subject, dataIndex: "subject", width: 240 },
          { title: t.admin.audit.object, dataIndex: "object" },
          { title: t.admin.audit.result, width: 140, render: (_, row) => t.admin.results[row.result] ?? row.result },
          { title: t.admin.audit.address, dataIndex: "address", width: 150 },
        ]}
      />
      <div className="admin-foot">
        <Button disabled={before === null} onClick={() => setBefore(null)}>{t.admin.newest}</Button>
        <Button disabled={last === undefined || last <= 1} onClick={() => last !== undefined && setBefore(last)}>{t.admin.older}</Button>
      </div>
    </div>
  );
}
