// Owns a room in detail: its equipment and link, all its alarms, and its journal as the hub has it, newest first, read on as it grows.
import { Button } from "antd";
import { useEffect, useState } from "react";
import { request } from "../../api";
import { dayTime } from "../../clock";
import { useT } from "../../i18n";
import { names } from "../../names";
import { Dialog } from "../../parts/dialogs";
import { Events } from "../../parts/events";
import { useAttempt } from "../../parts/notice";
import { Empty } from "../../parts/shell";
import { Mark } from "../../parts/mark";
import type { BoardRoom, Line, RelayRequest, StoredLine } from "../../wire";
import { Relays } from "./relays";
import { alarmText, details } from "./room-card";

interface Stored {
  seq: number;
  line: StoredLine;
}

const AT_ONCE = 100;

export function Timeline({ room, requests, operator, onClose }: { room: BoardRoom; requests: RelayRequest[]; operator: boolean; onClose: () => void }) {
  const t = useT();
  const attempt = useAttempt();
  const [newest, setNewest] = useState<Stored[]>([]);
  const [earlier, setEarlier] = useState<Stored[]>([]);
  const path = `/api/rooms/${room.id}/events?limit=${AT_ONCE}`;
  useEffect(() => {
    void attempt(async () => setNewest(await request<Stored[]>(path)));
  }, [attempt, path, room.upto]);
  const oldest = (earlier.at(-1) ?? newest.at(-1))?.seq ?? 1;
  const more = () => attempt(async () => {
    const read = await request<Stored[]>(`${path}&before=${oldest}`);
    setEarlier((known) => [...known, ...read]);
  });
  const first = newest.at(-1)?.seq ?? 0;
  const all = [...newest, ...earlier.filter((entry) => entry.seq < first)];
  const lines: Line[] = all.map(({ seq, line }) => ({ seq, at: line.stamp.at, session: line.session ?? null, actor: line.actor, event: line.event }));
  return (
    <Dialog title={t.city.timelineOf(room.state?.name ?? room.id)} onClose={onClose} width={880}>
      <ul className="room-details">{[room.id, ...details(t, room)].map((text) => <li key={text}>{text}</li>)}</ul>
      {room.state != null && room.state.alarms.length > 0 && (
        <ul className="room-alarms">
          {room.state.alarms.map((alarm) => <li key={`${alarm.kind}-${alarm.subject}-${alarm.since}`}><Mark level={alarm.urgent ? "bad" : "warn"} /> <span>{alarmText(t, alarm)} · {dayTime(alarm.since)}</span></li>)}
        </ul>
      )}
      <Relays room={room} requests={requests} operator={operator} />
      {lines.length === 0 ? <Empty title={t.city.noEvents} /> : <div className="timeline-list"><Events lines={lines} names={names(t, {})} /></div>}
      {oldest > 1 && <Button onClick={() => void more()}>{t.city.earlier}</Button>}
    </Dialog>
  );
}
