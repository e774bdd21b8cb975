// Owns which page is shown: by the address, and by who the browser is.
import { ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { No, request, SEAT } from "./api";
import { setZone } from "./clock";
import { useI18n, useT } from "./i18n";
import { SignIn, LockOverlay } from "./pages/sign-in";
import { NoticeProvider } from "./parts/notice";
import { Shell } from "./parts/shell";
import { theme } from "./theme";
import type { Caller, Role, Welcome } from "./wire";

const Technician = lazy(() => import("./pages/technician").then((m) => ({ default: m.Technician })));
const Supervisor = lazy(() => import("./pages/supervisor").then((m) => ({ default: m.Supervisor })));
const SeatPage = lazy(() => import("./pages/seat").then((m) => ({ default: m.SeatPage })));
const Administrator = lazy(() => import("./pages/administrator").then((m) => ({ default: m.Administrator })));
const Playback = lazy(() => import("./pages/playback").then((m) => ({ default: m.Playback })));
const CityBoard = lazy(() => import("./pages/city").then((m) => ({ default: m.CityBoard })));
const DrawPage = lazy(() => import("./pages/draw").then((m) => ({ default: m.DrawPage })));
const QaRoom = lazy(() => import("./pages/qa").then((m) => ({ default: m.QaRoom })));

const HOME: Record<Role, string> = {
  technician: "/technician",
  supervisor: "/supervisor",
  expert: "/seat",
  system_administrator: "/administrator",
  security_administrator: "/administrator",
  audit_administrator: "/administrator",
  bidder: "/qa",
};
const OPEN_TO: Record<string, Role[]> = {
  technician: ["technician"],
  supervisor: ["supervisor"],
  playback: ["supervisor"],
  administrator: ["system_administrator", "security_administrator", "audit_administrator"],
  qa: ["bidder"],
  draw: ["technician", "supervisor"],
};
/** A hub has other pages: the board for whoever works there, and the administrators'. */
const HUB_HOME: Partial<Record<Role, string>> = { technician: "/city", supervisor: "/city" };
const HUB_OPEN_TO: Record<string, Role[]> = { city: ["technician", "supervisor"], administrator: ["system_administrator", "security_administrator", "audit_administrator"] };

export function App() {
  const { language } = useI18n();
  return (
    <ConfigProvider theme={theme} locale={language === "zh" ? zhCN : enUS} wave={{ disabled: true }} button={{ autoInsertSpace: false }} getPopupContainer={landmark}>
      <NoticeProvider>
        <Pages />
      </NoticeProvider>
    </ConfigProvider>
  );
}

/** Popups lie in the landmark that they belong to, so that nothing is outside of all. */
function landmark(trigger?: HTMLElement): HTMLElement {
  return trigger?.closest<HTMLElement>("[role=dialog], header, main") ?? document.body;
}

function Pages() {
  const t = useT();
  const [welcome, setWelcome] = useState<Welcome | null>(null);
  const [, setAddress] = useState(location.pathname);
  const page = location.pathname.split("/")[1] ?? "";
  const isSeat = page === "seat";
  const ask = useCallback(() => {
    const met = (welcome: Welcome) => {
      setZone(welcome.time_zone);
      setWelcome(welcome);
    };
    request<Welcome>("/api/welcome", { headers: isSeat ? SEAT : {} }).then(met, (no: unknown) => {
      if (!(no instanceof No)) throw no;
      setTimeout(ask, 2000);
    });
  }, [isSeat]);
  useEffect(ask, [ask]);
  const go = useCallback((path: string) => {
    history.replaceState(null, "", path);
    setAddress(path);
  }, []);
  const onCaller = useCallback((caller: Caller) => {
    setWelcome((now) => (now === null ? now : { ...now, caller }));
  }, []);
  const caller = welcome?.caller;
  const hub = welcome?.hub === true;
  const open = caller?.is === "account" && caller.state === "open";
  // after signing in, everybody comes to his own page
  useEffect(() => {
    if (open && page === "") go(home(caller.role, hub));
  }, [open, caller, page, go, hub]);

  if (welcome === null || caller === undefined) return <p className="connecting" role="status">{t.common.loading}</p>;
  if (isSeat) return <Waits><SeatPage welcome={welcome} onRefused={ask} /></Waits>;
  const account = caller.is === "account" ? { name: caller.account, role: caller.role } : null;
  if (account === null || (caller.is === "account" && (caller.state === "must_change_password" || caller.state === "must_enrol_factor"))) {
    return <SignIn welcome={welcome} onCaller={onCaller} />;
  }
  const roles = (hub ? HUB_OPEN_TO : OPEN_TO)[page];
  const shared = { welcome, account, onRefused: ask };
  const locked = caller.is === "account" && caller.state === "locked";
  if (roles === undefined || !roles.includes(account.role)) return page === "" && !locked ? null : locked ? <LockOverlay account={account.name} onCaller={onCaller} /> : <NotHere known={roles !== undefined} welcome={welcome} home={home(account.role, hub)} />;
  return (
    <>
      <div inert={locked} aria-hidden={locked}>
        <Waits>
          {page === "technician" && <Technician {...shared} />}
          {page === "supervisor" && <Supervisor {...shared} />}
          {page === "administrator" && <Administrator {...shared} />}
          {page === "playback" && <Playback {...shared} />}
          {page === "city" && <CityBoard {...shared} />}
          {page === "draw" && <DrawPage {...shared} />}
          {page === "qa" && <QaRoom {...shared} />}
        </Waits>
      </div>
      {locked && <LockOverlay account={account.name} onCaller={onCaller} />}
    </>
  );
}

const home = (role: Role, hub: boolean): string => (hub ? HUB_HOME[role] : undefined) ?? HOME[role];

function Waits({ children }: { children: React.ReactNode }) {
  const t = useT();
  return <Suspense fallback={<p className="connecting" role="status">{t.common.loading}</p>}>{children}</Suspense>;
}

function NotHere({ known, welcome, home }: { known: boolean; welcome: Welcome; home: string }) {
  const t = useT();
  return (
    <Shell title={known ? t.signIn.notYours : t.notFound.title} room={welcome.room} city={welcome.city} role="">
      <section className="panel centre-panel">
        <h2>{known ? t.signIn.notYours : t.notFound.title}</h2>
        <p><a href={home}>{known ? t.signIn.goOwn : t.notFound.home}</a></p>
      </section>
    </Shell>
  );
}
