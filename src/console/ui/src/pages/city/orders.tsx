// Owns how an order that the pool's owner has drawn gets from the board to a room: the room's certificate to be downloaded, the encrypted
// file to be sent, and what the room said to it.
import { Select } from "antd";
import { useState } from "react";
import { request } from "../../api";
import { dayTime, size } from "../../clock";
import { base64 } from "../../file";
import { useT, type Dictionary } from "../../i18n";
import { Dialog, Field } from "../../parts/dialogs";
import { FileField } from "../../parts/file-field";
import { Mark } from "../../parts/mark";
import { useAttempt } from "../../parts/notice";
import type { BoardView, CommandState, Evaluation } from "../../wire";
import { roomName, standing } from "./plans";

/** The last order that was sent to a venue, and how it stands. */
export function SentOrder({ view, room, session }: { view: BoardView; room: string; session: string }) {
  const t = useT();
  const o = t.city.orders;
  const sent = view.orders.find((one) => one.room === room && one.session === session);
  if (sent === undefined) return null;
  const { state } = sent;
  const told = answer(t, state) ?? standing(t, state);
  const under = state.state === "waiting" && sent.parts > 1 ? ` (${sent.answered}/${sent.parts})` : "";
  return (
    <li className="plan-venue">
      <Mark level={told.level} />{" "}
      <span>
        {o.sentTo(roomName(view, room), dayTime(sent.sent), size(sent.bytes))}{t.words.stop}{told.text}{under}
        <span className="order-digest">SHA-256 <code>{sent.sha256.slice(0, 16)}…</code></span>
      </span>
    </li>
  );
}

/** The room's answer in the words of orders. */
function answer(t: Dictionary, state: CommandState): ReturnType<typeof standing> | null {
  if (state.state !== "answered") return null;
  const { outcome } = state;
  if (outcome.result === "done") return { text: t.city.orders.taken, level: "ok" };
  if (outcome.result !== "refused" || outcome.refusal.code !== "order_unfit") return null;
  return { text: t.city.orders.notTaken(t.words.problems[outcome.refusal.fault] ?? outcome.refusal.fault), level: "bad" };
}

export function OrderDialog({ view, evaluation, onClose }: { view: BoardView; evaluation: Evaluation; onClose: () => void }) {
  const t = useT();
  const o = t.city.orders;
  const attempt = useAttempt();
  const venues = evaluation.venues.map((venue) => venue.room);
  const [room, setRoom] = useState<string | null>(venues.length === 1 ? (venues[0] ?? null) : null);
  const [file, setFile] = useState<File | null>(null);
  const certificate = view.rooms.find((known) => known.id === room)?.certificate;
  const send = () => attempt(async () => {
    if (file === null) return;
    await request(`/api/rooms/${room}/order`, { body: { session: evaluation.id, order: await base64(file) } });
  }, o.sent);
  return (
    <Dialog title={o.title(evaluation.id)} onClose={onClose} width={680} act={{ label: t.city.send, disabled: room === null || file === null, run: send }}>
      <p className="help">{o.help}</p>
      <Field label={t.city.venue}>
        {(id) => <Select id={id} value={room} onChange={setRoom} options={venues.map((known) => ({ value: known, label: roomName(view, known) }))} />}
      </Field>
      {room !== null && (
        <div className="file-field">
          <strong>{o.certificate}</strong>
          <p className="help">{o.certificateHelp}</p>
          {certificate == null ? <p className="text-warn">{o.noCertificate}</p> : (
            <p>
              <a className="download-here" href={`/api/rooms/${room}/certificate`} download={`${room}.pem`}>{o.download(`${room}.pem`)}</a>
              <span className="order-digest">SHA-256 <code>{certificate}</code></span>
            </p>
          )}
        </div>
      )}
      <FileField label={o.file} help={o.fileHelp} file={file} onFile={setFile} accept=".cms,.p7m,.der" />
    </Dialog>
  );
}
