// Owns the accounts: the system administrator makes and closes them, the security administrator unlocks, approves
// and resets. One-time passwords are shown once.
import { Button, Dropdown, Input, Select, Table } from "antd";
import { PlusOutlined } from "@ant-design/icons";
import { useState } from "react";
import { request } from "../../api";
import { boxNow, dateTime } from "../../clock";
import { useT } from "../../i18n";
import { AskDialog, Dialog, Field } from "../../parts/dialogs";
import { useAttempt } from "../../parts/notice";
import type { AccountAct, AccountView, IssuedPassword, Role } from "../../wire";
import { useList } from "./list";

const ACTS: Record<"system_administrator" | "security_administrator", AccountAct[]> = {
  system_administrator: ["close"],
  security_administrator: ["approve", "unlock", "reset_password", "reset_factor"],
};
const ROLES: Role[] = ["technician", "supervisor", "system_administrator", "security_administrator", "audit_administrator", "bidder"];

export function Accounts({ role }: { role: "system_administrator" | "security_administrator" }) {
  const t = useT();
  const { rows, reload } = useList<AccountView>("/api/accounts");
  const attempt = useAttempt();
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState<{ act: AccountAct; account: string } | null>(null);
  const [issued, setIssued] = useState<{ account: string; password: string } | null>(null);
  const act = (what: { act: AccountAct; account: string }) => attempt(async () => {
    const answer = await request<IssuedPassword>(`/api/accounts/${encodeURIComponent(what.account)}`, { body: { act: what.act } });
    if (answer?.password != null) setIssued({ account: what.account, password: answer.password });
    reload();
  });
  return (
    <div className="admin-section">
      {role === "system_administrator" && (
        <div className="admin-head">
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setCreating(true)}>{t.admin.create}</Button>
          <span className="help">{t.admin.createHelp}</span>
        </div>
      )}
      <Table
        rowKey="id"
        loading={rows === null}
        dataSource={rows ?? []}
        pagination={false}
        locale={{ emptyText: t.admin.no }}
        columns={[
          { title: t.admin.account, dataIndex: "id" },
          { title: t.admin.role, render: (_, row) => t.words.kinds.role[row.role] },
          { title: t.admin.state, render: (_, row) => stateOf(t, row) },
          { title: t.admin.factor, render: (_, row) => (row.factor ? t.common.yes : t.common.no) },
          { title: t.admin.lastSignIn, render: (_, row) => (row.last_sign_in == null ? t.admin.never : dateTime(row.last_sign_in)) },
          {
            title: <span className="sr-only">{t.common.more}</span>,
            width: 160,
            render: (_, row) => row.closed ? null : (
              <Dropdown trigger={["click"]} menu={{ items: ACTS[role].filter((a) => (a === "approve" ? row.waits_for_approval : a === "unlock" ? row.locked_until != null : a === "reset_factor" ? row.factor : true)).map((a) => ({ key: a, danger: a === "close", label: t.admin.acts[a], onClick: () => setAsked({ act: a, account: row.id }) })) }}>
                <Button size="small" aria-label={`${t.common.more} ${row.id}`}>{t.common.more}</Button>
              </Dropdown>
            ),
          },
        ]}
      />
      {asked !== null && <AskDialog title={t.admin.actTitle(t.admin.acts[asked.act], asked.account)} text={t.admin.actHelp[asked.act]} act={t.admin.acts[asked.act]} danger={asked.act === "close"} onClose={() => setAsked(null)} run={() => act(asked)} />}
      {creating && <Create onClose={() => setCreating(false)} onMade={(account, password) => {
        setIssued({ account, password });
        reload();
      }} />}
      {issued !== null && (
        <Dialog title={`${t.admin.issued} · ${issued.account}`} onClose={() => setIssued(null)}>
          <p className="code-large code-password">{issued.password}</p>
          <p>{t.admin.issuedHelp}</p>
        </Dialog>
      )}
    </div>
  );
}

function stateOf(t: ReturnType<typeof useT>, row: AccountView) {
  if (row.closed) return <span className="text-muted">{t.admin.closed}</span>;
  if (row.waits_for_approval) return <span className="text-warn">{t.admin.waits}</span>;
  if (row.locked_until != null && row.locked_until > boxNow()) return <span className="text-bad">{t.admin.lockedUntil(dateTime(row.locked_until))}</span>;
  return t.admin.open;
}

function Create({ onClose, onMade }: { onClose: () => void; onMade: (account: string, password: string) => void }) {
  const t = useT();
  const attempt = useAttempt();
  const [id, setId] = useState("");
  const [role, setRole] = useState<Role>("technician");
  const run = () => attempt(async () => {
    const answer = await request<IssuedPassword>("/api/accounts", { body: { id, role } });
    onMade(id, answer.password ?? "");
  });
  return (
    <Dialog title={t.admin.create} onClose={onClose} act={{ label: t.admin.create, disabled: !/^[A-Za-z0-9._-]{1,32}$/.test(id), run }}>
      <Field label={t.admin.account} help={t.admin.createHelp}>
        {(field) => <Input id={field} autoFocus value={id} autoComplete="off" spellCheck={false} onChange={(event) => setId(event.target.value)} />}
      </Field>
      <Field label={t.admin.role}>
        {(field) => <Select id={field} className="wide" aria-label={t.admin.role} value={role} onChange={setRole} options={ROLES.map((value) => ({ value, label: t.words.kinds.role[value] }))} />}
      </Field>
    </Dialog>
  );
}
