// Owns the bearer tokens: what programs show instead of a sign-in.
import { Button, Input, Select, Table } from "antd";
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useState } from "react";
import { request } from "../../api";
import { boxNow, dateTime } from "../../clock";
import { useT } from "../../i18n";
import type { Dictionary } from "../../i18n";
import { AskDialog, Dialog, Field } from "../../parts/dialogs";
import { Broken, Busy, useLoad } from "../../parts/load";
import { Mark } from "../../parts/mark";
import { useAttempt } from "../../parts/notice";
import { Empty, Panel } from "../../parts/shell";
import type { IssuedToken, Scope } from "../../wire";
import { useAsked } from "./asked";
import { Once } from "./once";
import type { Token } from "./wire";

const NAME = /^[A-Za-z0-9 ._-]{1,40}$/;
const FEED = /^[a-z0-9-]{1,40}$/;
const DAY = 24 * 60 * 60 * 1000;

/** A purpose as it is typed. */
interface Purpose {
  kind: "publish" | "view" | "view_all" | "metrics";
  feed: string;
}

export function Tokens({ onRefused }: { onRefused: () => void }) {
  const t = useT();
  const words = t.administrator.tokens;
  const list = useLoad<Token[]>("/api/tokens");
  const { asked, secret, ask, answered, show, shown } = useAsked<Token | "create">();
  const attempt = useAttempt();
  const create = (name: string, scopes: Scope[], expires: number | null) =>
    attempt(async () => {
      const issued = await request<IssuedToken>("/api/tokens", { body: { name, scopes, expires } });
      show({ title: t.administrator.once.tokenTitle(name), help: t.administrator.once.tokenHelp, secret: issued.token });
      list.reload();
    });
  const revoke = (token: Token) =>
    attempt(async () => {
      await request(`/api/tokens/${token.id}`, { method: "DELETE" });
      list.reload();
    }, words.revoked(token.name));
  return (
    <Panel
      title={words.title}
      aside={
        <>
          <span>{words.help}</span>
          <Button type="primary" icon={<PlusOutlined />} onClick={() => ask("create")}>{words.create}</Button>
        </>
      }
    >
      {list.problem !== null && <Broken problem={list.problem} onRetry={list.reload} onRefused={onRefused} />}
      {list.value === null && list.problem === null && <Busy />}
      {list.value !== null && list.value.length === 0 && <Empty title={words.none}><p>{words.noneHelp}</p></Empty>}
      {list.value !== null && list.value.length > 0 && (
        <Table<Token>
          rowKey="id"
          dataSource={list.value}
          pagination={false}
          columns={[
            { title: words.name, dataIndex: "name", render: (name: string) => <strong>{name}</strong> },
            { title: words.scopes, dataIndex: "scopes", render: (scopes: Scope[]) => scopes.map((scope) => scopeText(t, scope)).join(t.words.comma) },
            { title: words.made, dataIndex: "made", render: (at: number) => <time className="figures">{dateTime(at).slice(0, -3)}</time> },
            { title: words.expires, dataIndex: "expires", render: (at?: number | null) => <Expiry at={at ?? null} /> },
            {
              title: words.acts,
              key: "acts",
              render: (_, token) => <Button size="small" danger aria-label={`${words.revoke} ${token.name}`} onClick={() => ask(token)}>{words.revoke}</Button>,
            },
          ]}
        />
      )}
      {asked === "create" && <Create onClose={answered} run={create} />}
      {asked !== null && asked !== "create" && (
        <AskDialog title={words.revokeTitle(asked.name)} text={words.revokeText} act={words.revoke} danger onClose={answered} run={() => revoke(asked)} />
      )}
      {secret !== null && asked === null && <Once {...secret} onClose={shown} />}
    </Panel>
  );
}

export function scopeText(t: Dictionary, scope: Scope): string {
  const words = t.administrator.tokens.scope;
  if (typeof scope === "string") return words[scope];
  return "publish" in scope ? words.publish(scope.publish) : words.view(scope.view);
}

function Expiry({ at }: { at: number | null }) {
  const words = useT().administrator.tokens;
  if (at === null) return <>{words.unlimited}</>;
  if (at <= boxNow()) return <span className="account-state account-bad"><Mark level="bad" />{words.expired}</span>;
  return <time className="figures">{dateTime(at).slice(0, -3)}</time>;
}

function Create({ onClose, run }: { onClose: () => void; run: (name: string, scopes: Scope[], expires: number | null) => Promise<boolean> }) {
  const t = useT();
  const words = t.administrator.tokens;
  const [name, setName] = useState("");
  const [purposes, setPurposes] = useState<Purpose[]>([{ kind: "view", feed: "" }]);
  const [days, setDays] = useState<keyof typeof words.lifetimes>("30");
  const scopes = purposes.map(scopeOf);
  const complete = NAME.test(name.trim()) && scopes.every((scope) => scope !== null);
  const change = (index: number, with_: Partial<Purpose>) => setPurposes(purposes.map((purpose, at) => (at === index ? { ...purpose, ...with_ } : purpose)));
  const send = () => run(name.trim(), scopes.filter((scope) => scope !== null), days === "0" ? null : boxNow() + Number(days) * DAY);
  return (
    <Dialog title={words.create} onClose={onClose} width={640} act={{ label: words.submit, disabled: !complete, run: send }}>
      <Field label={words.name} help={words.nameHelp} error={name !== "" && !NAME.test(name.trim()) ? words.nameBad : undefined}>
        {(field) => <Input id={field} value={name} maxLength={40} autoComplete="off" spellCheck={false} autoFocus onChange={(event) => setName(event.target.value)} />}
      </Field>
      <fieldset className="purposes">
        <legend>{words.scopes}</legend>
        {purposes.map((purpose, index) => {
          const one = purpose.kind === "publish" || purpose.kind === "view";
          const bad = one && purpose.feed !== "" && !FEED.test(purpose.feed);
          return (
            <div className="purpose" key={index}>
              <Select
                aria-label={words.kind(index + 1)}
                value={purpose.kind}
                onChange={(kind: Purpose["kind"]) => change(index, { kind })}
                options={(["view", "view_all", "publish", "metrics"] as const).map((value) => ({ value, label: words.kinds[value] }))}
              />
              {one ? (
                <Input aria-label={words.feed(index + 1)} status={bad ? "error" : ""} placeholder={words.feedHint} value={purpose.feed} maxLength={40} autoComplete="off" spellCheck={false} onChange={(event) => change(index, { feed: event.target.value.trim() })} />
              ) : (
                <span />
              )}
              {purposes.length > 1 && <Button icon={<DeleteOutlined />} aria-label={words.remove(index + 1)} onClick={() => setPurposes(purposes.filter((_, at) => at !== index))} />}
            </div>
          );
        })}
        <Button size="small" icon={<PlusOutlined />} onClick={() => setPurposes([...purposes, { kind: "view", feed: "" }])}>{words.add}</Button>
        <p className="text-warn" role="status">
          {purposes.some((purpose) => purpose.feed !== "" && scopeOf(purpose) === null) ? words.feedBad : purposes.some((purpose) => purpose.kind === "view_all") ? words.wide : ""}
        </p>
      </fieldset>
      <Field label={words.lifetime}>
        {(field) => <Select id={field} value={days} onChange={setDays} options={(["1", "7", "30", "90", "365", "0"] as const).map((value) => ({ value, label: words.lifetimes[value] }))} />}
      </Field>
    </Dialog>
  );
}

function scopeOf({ kind, feed }: Purpose): Scope | null {
  if (kind === "view_all" || kind === "metrics") return kind;
  if (!FEED.test(feed)) return null;
  return kind === "publish" ? { publish: feed } : { view: feed };
}
