// Owns what the page says after a click: refusals stay until they are closed, successes go by themselves.
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from "react";
import { Button } from "antd";
import { give, No } from "../api";
import { useT } from "../i18n";
import type { Names } from "../i18n/shape";
import { names as namesOf, problemText } from "../names";
import type { Command } from "../wire";
import { Mark } from "./mark";

interface Notice {
  no: number;
  level: "bad" | "ok";
  text: string;
}

interface Notices {
  say: (level: Notice["level"], text: string) => void;
}

const Context = createContext<Notices>({ say: () => undefined });
const GOES_AFTER = 5000;

export function NoticeProvider({ children }: { children: ReactNode }) {
  const t = useT();
  const [notices, setNotices] = useState<Notice[]>([]);
  const count = useRef(0);
  const drop = useCallback((no: number) => setNotices((all) => all.filter((notice) => notice.no !== no)), []);
  const say = useCallback((level: Notice["level"], text: string) => {
    count.current += 1;
    const no = count.current;
    setNotices((all) => [...all.filter((notice) => notice.text !== text).slice(-2), { no, level, text }]);
    if (level === "ok") setTimeout(() => drop(no), GOES_AFTER);
  }, [drop]);
  const value = useMemo(() => ({ say }), [say]);
  return (
    <Context.Provider value={value}>
      {children}
      <div className="notices" role="status" aria-live="polite">
        {notices.map((notice) => (
          <div key={notice.no} className={`notice notice-${notice.level}`}>
            <Mark level={notice.level} />
            <span>{notice.text}</span>
            <Button type="text" size="small" onClick={() => drop(notice.no)}>{t.common.close}</Button>
          </div>
        ))}
      </div>
    </Context.Provider>
  );
}

export const useNotices = (): Notices => useContext(Context);

/** Runs what a click asks for; a refusal is said. Answers whether it was done. */
export function useAttempt(names?: Names): (act: () => Promise<unknown>, done?: string) => Promise<boolean> {
  const t = useT();
  const { say } = useNotices();
  return useCallback(
    async (act, done) => {
      try {
        await act();
        if (done !== undefined) say("ok", done);
        return true;
      } catch (error) {
        if (!(error instanceof No)) throw error;
        say("bad", problemText(t, error.problem, names ?? namesOf(t, {})));
        return false;
      }
    },
    [t, say, names],
  );
}

/** Gives commands for a session; a refusal is said. */
export function useCommand(session: string | null | undefined, names: Names, headers?: Record<string, string>) {
  const attempt = useAttempt(names);
  return useCallback((command: Command) => attempt(() => give(command, session, headers)), [attempt, session, headers]);
}

export type Give = ReturnType<typeof useCommand>;
