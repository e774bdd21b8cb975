// Owns what rooms hand to the city: which archives they were asked for and have, and attendance statements to download.
import { Button, Input, Select } from "antd";
import { useState } from "react";
import { request } from "../../api";
import { dateTime, dayTime, size } from "../../clock";
import { useT } from "../../i18n";
import { Dialog, Field } from "../../parts/dialogs";
import { Mark } from "../../parts/mark";
import { useAttempt } from "../../parts/notice";
import { Empty } from "../../parts/shell";
import type { ArchiveRequest, BoardView, SealedArchive } from "../../wire";
import { roomName, standing } from "./plans";

export function Handovers({ view, operator }: { view: BoardView; operator: boolean }) {
  const t = useT();
  const h = t.city.handovers;
  const [asking, setAsking] = useState(false);
  return (
    <div className="handovers" tabIndex={0} role="group" aria-label={h.title}>
      <div className="panel-head"><h3>{h.archives}</h3>{operator && <div className="panel-aside"><Button size="small" onClick={() => setAsking(true)}>{h.ask}</Button></div>}</div>
      {view.archives.length === 0 ? <Empty title={h.noArchives} /> : (
        <ul className="handover-list">{view.archives.map((asked) => <Asked key={`${asked.room}-${asked.session}-${asked.asked}`} view={view} asked={asked} />)}</ul>
      )}
      <div className="panel-head"><h3>{h.statements}</h3></div>
      {view.statements.length === 0 ? <Empty title={h.noStatements} /> : (
        <ul className="handover-list">
          {view.statements.map((statement) => (
            <li key={statement.id}>
              <div className="plan-head">
                <strong>{statement.session}</strong>
                {statement.rehearsal && <span className="tag tag-warn">{t.header.rehearsal}</span>}
                <span>{roomName(view, statement.room)} · {dayTime(statement.made)}</span>
                {operator && <a className="download" href={`/api/rooms/${statement.room}/statements/${statement.id}`} download aria-label={`${h.download} ${statement.session} ${roomName(view, statement.room)}`}>{h.download}</a>}
              </div>
              <p className="room-small">{h.recipient(statement.recipient.slice(0, 16))}</p>
            </li>
          ))}
        </ul>
      )}
      {view.statements.length > 0 && <p className="help handover-help">{h.statementsHelp}</p>}
      {asking && <AskDialog view={view} onClose={() => setAsking(false)} />}
    </div>
  );
}

function Asked({ view, asked }: { view: BoardView; asked: ArchiveRequest }) {
  const t = useT();
  const { text, level } = standing(t, asked.state);
  const archive = asked.state.state === "answered" && asked.state.outcome.result === "done" ? asked.state.outcome.archive : null;
  return (
    <li>
      <div className="plan-head">
        <strong>{asked.session}</strong>
        <span>{roomName(view, asked.room)} · {dayTime(asked.asked)}</span>
      </div>
      {archive == null ? <p className="plan-venue"><Mark level={level} /> <span>{text}</span></p> : <Known archive={archive} />}
    </li>
  );
}

function Known({ archive }: { archive: SealedArchive }) {
  const t = useT();
  const h = t.city.handovers;
  const bad = archive.damaged > 0 || archive.released;
  return (
    <>
      <p className="plan-venue">
        <Mark level={bad ? "bad" : "ok"} />{" "}
        <span>{h.sealed(dateTime(archive.sealed), archive.files, size(archive.bytes))}{archive.timestamped ? `${t.words.comma}${h.timestamped}` : ""}{archive.damaged > 0 ? `${t.words.comma}${h.damaged(archive.damaged)}` : ""}{archive.released ? `${t.words.comma}${h.released}` : ""}</span>
      </p>
      <p className="room-small">tagmanifest-sha256.txt <code>{archive.tagmanifest_sha256}</code></p>
      {archive.replicas.map((copy) => (
        <p key={copy.replica} className="plan-venue room-small">
          <Mark level={copy.verified == null ? "warn" : "ok"} />{" "}
          <span>{copy.replica} · {copy.verified == null ? h.notCopied : h.copied(dayTime(copy.verified))}{copy.s3 != null && <> · <code>s3://{copy.s3.bucket}/{copy.s3.key}</code> ({copy.s3.endpoint})</>}</span>
        </p>
      ))}
      {archive.replicas.length === 0 && <p className="room-small">{h.noReplicas}</p>}
    </>
  );
}

function AskDialog({ view, onClose }: { view: BoardView; onClose: () => void }) {
  const t = useT();
  const h = t.city.handovers;
  const attempt = useAttempt();
  const [room, setRoom] = useState<string | null>(null);
  const [session, setSession] = useState("");
  const wellFormed = /^[A-Za-z0-9-]{1,40}$/.test(session);
  const send = () => attempt(() => request(`/api/rooms/${room}/archive`, { body: { session } }), h.asked);
  return (
    <Dialog title={h.ask} onClose={onClose} act={{ label: t.city.send, disabled: room === null || !wellFormed, run: send }}>
      <p className="help">{h.askHelp}</p>
      <Field label={t.city.venue}>
        {(id) => <Select id={id} value={room} onChange={setRoom} options={view.rooms.map((known) => ({ value: known.id, label: roomName(view, known.id) }))} />}
      </Field>
      <Field label={t.tech.planForm.id} error={session !== "" && !wellFormed ? t.tech.planForm.idHelp : undefined}>
        {(id) => <Input id={id} value={session} onChange={(event) => setSession(event.target.value)} autoComplete="off" spellCheck={false} />}
      </Field>
    </Dialog>
  );
}
