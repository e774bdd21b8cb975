// Owns the expert's page: from the enrolment of the workstation to leaving. The step is read from the view, so a
// reload or a reboot goes on where it was; what the workstation sends starts by itself.
import { Button } from "antd";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { SEAT } from "../../api";
import { syncClock } from "../../clock";
import { useT } from "../../i18n";
import { useLive, type Link } from "../../live";
import { WorkstationMedia, type WorkstationState } from "../../media/workstation";
import { mask, names as namesOf } from "../../names";
import { useCommand } from "../../parts/notice";
import { Shell } from "../../parts/shell";
import type { Pictures, SeatPageView, Welcome } from "../../wire";
import { Connecting, useRefused } from "../common";
import { Enrol } from "./enrol";
import { DeviceSide, ScreenPrompt } from "./devices";
import { HelpPanel } from "./help";
import { Step } from "./steps";
import { TalkBack, Warning } from "./supervision";

export function SeatPage({ welcome, onRefused }: { welcome: Welcome; onRefused: () => void }) {
  const t = useT();
  const seat = welcome.caller.is === "workstation" || welcome.caller.is === "member" ? welcome.caller.seat : null;
  if (seat === null) {
    return (
      <Shell title={t.seat.titleNone} room={welcome.room} city={welcome.city} role={t.nav.seat}>
        <Enrol onEnrolled={onRefused} />
      </Shell>
    );
  }
  return <Enrolled key={seat} seat={seat} welcome={welcome} onRefused={onRefused} />;
}

function Enrolled({ seat, welcome, onRefused }: { seat: number; welcome: Welcome; onRefused: () => void }) {
  const live = useLive<SeatPageView>("/api/live/seat", SEAT);
  useRefused(live, onRefused);
  const [media, state] = useWorkstation(seat, welcome.pictures);
  // whoever checks in becomes another caller: the stream begins anew as the member's
  if (live.view === null) return <Connecting welcome={welcome} account={null} link={live.link} role="seat" />;
  syncClock(live.view.at);
  return <SeatView view={live.view} link={live.link} media={media} state={state} onChanged={live.reopen} />;
}

function useWorkstation(seat: number, pictures: Pictures): [WorkstationMedia, WorkstationState] {
  const [media] = useState(() => new WorkstationMedia(seat, pictures));
  useEffect(() => {
    media.start();
    return () => media.stop();
  }, [media]);
  return [media, useSyncExternalStore(media.subscribe, media.current)];
}

interface SeatProps {
  view: SeatPageView;
  link: Link;
  media: WorkstationMedia | null;
  state: WorkstationState;
  onChanged: () => void;
}

export function SeatView({ view, link, media, state, onChanged }: SeatProps) {
  const t = useT();
  const session = view.session ?? null;
  const names = useMemo(() => namesOf(t, { members: session?.colleagues, feeds: view.feeds }), [t, session, view.feeds]);
  const give = useCommand(session?.id, names, SEAT);
  const share = useCallback(() => void media?.screen(), [media]);
  const rehearsal = session?.kind === "rehearsal";
  const me = view.me ?? null;
  return (
    <Shell
      title={t.seat.title(view.seat)}
      className="page-seat"
      room={view.room.name}
      city={view.room.city}
      role={`${t.seat.title(view.seat)}${me === null ? "" : ` · ${mask(t, me)}`}`}
      link={link}
      rehearsal={rehearsal}
    >
      {view.talk_back && <TalkBack feed={view.feeds.find((feed) => feed.kind === "talk_back")?.id ?? null} />}
      {(state.screen.fault !== null) && <ScreenPrompt fault={state.screen.fault} onShare={share} />}
      <div className="seat-body">
        <div className="seat-main">
          <div className="seat-title">
            <span className="seat-number" aria-hidden="true">{view.seat}</span>
            <div>
              <p className="seat-session">{session === null ? t.seat.noSession : `${session.id} · ${t.words.phases[session.phase]}`}</p>
              {me !== null && <p className="seat-mask-large">{mask(t, me)}{me.chair ? ` · ${t.tech.seat.chair}` : ""}</p>}
            </div>
            {rehearsal && <p className="text-warn">{t.seat.rehearsal}</p>}
          </div>
          <Step view={view} names={names} give={give} onChanged={onChanged} />
        </div>
        <aside className="seat-side" aria-label={t.seat.own}>
          <DeviceSide media={media} state={state} onShare={share} check={session === null || me === null} />
          <HelpPanel view={view} give={give} />
        </aside>
      </div>
      {view.warning != null && <Warning text={view.warning} give={give} />}
    </Shell>
  );
}

export function BigButton(props: { label: string; onClick: () => void; disabled?: boolean; why?: string; danger?: boolean; primary?: boolean }) {
  return (
    <div className="big-action">
      <Button className="big" type={props.primary === false ? "default" : "primary"} danger={props.danger} disabled={props.disabled} onClick={props.onClick}>{props.label}</Button>
      {props.disabled === true && props.why !== undefined && <p className="text-warn">{props.why}</p>}
    </div>
  );
}
