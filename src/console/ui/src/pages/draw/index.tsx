// Owns the page of draw and call-out, for technician and supervisor alike: proof, board, lines, and what each may do.
import { Segmented } from "antd";
import { useMemo, useState } from "react";
import { hourMinute, syncClock } from "../../clock";
import { useT } from "../../i18n";
import { useLive } from "../../live";
import { names as namesOf } from "../../names";
import { Alarms } from "../../parts/alarms";
import { useCommand } from "../../parts/notice";
import { Empty, Panel, Shell } from "../../parts/shell";
import type { Alarm, ConveningView, RoomView } from "../../wire";
import { Connecting, useRefused, type PageProps } from "../common";
import { Board } from "./board";
import { DrawDialogs, type Open } from "./dialogs";
import { Lines } from "./lines";
import { Listen } from "./listen";
import { Operations } from "./operations";
import { Proof } from "./proof";
import "./draw.css";

/** The alarms of this page; all others are the room's. */
const OURS = new Set<Alarm["what"]["kind"]>(["line_down", "line_rests", "line_fails", "call_out_silent", "call_out_overdue", "pool_empty", "notice_failed", "withdrawal_waits", "text_unsent", "order_refused"]);

export function DrawPage({ welcome, account, onRefused }: PageProps) {
  const role = account?.role === "supervisor" ? "supervisor" : "technician";
  const live = useLive<RoomView>(`/api/live/${role}`);
  useRefused(live, onRefused);
  if (live.view === null) return <Connecting welcome={welcome} account={account} link={live.link} role="draw" />;
  syncClock(live.view.at);
  return <DrawView view={live.view} link={live.link} account={account} role={role} />;
}

export function DrawView({ view, link, account, role }: { view: RoomView; link: "connecting" | "live" | "stale" | "refused"; account: PageProps["account"]; role: "technician" | "supervisor" }) {
  const t = useT();
  const [chosen, setChosen] = useState<string | null>(null);
  const [open, setOpen] = useState<Open | null>(null);
  const session = view.convening.find((one) => one.session === chosen) ?? view.convening[0] ?? null;
  const members = view.session?.id === session?.session ? view.session?.members : undefined;
  const names = useMemo(() => namesOf(t, { members, feeds: view.feeds }), [t, members, view.feeds]);
  const give = useCommand(session?.session, names);
  const alarms = view.alarms.filter((alarm) => OURS.has(alarm.what.kind) && (!("session" in alarm.what) || alarm.what.kind === "order_refused" || alarm.what.session === session?.session));
  const home = { href: `/${role}`, label: t.nav[role] };
  return (
    <Shell
      title={t.draw.page.title}
      className="page-draw"
      room={view.room.name}
      city={view.room.city}
      role={t.words.kinds.role[role]}
      link={link}
      account={account}
      nav={[home, { href: "/draw", label: t.nav.draw }]}
      recording={view.recording}
      storage={view.storage}
      rehearsal={session?.kind === "rehearsal"}
    >
      {view.convening.length > 1 && (
        <Segmented value={session?.session} onChange={setChosen} options={view.convening.map((one) => ({ value: one.session, label: `${one.session} · ${hourMinute(one.start)}` }))} aria-label={t.draw.page.which} />
      )}
      {session === null ? (
        <section className="panel centre-panel"><Empty title={t.draw.page.none}><p>{t.draw.page.noneTodo}</p></Empty></section>
      ) : (
        <>
          <Counts session={session} />
          <div className="draw-body">
            <Board session={session} lines={view.lines} names={names} />
            <div className="draw-side">
              <Panel title={t.draw.page.alarms} className={alarms.length > 0 ? "panel-alarmed" : ""}>
                <Alarms alarms={alarms} names={names} quiet={t.draw.page.quiet} />
              </Panel>
              <Operations session={session} role={role} names={names} give={give} onOpen={setOpen} />
              {/* until somebody is called, the proof is what is to be seen */}
              {session.callout == null && <Proof session={session} role={role} names={names} />}
              <Lines lines={view.lines} role={role} give={give} />
              {session.callout != null && <Proof session={session} role={role} names={names} />}
              <Listen session={session} />
            </div>
          </div>
          {open !== null && <DrawDialogs open={open} session={session} names={names} give={give} onClose={() => setOpen(null)} />}
        </>
      )}
    </Shell>
  );
}

function Counts({ session }: { session: ConveningView }) {
  const t = useT();
  const p = t.draw.page;
  const callout = session.callout;
  const late = callout?.overdue === true;
  const all: [string, string | number, string?][] = [
    [p.places, callout?.places ?? session.experts],
    [p.accepted, callout?.filled ?? 0],
    [p.calling, callout?.calling ?? 0],
    [p.lost, (callout?.declined ?? 0) + (callout?.given_up ?? 0)],
    [p.redrawn, callout?.redrawn ?? 0],
    [p.completeBy, hourMinute(session.complete_by), late ? "count-bad" : undefined],
  ];
  return (
    <div className="counts panel">
      {all.map(([label, value, level]) => (
        <div key={label} className={`count ${level ?? ""}`}>
          <span className="count-value">{value}</span>
          <span className="count-label">{label}</span>
        </div>
      ))}
    </div>
  );
}
