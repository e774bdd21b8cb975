// Owns reading something once: busy, broken with its reason and a way on, or there.
import { Button } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";
import { No, request } from "../api";
import { useT } from "../i18n";
import { names, problemText } from "../names";
import type { Problem } from "../wire";
import { Mark } from "./mark";

export interface Loaded<T> {
  /** The last that was read; stays while it is read again. */
  value: T | null;
  problem: Problem | null;
  busy: boolean;
  /** Reads again. */
  reload: () => void;
}

/** Reads `path`; null reads nothing. */
export function useLoad<T>(path: string | null): Loaded<T> {
  const [state, setState] = useState<{ path: string | null; value: T | null; problem: Problem | null; busy: boolean }>({ path, value: null, problem: null, busy: path !== null });
  const turn = useRef(0);
  const read = useCallback(async () => {
    turn.current += 1;
    const mine = turn.current;
    if (path === null) return setState({ path, value: null, problem: null, busy: false });
    setState((old) => ({ path, value: old.path === path ? old.value : null, problem: null, busy: true }));
    try {
      const value = await request<T>(path);
      if (turn.current === mine) setState({ path, value, problem: null, busy: false });
    } catch (no) {
      if (!(no instanceof No)) throw no;
      if (turn.current === mine) setState((old) => ({ path, value: old.value, problem: no.problem, busy: false }));
    }
  }, [path]);
  useEffect(() => {
    void read();
    return () => {
      turn.current += 1;
    };
  }, [read]);
  const current = state.path === path ? state : { value: null, problem: null, busy: path !== null };
  return { value: current.value, problem: current.problem, busy: current.busy, reload: () => void read() };
}

/** Says that something could not be read. Who is signed out or locked is asked to sign in instead of to retry. */
export function Broken({ problem, onRetry, onRefused }: { problem: Problem; onRetry: () => void; onRefused: () => void }) {
  const t = useT();
  const out = isOut(problem);
  const told = useRef(onRefused);
  told.current = onRefused;
  useEffect(() => {
    if (out) told.current();
  }, [out]);
  return (
    <div className="banner banner-bad" role="alert">
      <Mark level="bad" size={20} />
      <strong>{problemText(t, problem, names(t, {}))}</strong>
      <Button onClick={onRetry}>{t.common.retry}</Button>
    </div>
  );
}

/** Whether the box no longer knows who asks, or wants the sign-in unlocked first. */
export const isOut = (problem: Problem): boolean => problem.status === 401 || problem.code === "locked";

export function Busy() {
  const t = useT();
  return <p className="connecting" role="status">{t.common.loading}</p>;
}
