// Owns the supervisor's wall: every feed that is visible, and what a supervisor may do about what he sees.
import { Button, Dropdown, Segmented, Tooltip } from "antd";
import { AudioOutlined, EllipsisOutlined, FlagOutlined, MessageOutlined, PauseOutlined } from "@ant-design/icons";
import { useCallback, useLayoutEffect, useMemo, useState } from "react";
import { syncClock } from "../../clock";
import { useT } from "../../i18n";
import { useLive, type Link } from "../../live";
import { button, mask, names as namesOf, refusalText } from "../../names";
import { Alarms } from "../../parts/alarms";
import { Events } from "../../parts/events";
import { useCommand } from "../../parts/notice";
import { Panel, Shell } from "../../parts/shell";
import type { Action, FeedView, RoomView, SeatView } from "../../wire";
import { Connecting, useRefused, type PageProps } from "../common";
import { approvalButtons } from "./approvals";
import { type Asked, SupervisorDialogs } from "./dialogs";
import { useTalk } from "./talk";
import { Tile } from "./tile";

type Layout = "grid" | "focus" | "rooms";

export function Supervisor({ welcome, account, onRefused }: PageProps) {
  const live = useLive<RoomView>("/api/live/supervisor");
  useRefused(live, onRefused);
  if (live.view === null) return <Connecting welcome={welcome} account={account} link={live.link} role="supervisor" />;
  syncClock(live.view.at);
  return <Wall view={live.view} link={live.link} account={account} />;
}

export function Wall({ view, link, account }: { view: RoomView; link: Link; account: PageProps["account"] }) {
  const t = useT();
  const session = view.session ?? null;
  const names = useMemo(() => namesOf(t, { members: session?.members, feeds: view.feeds }), [t, session, view.feeds]);
  const give = useCommand(session?.id, names);
  const [layout, setLayout] = useState<Layout>("grid");
  const [selected, setSelected] = useState<number | null>(null);
  const [enlarged, setEnlarged] = useState<string | null>(null);
  const [sounding, setSounding] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const seats = useMemo(() => (selected === null ? [] : [selected]), [selected]);
  const talk = useTalk(give, seats);
  const cameras = view.feeds.filter((feed) => feed.kind === "camera");
  const feed = (id?: string | null): FeedView | undefined => view.feeds.find((f) => f.id === id);
  const can = (action: Action) => button(view.actions, action);
  const why = (action: Action) => {
    const refusal = can(action)?.refusal;
    return refusal == null ? undefined : refusalText(t, refusal, names);
  };
  const mark = can("mark")?.allowed === true;

  const key = useCallback((event: KeyboardEvent) => {
    if (asked !== null || event.ctrlKey || event.altKey || event.metaKey) return;
    const target = event.target as HTMLElement;
    if (target.closest("input, textarea, [role=dialog], [role=menu]") !== null) return;
    const onTile = target === document.body || target.closest("[data-tile], [data-talk]") !== null || target.closest("button, a, [tabindex]") === null;
    if (/^[1-9]$/.test(event.key)) {
      const no = Number(event.key);
      if (view.seats.some((seat) => seat.no === no)) setSelected(no);
    } else if (event.key === "Enter" && onTile && selected !== null) {
      event.preventDefault();
      setEnlarged((now) => (now === `seat-${selected}` ? null : `seat-${selected}`));
    } else if (event.key === "Escape") setEnlarged(null);
    else if (event.key.toLowerCase() === "m" && mark) setAsked({ is: "mark", seat: selected });
    else if (event.key.toLowerCase() === "w" && selected !== null) setAsked({ is: "warn", seat: selected });
    else if (event.code === "Space" && onTile) {
      event.preventDefault();
      if (!event.repeat) talk.press();
    } else return;
  }, [asked, view.seats, selected, mark, talk]);
  // before the next paint: a key that follows a click finds what the click left
  useLayoutEffect(() => {
    const up = (event: KeyboardEvent) => {
      if (event.code === "Space") {
        if ((event.target as HTMLElement).closest("[data-tile], [data-talk]") !== null) event.preventDefault();
        talk.release();
      }
    };
    window.addEventListener("keydown", key);
    window.addEventListener("keyup", up);
    return () => {
      window.removeEventListener("keydown", key);
      window.removeEventListener("keyup", up);
    };
  }, [key, talk]);

  const focus = layout === "focus" ? (view.seats.find((seat) => seat.no === selected) ?? view.seats[0]) : undefined;
  const inFocus = focus === undefined ? [] : [...view.seats.slice(view.seats.indexOf(focus)), ...view.seats.slice(0, view.seats.indexOf(focus))].slice(0, 6);
  const seatTile = (seat: SeatView) => {
    const id = `seat-${seat.no}`;
    const large = enlarged === id || (enlarged === null && seat === focus);
    const outOfSight = enlarged !== null ? enlarged !== id : layout === "rooms" || (focus !== undefined && !inFocus.includes(seat));
    const member = seat.member;
    const name = `${t.common.seat(seat.no)}${member == null ? "" : ` ${mask(t, member)}`}`;
    return (
      <Tile
        key={id}
        feed={feed(seat.face)}
        inset={feed(seat.screen)}
        number={seat.no}
        name={name}
        note={member == null ? t.wall.nobody : `${mask(t, member)}${member.chair ? ` · ${t.tech.seat.chair}` : ""}`}
        empty={member == null ? t.wall.nobody : member.presence === "present" ? undefined : t.words.kinds.presence[member.presence]}
        layer={large ? "main" : "small"}
        selected={selected === seat.no}
        sounding={sounding === id}
        enlarged={enlarged === id}
        hidden={outOfSight}
        first={seat === focus}
        alarm={seat.help != null ? t.words.kinds.help[seat.help.kind] : seat.warning != null ? t.tech.seat.warned : member?.conflict != null && member.conflict.ruling == null ? t.tech.seat.conflict : undefined}
        onSelect={() => setSelected(seat.no)}
        onEnlarge={() => {
          setSelected(seat.no);
          setEnlarged(enlarged === id ? null : id);
        }}
        onListen={() => setSounding(sounding === id ? null : id)}
      />
    );
  };
  const cameraTile = (camera: FeedView, large: boolean) => (
    <Tile
      key={camera.id}
      feed={camera}
      name={camera.name}
      layer={large ? "main" : "small"}
      selected={false}
      sounding={sounding === camera.id}
      enlarged={enlarged === camera.id}
      hidden={layout === "rooms" && enlarged !== null && enlarged !== camera.id}
      onSelect={() => setEnlarged(enlarged === camera.id ? null : camera.id)}
      onEnlarge={() => setEnlarged(enlarged === camera.id ? null : camera.id)}
      onListen={() => setSounding(sounding === camera.id ? null : camera.id)}
    />
  );

  const suspended = session?.phase === "suspended";
  const talkLabel = talk.state === "on" ? t.wall.talking : talk.state === "opening" ? t.wall.talkConnecting : t.wall.talk;
  const pending = view.alarms.filter((alarm) => ["conflict_waits", "member_missing", "replacement_waits"].includes(alarm.what.kind));
  const elsewhere = view.alarms.filter((alarm) => !pending.includes(alarm));

  return (
    <Shell
      title={t.wall.title}
      className="page-wall"
      room={view.room.name}
      city={view.room.city}
      role={t.words.kinds.role.supervisor}
      link={link}
      account={account}
      recording={view.recording}
      storage={view.storage}
      rehearsal={session?.kind === "rehearsal"}
      nav={[{ href: "/supervisor", label: t.nav.supervisor }, { href: "/draw", label: t.nav.draw }, { href: "/playback", label: t.nav.playback }]}
    >
      <div className="wall-body">
        <div className={`wall-tiles wall-${layout} wall-count-${Math.min(view.seats.length, 9) > 6 ? 9 : 6}`}>
          {layout === "rooms" && cameras.map((camera) => cameraTile(camera, true))}
          {/* tiles that are out of sight for a while stay: they are back without a new connection */}
          {view.seats.map((seat) => seatTile(seat))}
        </div>
        <div className="wall-side">
          {layout !== "rooms" && (
            <div className="wall-cameras" role="group" aria-label={t.wall.cameras}>
              {cameras.map((camera) => cameraTile(camera, enlarged === camera.id))}
            </div>
          )}
          <Panel title={t.wall.approvals} className={`approvals ${pending.length + elsewhere.length > 0 ? "panel-alarmed" : ""}`}>
            {(can("authorise_start")?.allowed === true || can("sign_closing_record")?.allowed === true) && (
              <div className="approval-main">
                {can("authorise_start")?.allowed === true && <><p>{t.wall.authoriseHelp}</p><Button type="primary" block onClick={() => void give({ type: "authorise_start" })}>{t.wall.authorise}</Button></>}
                {can("sign_closing_record")?.allowed === true && <><p>{t.wall.signClosingHelp}</p><Button type="primary" block onClick={() => void give({ type: "sign_closing_record" })}>{t.wall.signClosing}</Button></>}
              </div>
            )}
            <Alarms alarms={[...pending, ...elsewhere]} names={names} quiet={t.wall.noApprovals} act={(alarm) => approvalButtons(t, alarm, give, setAsked)} />
          </Panel>
          <Panel title={t.wall.events} aside={t.wall.logged} className="wall-events">
            <Events lines={view.timeline} names={names} />
          </Panel>
        </div>
      </div>
      <div className="bar" role="region" aria-label={t.wall.keys}>
        <div className="bar-state">
          <strong>{selected === null ? t.wall.none : t.wall.selected(selected)} · {session === null ? t.tech.first.title : t.words.phases[session.phase]}</strong>
          <span>{talk.state === "failed" ? t.wall.talkFailed : t.wall.keys}</span>
        </div>
        <div className="bar-actions">
          <Segmented aria-label={t.wall.layout} value={layout} onChange={(next) => {
            setLayout(next);
            setEnlarged(null);
          }} options={(["grid", "focus", "rooms"] as const).map((value) => ({ value, label: t.wall.layouts[value] }))} />
          <Tip why={why("mark")}><Button icon={<FlagOutlined />} disabled={!mark} onClick={() => setAsked({ is: "mark", seat: selected })}>{t.wall.mark}</Button></Tip>
          <Tip why={selected === null ? t.wall.none : undefined}><Button icon={<MessageOutlined />} disabled={selected === null || session === null} onClick={() => selected !== null && setAsked({ is: "warn", seat: selected })}>{t.wall.warn}</Button></Tip>
          <Tip why={talk.state === "idle" ? why("start_talk_back") : undefined}>
            <Button
              data-talk
              icon={<AudioOutlined />}
              className={`talk talk-${talk.state}`}
              disabled={can("start_talk_back")?.allowed === false && talk.state === "idle"}
              onPointerDown={talk.press}
              onPointerUp={talk.release}
              onPointerLeave={talk.release}
              aria-pressed={talk.state === "on"}
            >
              {talkLabel} · {selected === null ? t.wall.talkAll : t.common.seat(selected)}
            </Button>
          </Tip>
          {suspended
            ? <Tip why={why("resume_session")}><Button type="primary" disabled={can("resume_session")?.allowed === false} onClick={() => void give({ type: "resume_session" })}>{t.words.actions.resume_session}</Button></Tip>
            : <Tip why={why("suspend_session")}><Button danger icon={<PauseOutlined />} disabled={can("suspend_session")?.allowed !== true} onClick={() => setAsked({ is: "pause" })}>{t.wall.pause}</Button></Tip>}
          <Dropdown trigger={["click"]} placement="topRight" menu={{
            items: [{ key: "witness", label: t.wall.witness.title, onClick: () => setAsked({ is: "witness" }) }, ...([["postpone_lock", t.wall.postpone, { is: "postpone" }], ["abort_session", t.wall.abort, { is: "abort" }]] as const).map(([action, label, ask]) => ({
              key: action,
              danger: action === "abort_session",
              disabled: can(action)?.allowed !== true,
              label: <span className="menu-action"><span>{label}</span>{why(action) !== undefined && <small>{why(action)}</small>}</span>,
              onClick: () => setAsked(ask),
            }))],
          }}>
            <Button icon={<EllipsisOutlined />} aria-label={t.common.more} />
          </Dropdown>
        </div>
      </div>
      {asked !== null && <SupervisorDialogs asked={asked} view={view} names={names} give={give} onClose={() => setAsked(null)} />}
    </Shell>
  );
}

/** Says why a button cannot be pressed, to pointer and keyboard alike. */
function Tip({ why, children }: { why?: string; children: React.ReactNode }) {
  if (why === undefined) return children;
  return <Tooltip title={why}><span className="tip" tabIndex={0} role="note" aria-label={why}>{children}</span></Tooltip>;
}
