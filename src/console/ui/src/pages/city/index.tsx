// Owns the city board: every room with how old its data are, what is planned, and what waits for the operator.
import { Button, Segmented } from "antd";
import { useEffect, useState } from "react";
import { size, span, syncClock, useNow } from "../../clock";
import { useT } from "../../i18n";
import { useLive } from "../../live";
import { Mark } from "../../parts/mark";
import { Empty, Panel, Shell } from "../../parts/shell";
import type { BoardView } from "../../wire";
import { useRefused, type PageProps } from "../common";
import { Handovers } from "./handovers";
import { Plans } from "./plans";
import { PlanDialog } from "./plan-dialog";
import { RoomCard } from "./room-card";
import { Refused, Waiting } from "./operator";
import { Timeline } from "./timeline";
import "./city.css";

type Tab = "plans" | "handovers" | "trail";

/** How much there is behind a tab that is not shown. */
function count(view: BoardView, tab: Tab): string {
  const many = { plans: view.evaluations.length, handovers: view.archives.length + view.statements.length, trail: view.trail.length }[tab];
  return many === 0 ? "" : ` ${many}`;
}

export function CityBoard({ welcome, account, onRefused }: PageProps) {
  const t = useT();
  const live = useLive<BoardView>("/api/live/city");
  useRefused(live, onRefused);
  const view = live.view;
  useEffect(() => {
    if (view !== null) syncClock(view.at);
  }, [view]);
  const [shown, setShown] = useState<string | null>(null);
  const [plans, setPlans] = useState(false);
  const [tab, setTab] = useState<Tab>("plans");
  const operator = account?.role === "technician";
  const frame = { title: t.city.title, room: welcome.city, city: t.city.role, role: t.city.title, link: live.link, account };
  if (view === null) return <Shell {...frame}><p className="connecting" role="status">{t.common.loading}</p></Shell>;
  const room = view.rooms.find((known) => known.id === shown);
  return (
    <Shell {...frame} className="city-page">
      {view.broker == null && (
        <div className="banner banner-bad" role="alert">
          <Mark level="bad" size={20} />
          <strong>{t.city.broker(false)}</strong>
          <span>{t.city.brokerTodo}</span>
        </div>
      )}
      <Totals view={view} />
      <div className="city-columns">
        <Panel title={t.city.rooms} className="city-rooms">
          <ul className="room-grid" tabIndex={0} aria-label={t.city.rooms}>
            {view.rooms.map((known) => <RoomCard key={known.id} room={known} onTimeline={() => setShown(known.id)} />)}
          </ul>
        </Panel>
        <div className="city-side">
          {view.waiting.length > 0 && <Waiting view={view} operator={operator} />}
          <section className="panel side-panel" aria-label={t.city.tabs[tab]}>
            <div className="lists-head">
              <Segmented
                block
                value={tab}
                onChange={setTab}
                options={(["plans", "handovers", "trail"] as const).map((value) => ({ value, label: `${t.city.tabs[value]}${count(view, value)}` }))}
              />
            </div>
            {tab === "plans" && operator && <div className="side-act"><Button type="primary" block onClick={() => setPlans(true)}>{t.city.plan}</Button></div>}
            {tab === "plans" && (view.evaluations.length === 0 ? <Empty title={t.city.noPlans} /> : <Plans view={view} operator={operator} />)}
            {tab === "handovers" && <Handovers view={view} operator={operator} />}
            {tab === "trail" && <Refused view={view} />}
          </section>
        </div>
      </div>
      {room !== undefined && <Timeline room={room} requests={view.relays} operator={operator} onClose={() => setShown(null)} />}
      {plans && <PlanDialog view={view} onClose={() => setPlans(false)} />}
    </Shell>
  );
}

function Totals({ view }: { view: BoardView }) {
  const t = useT();
  const now = useNow(1000);
  const fresh = view.rooms.filter((room) => room.online && !room.stale);
  const running = fresh.filter((room) => room.state?.session != null && ["in_session", "closing", "check_in", "ready", "suspended", "overnight"].includes(room.state.session.phase));
  const alarms = fresh.reduce((sum, room) => sum + (room.state?.alarms.length ?? 0), 0);
  const free = fresh.filter((room) => !running.includes(room)).reduce((sum, room) => sum + (room.state?.seats ?? 0), 0);
  const disk = fresh.reduce((sum, room) => sum + (room.state?.health.disk_free_bytes ?? 0), 0);
  const gone = view.rooms.length - fresh.length;
  const figures: [string, string, "bad" | "none"][] = [
    [t.city.totals.running, `${running.length}/${view.rooms.length}`, "none"],
    [t.city.totals.alarms, String(alarms), alarms > 0 ? "bad" : "none"],
    [t.city.totals.offline, String(gone), gone > 0 ? "bad" : "none"],
    [t.city.totals.freeSeats, fresh.length === 0 ? "–" : String(free), "none"],
    [t.city.totals.disk, fresh.length === 0 ? "–" : size(disk), "none"],
  ];
  return (
    <dl className="totals">
      {figures.map(([label, figure, level]) => (
        <div key={label} className={`total total-${level}`}>
          <dt>{label}</dt>
          <dd>{figure}</dd>
        </div>
      ))}
      <div className="total total-age"><dt>{t.city.broker(view.broker != null)}</dt><dd>{t.city.age(span(now - view.at))}</dd></div>
    </dl>
  );
}
