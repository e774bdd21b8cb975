// Owns one room on the board: where its session stands, who is there, what runs out, what is wrong, and how old all of that is. What is
// as it should be stays behind its button.
import { Button } from "antd";
import { dayTime, span, useNow } from "../../clock";
import { useT, type Dictionary } from "../../i18n";
import { feedName } from "../../names";
import { Mark, type MarkLevel } from "../../parts/mark";
import type { BoardRoom, PublicAlarm, PublicState } from "../../wire";

/** What is wrong that a card tells one by one: cards stay low, so that a city fits the screen. */
const SHOWN = 2;
/** Beyond these somebody should look: hours of disk, ms of the clock, degrees, entries without a receipt. */
const LIMITS = { disk: 24, clock: 1000, temperature: 85, unreceipted: 1000 };

export function RoomCard({ room, onTimeline }: { room: BoardRoom; onTimeline: () => void }) {
  const t = useT();
  const now = useNow(1000);
  const state = room.state;
  const session = state?.session;
  const unwell = state == null ? [] : exceptions(t, state);
  const alarms = (state?.alarms ?? []).map((alarm) => ({ text: alarmText(t, alarm), level: (alarm.urgent ? "bad" : "warn") as MarkLevel }));
  const wrong = [...alarms, ...unwell.map((text) => ({ text, level: "warn" as MarkLevel }))];
  const urgent = state?.alarms.some((alarm) => alarm.urgent) === true;
  const worst = urgent ? "bad" : wrong.length > 0 ? "warn" : "none";
  const level: MarkLevel = !room.online ? "bad" : room.stale ? "warn" : worst;
  const present = room.online && !room.stale;
  return (
    <li className={`room-card room-${level} ${present ? "" : "room-old"}`}>
      <div className="room-head">
        <strong>{state?.name ?? room.id}</strong>
        {!present && <span className="tag room-tag"><Mark level={level} /> {room.online ? t.city.stale : t.city.offline}</span>}
      </div>
      {state == null ? <p className="text-muted">{t.city.noState}</p> : (
        <>
          <p className="room-phase">
            {session == null ? <span className="text-muted">{t.city.idle}</span> : <><strong>{t.words.phases[session.phase]}</strong> {session.id}{session.kind === "rehearsal" && <span className="tag tag-warn">{t.header.rehearsal}</span>}</>}
          </p>
          <ul className="room-facts">
            {session != null && <li>{t.city.people(session.present_members, session.expected_members)}</li>}
            {session == null && <li>{t.city.seats(state.seats)}</li>}
            {(session != null || state.recording.wanted > 0) && <li className={state.recording.writing < state.recording.wanted ? "text-bad" : undefined}>{t.city.recording(state.recording.writing, state.recording.wanted)}</li>}
            <li className={state.health.cameras_live < state.health.cameras ? "text-warn" : undefined}>{t.city.cameras(state.health.cameras_live, state.health.cameras)}</li>
            {session?.clocks.map((clock) => <li key={clock.what}>{t.city.clocks[clock.what] ?? clock.what} {clock.ends > now ? span(clock.ends - now) : t.city.over}</li>)}
          </ul>
          {wrong.length > 0 && (
            <ul className="room-alarms">
              {wrong.slice(0, SHOWN).map(({ text, level }, place) => <li key={`${text}-${place}`}><Mark level={level} /> <span>{text}{place === SHOWN - 1 && wrong.length > SHOWN ? ` ${t.city.moreAlarms(wrong.length - SHOWN)}` : ""}</span></li>)}
            </ul>
          )}
        </>
      )}
      <div className="room-foot">
        <span className={present ? "text-muted" : "text-warn"}>{room.heard == null ? "" : t.city.age(span(now - room.heard))}</span>
        <Button size="small" onClick={onTimeline} aria-label={`${t.city.timeline} ${room.id}`}>{t.city.timeline}</Button>
      </div>
    </li>
  );
}

/** What of the equipment and the link is not as it should be. */
function exceptions(t: Dictionary, state: PublicState): string[] {
  const { health } = state;
  return [
    health.disk_hours < LIMITS.disk ? t.city.disk(health.disk_hours) : "",
    health.archives_not_replicated > 0 ? t.city.notReplicated(health.archives_not_replicated) : "",
    Math.abs(health.clock_offset_ms ?? 0) > LIMITS.clock ? t.city.clock((health.clock_offset_ms ?? 0).toFixed(0)) : "",
    (health.temperature_c ?? 0) > LIMITS.temperature ? t.city.temperature((health.temperature_c ?? 0).toFixed(0)) : "",
    state.unreceipted > LIMITS.unreceipted ? t.city.unreceipted(state.unreceipted) : "",
  ].filter((text) => text !== "");
}

/** All that the room says of its equipment and the link. */
export function details(t: Dictionary, room: BoardRoom): string[] {
  const state = room.state;
  if (state == null) return [];
  const { health } = state;
  return [
    t.city.seats(state.seats),
    t.city.disk(health.disk_hours),
    health.last_backup == null ? t.city.noBackup : t.city.backup(dayTime(health.last_backup)),
    health.archives_not_replicated > 0 ? t.city.notReplicated(health.archives_not_replicated) : "",
    health.temperature_c == null ? "" : t.city.temperature(health.temperature_c.toFixed(0)),
    health.clock_offset_ms == null ? "" : t.city.clock(health.clock_offset_ms.toFixed(1)),
    t.city.stored(room.upto),
    state.unreceipted > 0 ? t.city.unreceipted(state.unreceipted) : "",
    t.city.epoch(room.epoch),
    t.city.version(state.version),
  ].filter((text) => text !== "");
}

/** An alarm from afar: what kind, about what, and what is wrong with it; the room itself says what to do. */
export function alarmText(t: Dictionary, alarm: PublicAlarm): string {
  const kind = t.city.alarm[alarm.kind] ?? alarm.kind;
  if (alarm.subject == null) return kind;
  const subject = alarm.kind === "equipment" ? t.words.equipment(alarm.subject) : alarm.kind === "help" ? t.common.seat(Number(alarm.subject)) : feedName(t, alarm.subject);
  return `${subject}${t.words.stop}${kind}`;
}
