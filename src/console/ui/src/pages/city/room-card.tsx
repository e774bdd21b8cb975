// Owns one room on the board: where its session stands, who is there, what runs out, what is wrong, and how old all of that is.
import { Button } from "antd";
import { dayTime, span, useNow } from "../../clock";
import { useT, type Dictionary } from "../../i18n";
import { feedName } from "../../names";
import { Mark, type MarkLevel } from "../../parts/mark";
import type { BoardRoom, PublicAlarm } from "../../wire";

export function RoomCard({ room, onTimeline }: { room: BoardRoom; onTimeline: () => void }) {
  const t = useT();
  const now = useNow(1000);
  const state = room.state;
  const session = state?.session;
  const worst = state?.alarms.some((alarm) => alarm.urgent) === true ? "bad" : (state?.alarms.length ?? 0) > 0 ? "warn" : "none";
  const level: MarkLevel = !room.online ? "bad" : room.stale ? "warn" : worst;
  const present = room.online && !room.stale;
  return (
    <li className={`room-card room-${level}`}>
      <div className="room-head">
        <strong>{state?.name ?? room.id}</strong>
        <span className="text-muted">{room.id}</span>
        {!present && <span className="tag room-tag"><Mark level={level} /> {room.online ? t.city.stale : t.city.offline}</span>}
      </div>
      {state == null ? <p className="text-muted">{t.city.noState}</p> : (
        <>
          <p className="room-phase">
            {session == null ? t.city.idle : <><strong>{t.words.phases[session.phase]}</strong> {session.id}{session.kind === "rehearsal" && <span className="tag tag-warn">{t.header.rehearsal}</span>}</>}
          </p>
          <ul className="room-facts">
            {session != null && <li>{t.city.people(session.present_members, session.expected_members)}</li>}
            <li>{t.city.seats(state.seats)}</li>
            <li className={state.recording.writing < state.recording.wanted ? "text-bad" : undefined}>{t.city.recording(state.recording.writing, state.recording.wanted)}</li>
            <li className={state.health.cameras_live < state.health.cameras ? "text-warn" : undefined}>{t.city.cameras(state.health.cameras_live, state.health.cameras)}</li>
            {session?.clocks.map((clock) => <li key={clock.what}>{t.city.clocks[clock.what] ?? clock.what} {clock.ends > now ? span(clock.ends - now) : t.city.over}</li>)}
          </ul>
          {state.alarms.length > 0 && (
            <ul className="room-alarms">
              {state.alarms.slice(0, 3).map((alarm) => <li key={`${alarm.kind}-${alarm.subject}-${alarm.since}`}><Mark level={alarm.urgent ? "bad" : "warn"} /> {alarmText(t, alarm)}</li>)}
              {state.alarms.length > 3 && <li className="text-muted">+{state.alarms.length - 3}</li>}
            </ul>
          )}
          <p className="room-small">{small(t, room)}</p>
        </>
      )}
      <div className="room-foot">
        <span className={room.stale ? "text-warn" : "text-muted"}>{room.heard == null ? "" : t.city.age(span(now - room.heard))}</span>
        <Button size="small" onClick={onTimeline} aria-label={`${t.city.timeline} ${room.id}`}>{t.city.timeline}</Button>
      </div>
    </li>
  );
}

function small(t: Dictionary, room: BoardRoom): string {
  const state = room.state;
  if (state == null) return "";
  const { health } = state;
  const words = [
    t.city.disk(health.disk_hours),
    health.last_backup == null ? t.city.noBackup : t.city.backup(dayTime(health.last_backup)),
    health.archives_not_replicated > 0 ? t.city.notReplicated(health.archives_not_replicated) : "",
    health.temperature_c == null ? "" : t.city.temperature(health.temperature_c.toFixed(0)),
    health.clock_offset_ms == null ? "" : t.city.clock(health.clock_offset_ms.toFixed(1)),
    t.city.stored(room.upto),
    state.unreceipted > 0 ? t.city.unreceipted(state.unreceipted) : "",
    t.city.epoch(room.epoch),
    t.city.version(state.version),
  ];
  return words.filter((word) => word !== "").join(" · ");
}

/** An alarm from afar: what kind, about what, and what is wrong with it; the room itself says what to do. */
export function alarmText(t: Dictionary, alarm: PublicAlarm): string {
  const kind = t.city.alarm[alarm.kind] ?? alarm.kind;
  if (alarm.subject == null) return kind;
  const subject = alarm.kind === "equipment" ? t.words.equipment(alarm.subject) : alarm.kind === "help" ? t.common.seat(Number(alarm.subject)) : feedName(t, alarm.subject);
  return `${subject}${t.words.stop}${kind}`;
}
