// Owns the technician's page: the room as it is, what needs him, and the one next step.
import { Segmented } from "antd";
import { useMemo, useState } from "react";
import { syncClock } from "../../clock";
import { useT } from "../../i18n";
import { useLive } from "../../live";
import { names as namesOf } from "../../names";
import { Alarms, gathered } from "../../parts/alarms";
import { Events } from "../../parts/events";
import { useCommand } from "../../parts/notice";
import { SeatMap } from "../../parts/seat-map";
import { Panel, Shell } from "../../parts/shell";
import { Stepper } from "../../parts/stepper";
import { Connecting, useRefused, type PageProps } from "../common";
import type { RoomView } from "../../wire";
import { ActionBar } from "./action-bar";
import { alarmButton } from "./alarm-button";
import { Cameras, Committee, PreflightList } from "./lists";
import { SeatDrawer } from "./seat-drawer";
import { type Open, TechnicianDialogs } from "./dialogs";

export function Technician({ welcome, account, onRefused }: PageProps) {
  const live = useLive<RoomView>("/api/live/technician");
  useRefused(live, onRefused);
  if (live.view === null) return <Connecting welcome={welcome} account={account} link={live.link} role="technician" />;
  syncClock(live.view.at);
  return <TechnicianView view={live.view} link={live.link} account={account} />;
}

export function TechnicianView({ view, link, account }: { view: RoomView; link: "connecting" | "live" | "stale" | "refused"; account: PageProps["account"] }) {
  const t = useT();
  const session = view.session ?? null;
  const names = useMemo(() => namesOf(t, { members: session?.members, feeds: view.feeds }), [t, session, view.feeds]);
  const give = useCommand(session?.id, names);
  const [open, setOpen] = useState<Open | null>(null);
  const [seat, setSeat] = useState<number | null>(null);
  const [tab, setTab] = useState<"events" | "preflight" | "cameras" | "committee">(() => (session?.phase === "in_session" ? "events" : "preflight"));
  const rehearsal = session?.kind === "rehearsal";
  const over = session === null || session.phase === "sealed" || session.phase === "aborted";
  const present = session?.members.filter((m) => m.presence === "present").length ?? 0;
  const active = session?.members.filter((m) => m.presence === "present" || m.presence === "expected").length ?? 0;
  const gaps = view.alarms.filter((alarm) => alarm.what.kind === "recording_gap").length;
  return (
    <Shell
      title={t.tech.title}
      className="page-technician"
      room={view.room.name}
      city={view.room.city}
      role={t.words.kinds.role.technician}
      link={link}
      account={account}
      nav={[{ href: "/technician", label: t.nav.technician }, { href: "/draw", label: t.nav.draw }]}
      recording={view.recording}
      storage={view.storage}
      diskFault={view.alarms.some((a) => a.what.kind === "equipment" && a.what.equipment.startsWith("disk"))}
      rehearsal={rehearsal}
    >
      {session !== null && (
        <div className={`course ${rehearsal ? "course-rehearsal" : ""}`}>
          <div className="course-id">
            <strong>{session.id}</strong>
            <span>{t.words.kinds.session[session.kind]}</span>
          </div>
          <Stepper session={session} timeline={view.timeline} />
        </div>
      )}
      <div className="tech-body">
        <section className="panel map-panel" aria-label={t.tech.map}>
          <div className="counts">
            <Count value={`${view.seats.filter((s) => s.enrolled).length}/${view.seats.length}`} label={t.tech.enrolled} />
            <Count value={`${present}/${active}`} label={t.tech.checkedIn} />
            <Count value={`${session?.members.filter((m) => m.presence === "present" && m.pledges.length >= 2).length ?? 0}/${active}`} label={t.tech.pledged} />
            <Count value={`${view.recording.writing}/${view.recording.wanted}`} label={t.tech.writing} level={view.recording.writing < view.recording.wanted ? "bad" : undefined} />
            <Count value={String(gaps)} label={t.tech.gaps} level={gaps > 0 ? "bad" : undefined} />
          </div>
          <SeatMap view={view} onSeat={setSeat} />
        </section>
        <div className="tech-side">
          {over && <FirstSteps phase={session?.phase} />}
          <Panel title={t.tech.todo} aside={view.alarms.length > 0 ? String(gathered(view.alarms).length) : undefined} className={`todo-panel ${view.alarms.length > 0 ? "panel-alarmed" : ""}`}>
            <Alarms alarms={view.alarms} names={names} quiet={t.tech.allWell} act={(alarm) => alarmButton(t, alarm, give, setOpen)} />
          </Panel>
          <section className="panel lists-panel" aria-label={t.tech.tabs[tab]}>
            <div className="lists-head">
              <Segmented
                block
                value={tab}
                onChange={setTab}
                options={(["events", "preflight", "cameras", "committee"] as const).map((value) => ({ value, label: t.tech.tabs[value] }))}
              />
            </div>
            {tab === "events" && <Events lines={view.timeline} names={names} />}
            {tab === "preflight" && <PreflightList preflight={view.preflight} view={view} names={names} give={give} />}
            {tab === "cameras" && <Cameras view={view} />}
            {tab === "committee" && <Committee view={view} names={names} onSeat={setSeat} onGate={(member) => setOpen({ is: "gate", member })} />}
          </section>
        </div>
      </div>
      <ActionBar view={view} names={names} give={give} onOpen={setOpen} />
      {seat !== null && <SeatDrawer view={view} no={seat} names={names} give={give} onOpen={setOpen} onClose={() => setSeat(null)} />}
      {open !== null && <TechnicianDialogs open={open} view={view} names={names} give={give} onClose={() => setOpen(null)} />}
    </Shell>
  );
}

function Count({ value, label, level }: { value: string; label: string; level?: "bad" }) {
  const none = value === "0/0";
  return (
    <div className={`count ${level === undefined ? "" : `count-${level}`}`}>
      <span className={none ? "count-value text-muted" : "count-value"}>{none ? "–" : value}</span>
      <span className="count-label">{label}</span>
    </div>
  );
}

function FirstSteps({ phase }: { phase?: string }) {
  const t = useT();
  const first = t.tech.first;
  return (
    <section className="panel first" aria-label={first.title}>
      <h2>{first.title}</h2>
      {phase !== undefined && <p>{phase === "sealed" ? t.tech.over.sealed : t.tech.over.aborted}</p>}
      <p>{first.lead}</p>
      <ol>
        <li>{first.one}</li>
        <li>{first.two}</li>
        <li>{first.three}</li>
      </ol>
    </section>
  );
}
