// Owns what a room sends out live: where its profile lets feeds go, which go now, and the operator's request and end of it.
import { Button, Checkbox, Select } from "antd";
import { useState } from "react";
import { request } from "../../api";
import { boxNow, dayTime } from "../../clock";
import { useT } from "../../i18n";
import { feedName } from "../../names";
import { Dialog, Field } from "../../parts/dialogs";
import { Mark } from "../../parts/mark";
import { useAttempt } from "../../parts/notice";
import type { BoardRoom, PublicRelay, RelayRequest } from "../../wire";
import { standing } from "./plans";

const HOUR = 3600_000;

export function Relays({ room, requests, operator }: { room: BoardRoom; requests: RelayRequest[]; operator: boolean }) {
  const t = useT();
  const r = t.city.relays;
  const attempt = useAttempt();
  const [asking, setAsking] = useState<PublicRelay | null>(null);
  const session = room.state?.session?.id;
  const relays = room.state?.relays ?? [];
  if (relays.length === 0) return null;
  const last = requests.find((one) => one.room === room.id && one.session === session);
  const end = (relay: PublicRelay) => attempt(() => request(`/api/rooms/${room.id}/relay-end`, { body: { session, relay: relay.id } }), r.endSent);
  const told = last === undefined ? null : standing(t, last.state);
  return (
    <section className="relays" aria-label={r.title}>
      <h3>{r.title}</h3>
      <ul>
        {relays.map((relay) => (
          <li key={relay.id}>
            <div className="plan-head">
              <strong>{relay.id}</strong>
              <span>{relay.host}{relay.sound && `${t.words.comma}${r.sound}`}</span>
              {operator && session !== undefined && !relay.barred && (
                <span className="relay-acts">
                  <Button size="small" onClick={() => setAsking(relay)} aria-label={`${r.ask} ${relay.id}`}>{r.ask}</Button>
                  {relay.until != null && <Button size="small" danger onClick={() => void end(relay)} aria-label={`${r.end} ${relay.id}`}>{r.end}</Button>}
                </span>
              )}
            </div>
            {relay.barred ? <p className="plan-venue"><Mark level="warn" /> <span>{r.barred}</span></p> : relay.until == null ? <p className="room-small">{r.none}</p> : relay.feeds.map((one) => (
              <p key={one.feed} className="plan-venue">
                <Mark level={one.state === "sending" ? "ok" : one.state === "failed" ? "bad" : "none"} /> <span>{feedName(t, one.feed)} · {r.states[one.state] ?? one.state} · {r.until(dayTime(relay.until!))}</span>
              </p>
            ))}
          </li>
        ))}
      </ul>
      {told !== null && last !== undefined && <p className="plan-venue"><Mark level={told.level} /> <span>{r.last(r.asked[last.what] ?? last.what, dayTime(last.asked))}{t.words.stop}{told.text}</span></p>}
      {asking !== null && session !== undefined && <AskDialog room={room} session={session} relay={asking} onClose={() => setAsking(null)} />}
    </section>
  );
}

function AskDialog({ room, session, relay, onClose }: { room: BoardRoom; session: string; relay: PublicRelay; onClose: () => void }) {
  const t = useT();
  const r = t.city.relays;
  const attempt = useAttempt();
  const [feeds, setFeeds] = useState<string[]>(relay.feeds.map((one) => one.feed));
  const [hours, setHours] = useState(4);
  const send = () => attempt(() => request(`/api/rooms/${room.id}/relay`, { body: { session, relay: relay.id, feeds, until: boxNow() + hours * HOUR } }), r.sent);
  return (
    <Dialog title={r.askTitle(room.state?.name ?? room.id, relay.host)} onClose={onClose} act={{ label: t.city.send, disabled: feeds.length === 0, run: send }}>
      <p className="help">{r.help}</p>
      <fieldset className="choices">
        <legend>{r.feeds}</legend>
        <Checkbox.Group value={feeds} onChange={setFeeds} options={relay.permitted.map((feed) => ({ value: feed, label: feedName(t, feed) }))} />
      </fieldset>
      <Field label={r.length}>
        {(id) => <Select id={id} value={hours} onChange={setHours} options={[1, 2, 4, 8, 24].map((value) => ({ value, label: r.hours(value) }))} />}
      </Field>
    </Dialog>
  );
}
