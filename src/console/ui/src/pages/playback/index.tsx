// Owns the playback page: the recorded sessions, then one of them; the address says which, so that 'back' works.
import { Button } from "antd";
import { useEffect, useState } from "react";
import { useT } from "../../i18n";
import { Broken, Busy, useLoad } from "../../parts/load";
import { Shell } from "../../parts/shell";
import type { RecordedLine } from "../../wire";
import type { PageProps } from "../common";
import "./playback.css";
import { Session } from "./session";
import { Sessions } from "./sessions";
import type { RecordedSession } from "./wire";

const chosen = () => new URLSearchParams(location.search).get("session");

export function Playback({ welcome, account, onRefused }: PageProps) {
  const t = useT();
  const [id, setId] = useState(chosen);
  useEffect(() => {
    const moved = () => setId(chosen());
    window.addEventListener("popstate", moved);
    return () => window.removeEventListener("popstate", moved);
  }, []);
  const go = (next: string | null) => {
    history.pushState(null, "", next === null ? "/playback" : `/playback?session=${encodeURIComponent(next)}`);
    setId(next);
  };
  return (
    <Shell
      className="shell-playback"
      title={t.playback.title}
      room={welcome.room}
      city={welcome.city}
      role={t.playback.title}
      account={account}
      nav={[{ href: "/supervisor", label: t.nav.supervisor }, { href: "/draw", label: t.nav.draw }, { href: "/playback", label: t.nav.playback }]}
    >
      {id === null ? <List onOpen={go} onRefused={onRefused} /> : <One key={id} id={id} place={{ city: welcome.city, room: welcome.room, account: account?.name ?? "" }} onBack={() => go(null)} onRefused={onRefused} />}
    </Shell>
  );
}

function List({ onOpen, onRefused }: { onOpen: (id: string) => void; onRefused: () => void }) {
  const list = useLoad<RecordedLine[]>("/api/recordings");
  if (list.problem !== null) return <Broken problem={list.problem} onRetry={list.reload} onRefused={onRefused} />;
  if (list.value === null) return <Busy />;
  return <Sessions sessions={list.value} onOpen={onOpen} onChanged={list.reload} />;
}

function One({ id, place, onBack, onRefused }: { id: string; place: { city: string; room: string; account: string }; onBack: () => void; onRefused: () => void }) {
  const recorded = useLoad<RecordedSession>(`/api/recordings/${encodeURIComponent(id)}`);
  const t = useT();
  return (
    <>
      {recorded.problem !== null && <Broken problem={recorded.problem} onRetry={recorded.reload} onRefused={onRefused} />}
      {recorded.value !== null && <Session recorded={recorded.value} busy={recorded.busy} place={place} onBack={onBack} onRefresh={recorded.reload} onRefused={onRefused} />}
      {recorded.value === null && recorded.problem !== null && <p><Button onClick={onBack}>{t.playback.back}</Button></p>}
      {recorded.value === null && recorded.problem === null && <Busy />}
    </>
  );
}
