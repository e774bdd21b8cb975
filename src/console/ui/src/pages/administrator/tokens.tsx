// Owns the bearer tokens of programs; a new one is shown once.
import { Button, Input, Select, Table } from "antd";
import { PlusOutlined } from "@ant-design/icons";
import { useState } from "react";
import { request } from "../../api";
import { boxNow, dateTime } from "../../clock";
import { useT } from "../../i18n";
import { AskDialog, Dialog, Field } from "../../parts/dialogs";
import { useAttempt } from "../../parts/notice";
import type { IssuedToken, Scope, TokenView } from "../../wire";
import { useList } from "./list";

type ScopeKind = "publish" | "view" | "view_all" | "metrics";
const DAY = 24 * 3600_000;

export function Tokens() {
  const t = useT();
  const { rows, reload } = useList<TokenView>("/api/tokens");
  const attempt = useAttempt();
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<TokenView | null>(null);
  const [issued, setIssued] = useState<string | null>(null);
  return (
    <div className="admin-section">
      <div className="admin-head">
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>{t.admin.tokenCreate}</Button>
        <span className="help">{t.admin.tokenHelp}</span>
      </div>
      <Table
        rowKey="id"
        loading={rows === null}
        dataSource={rows ?? []}
        pagination={false}
        locale={{ emptyText: t.admin.no }}
        columns={[
          { title: t.admin.tokenName, dataIndex: "name" },
          { title: t.admin.tokenScopes, render: (_, row) => row.scopes.map((scope) => scopeText(t, scope)).join(t.words.comma) },
          { title: t.admin.tokenExpires, render: (_, row) => (row.revoked ? t.admin.tokenRevoked : row.expires < boxNow() ? t.admin.tokenExpired : dateTime(row.expires)) },
          {
            title: <span className="sr-only">{t.common.more}</span>,
            width: 140,
            render: (_, row) => (row.revoked ? null : <Button size="small" danger aria-label={`${t.admin.tokenRevoke} ${row.name}`} onClick={() => setRevoking(row)}>{t.admin.tokenRevoke}</Button>),
          },
        ]}
      />
      {revoking !== null && (
        <AskDialog title={`${t.admin.tokenRevoke} ${revoking.name}`} text={t.admin.actHelp.reset_password} act={t.admin.tokenRevoke} danger onClose={() => setRevoking(null)} run={() => attempt(async () => {
          await request(`/api/tokens/${revoking.id}`, { method: "DELETE" });
          reload();
        })} />
      )}
      {creating && <Create onClose={() => setCreating(false)} onMade={(token) => {
        setIssued(token);
        reload();
      }} />}
      {issued !== null && (
        <Dialog title={t.admin.token} onClose={() => setIssued(null)} width={720}>
          <p className="code-token">{issued}</p>
          <p>{t.admin.tokenHelp}</p>
        </Dialog>
      )}
    </div>
  );
}

function scopeText(t: ReturnType<typeof useT>, scope: Scope): string {
  if (typeof scope === "string") return t.admin.scopes[scope];
  return "publish" in scope ? `${t.admin.scopes.publish} ${scope.publish}` : `${t.admin.scopes.view} ${scope.view}`;
}

function Create({ onClose, onMade }: { onClose: () => void; onMade: (token: string) => void }) {
  const t = useT();
  const attempt = useAttempt();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<ScopeKind>("view_all");
  const [feed, setFeed] = useState("");
  const [days, setDays] = useState("30");
  const needsFeed = kind === "publish" || kind === "view";
  const complete = name.trim() !== "" && Number(days) > 0 && (!needsFeed || /^[a-z0-9-]{1,40}$/.test(feed));
  const scope: Scope = kind === "publish" ? { publish: feed } : kind === "view" ? { view: feed } : kind;
  const run = () => attempt(async () => {
    const answer = await request<IssuedToken>("/api/tokens", { body: { name: name.trim(), scopes: [scope], expires: Math.round(boxNow() + Number(days) * DAY) } });
    onMade(answer.token);
  });
  return (
    <Dialog title={t.admin.tokenCreate} onClose={onClose} act={{ label: t.admin.tokenCreate, disabled: !complete, run }}>
      <Field label={t.admin.tokenName}>{(id) => <Input id={id} autoFocus maxLength={40} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <Field label={t.admin.scopeKind}>
        {(id) => <Select id={id} className="wide" aria-label={t.admin.scopeKind} value={kind} onChange={setKind} options={(["view_all", "view", "publish", "metrics"] as const).map((value) => ({ value, label: t.admin.scopes[value] }))} />}
      </Field>
      {needsFeed && <Field label={t.admin.feed} help={t.admin.feedHelp}>{(id) => <Input id={id} value={feed} onChange={(event) => setFeed(event.target.value)} />}</Field>}
      <Field label={t.admin.tokenDays}>{(id) => <Input id={id} type="number" min={1} max={3650} value={days} onChange={(event) => setDays(event.target.value)} />}</Field>
    </Dialog>
  );
}
