// Owns the proof of the draw as the pages show it: what was committed to, by whom, and where it stands.
import { Button } from "antd";
import { request } from "../../api";
import { hourMinute } from "../../clock";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { useAttempt } from "../../parts/notice";
import { Panel } from "../../parts/shell";
import type { ConveningView, PublicRecord } from "../../wire";
import { step } from "./step";

export function Proof({ session, role, names }: { session: ConveningView; role: "technician" | "supervisor"; names: Names }) {
  const t = useT();
  const p = t.draw.page;
  const attempt = useAttempt(names);
  const draw = session.draw;
  const composition = session.composition;
  const share = `${composition.expert_share[0]}/${composition.expert_share[1]}`;
  const open = session.callout == null ? null : session.callout.places - session.callout.filled;
  const download = () => attempt(async () => {
    const record = await request<PublicRecord>(`/api/sessions/${session.session}/draw`);
    const url = URL.createObjectURL(new Blob([JSON.stringify(record, null, 1)], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `draw-${session.session}-${record.attempt}.json`;
    link.click();
    URL.revokeObjectURL(url);
  });
  return (
    <Panel title={p.proof} aside={draw == null ? undefined : `${p.attemptNo(draw.attempt)} · ${step(t, draw)}`}>
      <dl className="proof">
        <dt>{p.composition}</dt>
        <dd>{p.compositionOf(composition.members, composition.odd, composition.least, share)}{open === null ? "" : ` · ${open === 0 ? p.compositionDone : p.compositionOpen(open)}`}</dd>
        {draw != null && (
          <>
            <dt>{p.pool}</dt>
            <dd>{p.poolOf(draw.rows, draw.eligible)}</dd>
            {draw.excluded.length > 0 && (
              <>
                <dt>{p.excluded}</dt>
                <dd>{draw.excluded.map((one) => `${t.draw.exclusions[one.reason]} ${one.rows}`).join(t.words.comma)}</dd>
              </>
            )}
            <dt>{p.groups}</dt>
            <dd>
              {draw.groups.map((group) => <span key={group.speciality} className="proof-group">{p.group(group.speciality, group.count, group.filled, group.eligible)}</span>)}
              {draw.designated > 0 && <span className="proof-group">{p.designated(draw.designated)}</span>}
            </dd>
            <Hash label={p.root} value={draw.root} />
            <Hash label={p.rules} value={draw.rules} />
            <Hash label={p.boxCommitment} value={draw.box_commitment} />
            {draw.given != null && (
              <>
                <dt>{p.given}</dt>
                <dd>{p.givenBy(draw.given.key.slice(0, 12), draw.given.attempt)}</dd>
              </>
            )}
            {draw.given == null && <Hash label={p.supervisorCommitment} value={draw.supervisor_commitment} />}
            {draw.hub != null && <Hash label={p.hubSignature} value={draw.hub.signature} pending={draw.hub.until == null ? undefined : p.hubWaits(hourMinute(draw.hub.until))} />}
            <Hash label={p.seed} value={draw.seed} />
          </>
        )}
      </dl>
      {draw?.aborted.map((one) => <p key={one.attempt} className="text-warn proof-aborted">{p.aborted(one.attempt, hourMinute(one.at), t.draw.abortReasons[one.reason.kind])}</p>)}
      {role === "supervisor" && draw?.seed != null && <div className="proof-download"><Button block onClick={() => void download()}>{p.record}</Button></div>}
    </Panel>
  );
}

function Hash({ label, value, pending }: { label: string; value?: string | null; pending?: string }) {
  const t = useT();
  return (
    <>
      <dt>{label}</dt>
      <dd>{value == null ? <span className="text-muted">{pending ?? t.draw.page.notYet}</span> : <code title={value}>{value.slice(0, 20)}…{value.slice(-6)}</code>}</dd>
    </>
  );
}
