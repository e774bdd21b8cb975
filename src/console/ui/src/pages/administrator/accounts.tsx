// Owns the accounts: the system administrator makes and closes them, the security administrator does the rest.
import { Button, Checkbox, Input, Select, Table } from "antd";
import { PlusOutlined } from "@ant-design/icons";
import { useState } from "react";
import { request } from "../../api";
import { dateTime, hourMinute } from "../../clock";
import { useT } from "../../i18n";
import type { Dictionary } from "../../i18n";
import { AskDialog, Dialog, Field, TypedDialog } from "../../parts/dialogs";
import { Broken, Busy, useLoad } from "../../parts/load";
import { Mark, type MarkLevel } from "../../parts/mark";
import { useAttempt } from "../../parts/notice";
import { Panel } from "../../parts/shell";
import type { AccountAct, IssuedPassword, Role } from "../../wire";
import { useAsked } from "./asked";
import { Once, type Secret } from "./once";
import { isAdministrator, type Account, type Administrator } from "./wire";

const ID = /^[A-Za-z0-9._-]{1,32}$/;
/** Nobody signs in as an expert: experts check in at their seats. */
const ROLES: Role[] = ["technician", "supervisor", "bidder", "system_administrator", "security_administrator", "audit_administrator"];

interface Props {
  me: string;
  role: Administrator;
  onRefused: () => void;
}

export function Accounts({ me, role, onRefused }: Props) {
  const t = useT();
  const words = t.administrator.accounts;
  const list = useLoad<Account[]>("/api/accounts");
  const { asked, secret, ask, answered, show, shown: seen } = useAsked<{ act: AccountAct; account: Account } | "create">();
  const [closedToo, setClosedToo] = useState(false);
  const attempt = useAttempt();

  const all = list.value ?? [];
  const closed = all.filter((account) => account.closed).length;
  const shown = all.filter((account) => closedToo || !account.closed).sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
  const act = (kind: AccountAct, account: Account) =>
    attempt(async () => {
      const issued = await request<IssuedPassword>(`/api/accounts/${encodeURIComponent(account.id)}`, { body: { act: kind } });
      if (issued?.password != null) show(passwordOf(t, account.id, issued.password));
      list.reload();
    }, t.administrator[kind].done(account.id));
  const create = (id: string, of: Role) =>
    attempt(async () => {
      const issued = await request<IssuedPassword>("/api/accounts", { body: { id, role: of } });
      if (issued.password != null) show(passwordOf(t, id, issued.password));
      list.reload();
    });

  return (
    <Panel
      title={words.title}
      aside={
        <>
          <span>{list.value === null ? "" : words.summary(all.length - closed)}</span>
          {role === "system_administrator" && <Button type="primary" icon={<PlusOutlined />} onClick={() => ask("create")}>{t.administrator.create.button}</Button>}
        </>
      }
    >
      {list.problem !== null && <Broken problem={list.problem} onRetry={list.reload} onRefused={onRefused} />}
      {list.value === null && list.problem === null && <Busy />}
      {list.value !== null && (
        <>
          <Table<Account>
            rowKey="id"
            dataSource={shown}
            pagination={false}
            rowClassName={(account) => (account.closed ? "row-closed" : "")}
            locale={{ emptyText: words.none }}
            columns={[
              { title: words.account, dataIndex: "id", render: (id: string) => <><strong>{id}</strong>{id === me && <span className="tag admin-you">{words.you}</span>}</> },
              { title: words.role, dataIndex: "role", render: (of: Role) => t.words.kinds.role[of] },
              { title: words.state, key: "state", render: (_, account) => <State account={account} security={role === "security_administrator"} /> },
              { title: words.factor, dataIndex: "second_factor", render: (has: boolean, account) => (account.closed ? "" : has ? words.enrolled : words.notEnrolled) },
              { title: words.last, dataIndex: "last_sign_in", render: (at?: number | null) => (at == null ? words.never : <time className="figures">{dateTime(at).slice(0, -3)}</time>) },
              {
                title: words.acts,
                key: "acts",
                render: (_, account) => (
                  <div className="row-acts">
                    {actsFor(role, account).map((kind) => (
                      <Button key={kind} size="small" type={kind === "approve" || kind === "unlock" ? "primary" : "default"} danger={kind === "close"} aria-label={`${t.administrator[kind].label} ${account.id}`} onClick={() => ask({ act: kind, account })}>
                        {t.administrator[kind].label}
                      </Button>
                    ))}
                  </div>
                ),
              },
            ]}
          />
          {closed > 0 && <p className="admin-more"><Checkbox checked={closedToo} onChange={(event) => setClosedToo(event.target.checked)}>{words.showClosed(closed)}</Checkbox></p>}
        </>
      )}
      {asked === "create" && <Create onClose={answered} run={create} />}
      {asked !== null && asked !== "create" && <Ask {...asked} onClose={answered} run={() => act(asked.act, asked.account)} />}
      {secret !== null && asked === null && <Once {...secret} onClose={seen} />}
    </Panel>
  );
}

const passwordOf = (t: Dictionary, id: string, secret: string): Secret => ({ title: t.administrator.once.passwordTitle(id), help: t.administrator.once.passwordHelp, secret });

/** What needs somebody comes first, what is over comes last. */
const rank = (account: Account): number => (account.closed ? 2 : !account.approved || account.locked_until != null ? 0 : 1);

/** What this role may do to this account; what it may not is not there. */
export function actsFor(role: Administrator, account: Account): AccountAct[] {
  if (account.closed) return [];
  if (role === "system_administrator") return ["close"];
  if (role !== "security_administrator") return [];
  return [
    ...(account.approved ? [] : ["approve" as const]),
    ...(account.locked_until == null ? [] : ["unlock" as const]),
    "reset_password",
    ...(account.second_factor ? ["reset_factor" as const] : []),
  ];
}

function State({ account, security }: { account: Account; security: boolean }) {
  const words = useT().administrator.accounts;
  const [level, text]: [MarkLevel | null, string] = account.closed
    ? [null, words.closed]
    : !account.approved
      ? ["warn", security ? words.waitsYou : words.waits]
      : account.locked_until != null
        ? ["bad", words.locked(hourMinute(account.locked_until))]
        : account.one_time_password
          ? ["none", words.oneTime]
          : [null, words.open];
  return <span className={`account-state account-${level ?? "plain"}`}>{level !== null && <Mark level={level} />}{text}</span>;
}

function Create({ onClose, run }: { onClose: () => void; run: (id: string, role: Role) => Promise<boolean> }) {
  const t = useT();
  const words = t.administrator.create;
  const [id, setId] = useState("");
  const [role, setRole] = useState<Role>("technician");
  const bad = id !== "" && !ID.test(id);
  return (
    <Dialog title={words.title} onClose={onClose} act={{ label: words.submit, disabled: !ID.test(id), run: () => run(id, role) }}>
      <Field label={words.id} help={words.idHelp} error={bad ? words.idBad : undefined}>
        {(field) => <Input id={field} value={id} maxLength={32} autoComplete="off" spellCheck={false} autoFocus onChange={(event) => setId(event.target.value.trim())} />}
      </Field>
      <Field label={words.role} help={words.roleHelp}>
        {(field) => <Select id={field} value={role} onChange={setRole} options={ROLES.map((value) => ({ value, label: t.words.kinds.role[value] }))} />}
      </Field>
      <p className="text-warn" role="status">{isAdministrator(role) ? words.approval : ""}</p>
    </Dialog>
  );
}

function Ask({ act, account, onClose, run }: { act: AccountAct; account: Account; onClose: () => void; run: () => Promise<boolean> }) {
  const t = useT();
  if (act === "close") {
    const words = t.administrator.close;
    return <TypedDialog title={words.title(account.id)} text={words.text} id={account.id} typedLabel={words.typed(account.id)} label={words.label} onClose={onClose} run={run} />;
  }
  const words = t.administrator[act];
  const text = typeof words.text === "string" ? words.text : words.text(t.words.kinds.role[account.role]);
  return <AskDialog title={words.title(account.id)} text={text} act={words.label} onClose={onClose} run={run} />;
}
