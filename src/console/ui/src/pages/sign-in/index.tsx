// Owns coming in: sign-in, the forced change of a one-time password, the enrolment of a second factor, unlocking.
import { Button, Input } from "antd";
import { useEffect, useState, type ReactNode } from "react";
import { No, request } from "../../api";
import { useT } from "../../i18n";
import { REOPEN } from "../../live";
import { names as namesOf, problemText } from "../../names";
import { Field } from "../../parts/dialogs";
import { Shell } from "../../parts/shell";
import type { Caller, FactorOffer, Welcome } from "../../wire";

interface Props {
  welcome: Welcome;
  /** The box knows now who the browser is. */
  onCaller: (caller: Caller) => void;
}

export function SignIn({ welcome, onCaller }: Props) {
  const t = useT();
  const { caller } = welcome;
  const state = caller.is === "account" ? caller.state : null;
  return (
    <Shell title={t.signIn.title} room={welcome.room} city={welcome.city} role={t.signIn.title}>
      {state === "must_change_password" ? <ChangePassword onCaller={onCaller} /> : state === "must_enrol_factor" ? <EnrolFactor onCaller={onCaller} /> : <Form onCaller={onCaller} />}
    </Shell>
  );
}

/** A form that asks the box, and says its no below the fields. */
function Ask<Answer>(props: { title: string; lead?: string; label: string; complete: boolean; send: () => Promise<Answer>; onDone: (answer: Answer) => void; children: ReactNode; foot?: ReactNode }) {
  const t = useT();
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    if (!props.complete || busy) return;
    setBusy(true);
    setFault(null);
    try {
      props.onDone(await props.send());
    } catch (no) {
      if (!(no instanceof No)) throw no;
      setFault(problemText(t, no.problem, namesOf(t, {})));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="panel centre-panel" aria-label={props.title}>
      <h2>{props.title}</h2>
      {props.lead !== undefined && <p>{props.lead}</p>}
      <form onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}>
        {props.children}
        <p className="text-bad form-fault" role="alert">{fault ?? ""}</p>
        <Button className="big" type="primary" htmlType="submit" block loading={busy} disabled={!props.complete}>{props.label}</Button>
      </form>
      {props.foot}
    </section>
  );
}

function Password(props: { label: string; value: string; onChange: (value: string) => void; complete: "current-password" | "new-password"; autoFocus?: boolean; error?: string }) {
  return (
    <Field label={props.label} error={props.error}>
      {(id) => <Input id={id} type="password" value={props.value} autoFocus={props.autoFocus} autoComplete={props.complete} onChange={(event) => props.onChange(event.target.value)} />}
    </Field>
  );
}

function Code(props: { value: string; onChange: (value: string) => void; help?: string; autoFocus?: boolean }) {
  const t = useT();
  return (
    <Field label={t.signIn.code} help={props.help}>
      {(id) => <Input id={id} inputMode="numeric" autoFocus={props.autoFocus} autoComplete="one-time-code" maxLength={6} value={props.value} onChange={(event) => props.onChange(event.target.value.replace(/\D/g, ""))} />}
    </Field>
  );
}

function Form({ onCaller }: { onCaller: (caller: Caller) => void }) {
  const t = useT();
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const body = { account: account.trim(), password, ...(code === "" ? {} : { code }) };
  return (
    <Ask<Caller> title={t.signIn.title} label={t.signIn.submit} complete={account.trim() !== "" && password !== ""} send={() => request<Caller>("/api/sign-in", { body })} onDone={onCaller} foot={<p className="seat-link"><a href="/seat">{t.signIn.seat}</a></p>}>
      <Field label={t.signIn.account}>
        {(id) => <Input id={id} autoFocus value={account} autoComplete="username" autoCapitalize="none" spellCheck={false} onChange={(event) => setAccount(event.target.value)} />}
      </Field>
      <Password label={t.signIn.password} value={password} onChange={setPassword} complete="current-password" />
      <Code value={code} onChange={setCode} help={t.signIn.codeHelp} />
    </Ask>
  );
}

function ChangePassword({ onCaller }: { onCaller: (caller: Caller) => void }) {
  const t = useT();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const differ = again !== "" && again !== fresh;
  return (
    <Ask<Caller> title={t.signIn.changeTitle} lead={t.signIn.changeHelp} label={t.signIn.change} complete={old !== "" && fresh !== "" && again === fresh} send={() => request<Caller>("/api/password", { body: { old, new: fresh } })} onDone={onCaller}>
      <Password label={t.signIn.old} value={old} onChange={setOld} complete="current-password" autoFocus />
      <Password label={t.signIn.fresh} value={fresh} onChange={setFresh} complete="new-password" />
      <Password label={t.signIn.again} value={again} onChange={setAgain} complete="new-password" error={differ ? t.signIn.differ : undefined} />
    </Ask>
  );
}

function EnrolFactor({ onCaller }: { onCaller: (caller: Caller) => void }) {
  const t = useT();
  const [offer, setOffer] = useState<FactorOffer | null>(null);
  const [code, setCode] = useState("");
  useEffect(() => {
    let wanted = true;
    request<FactorOffer>("/api/factor", { method: "POST" }).then((made) => wanted && setOffer(made), () => undefined);
    return () => {
      wanted = false;
    };
  }, []);
  const secret = offer === null ? "" : (new URL(offer.uri).searchParams.get("secret") ?? offer.uri);
  return (
    <Ask<Caller> title={t.signIn.factorTitle} lead={t.signIn.factorHelp} label={t.signIn.factorSubmit} complete={code.length === 6} send={() => request<Caller>("/api/factor/confirmation", { body: { code } })} onDone={onCaller}>
      {offer !== null && (
        <>
          <img className="qr" alt={t.signIn.factorAlt} src={`data:image/svg+xml;utf8,${encodeURIComponent(offer.qr)}`} />
          <p className="help">{t.signIn.factorText}</p>
          <p className="secret">{secret.replace(/(.{4})/g, "$1 ").trim()}</p>
        </>
      )}
      <Code value={code} onChange={setCode} autoFocus />
    </Ask>
  );
}

/** Covers the page while its sign-in is locked; what plays and is sent below goes on. */
export function LockOverlay({ account, onCaller }: { account: string; onCaller: (caller: Caller) => void }) {
  const t = useT();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const body = { account, password, ...(code === "" ? {} : { code }) };
  return (
    <div className="lock" role="dialog" aria-modal="true" aria-label={t.signIn.lockedTitle}>
      <Ask<Caller> title={t.signIn.lockedTitle} lead={t.signIn.lockedHelp} label={t.signIn.unlock} complete={password !== ""} send={() => request<Caller>("/api/unlock", { body })} onDone={(caller) => {
        onCaller(caller);
        window.dispatchEvent(new Event(REOPEN));
      }}>
        <p><strong>{t.signIn.signedInAs(account)}</strong></p>
        <Password label={t.signIn.password} value={password} onChange={setPassword} complete="current-password" autoFocus />
        <Code value={code} onChange={setCode} help={t.signIn.codeHelp} />
      </Ask>
    </div>
  );
}
