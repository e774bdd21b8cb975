// Owns the live view: one stream of whole views (SSE), read with fetch so that the answer's status is known and
// heartbeats count as signs of life. The store keeps the last view, says when it is stale, and reconnects for ever.
import { useEffect, useState, useSyncExternalStore } from "react";

/** How the line to the box stands. */
export type Link = "connecting" | "live" | "stale" | "refused";

export interface Live<View> {
  view: View | null;
  link: Link;
  /** The answer's status where the stream was refused: 401 signed out, 403 locked or not this role. */
  status: number | null;
}

/** Milliseconds without a sign of life after which the page is stale: three heartbeats. */
export const STALE_AFTER = 6000;
/** Said on the window when a sign-in was unlocked: all live views begin anew. */
export const REOPEN = "bidroom:reopen";
/** Said on the window when the box was started anew: it knows nothing any more of what browsers sent or watched before
 * the page lost it, which was at `detail.lost` (as `performance.now()` counts). */
export const RESTARTED = "bidroom:restarted";
/** The answer's header that names a run of the daemon. */
const RUN = "bidroom-run";
const RETRY = [250, 500, 1000];

type Fetch = typeof fetch;

export class LiveStore<View> {
  private state: Live<View> = { view: null, link: "connecting", status: null };
  private readonly listeners = new Set<() => void>();
  private abort: AbortController | null = null;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private run: string | null = null;
  private lost = 0;

  constructor(
    private readonly path: string,
    private readonly headers: Record<string, string> = {},
    private readonly http: Fetch = (...input) => fetch(...input),
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.open();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.close();
    };
  };

  readonly current = (): Live<View> => this.state;

  /** Begins anew at once: after a sign-in, an unlock, or when the network came back. */
  readonly reopen = (): void => {
    this.close();
    this.failures = 0;
    if (this.listeners.size > 0) this.open();
  };

  private set(change: Partial<Live<View>>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  private close(): void {
    this.abort?.abort();
    this.abort = null;
    clearTimeout(this.watchdog);
    clearTimeout(this.retry);
  }

  private alive(): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      this.set({ link: "stale" });
      this.abort?.abort();
    }, STALE_AFTER);
  }

  private async open(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    this.alive();
    try {
      const headers = { accept: "text/event-stream", ...this.headers };
      const answer = await this.http(this.path, { headers, signal: abort.signal, cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) {
        // the last view stays: a locked page goes on below its lock
        this.set({ link: "refused", status: answer.status });
      } else if (answer.ok && answer.body !== null) {
        this.meet(answer.headers.get(RUN));
        await this.read(answer.body, abort).finally(() => (this.lost = performance.now()));
      }
    } catch {
      // a lost line is not an error: the watchdog says 'stale', and the next attempt follows
    }
    if (this.abort === abort) this.again();
  }

  /** Notices that it is another run of the daemon than before. */
  private meet(run: string | null): void {
    if (this.run !== null && run !== null && run !== this.run) window.dispatchEvent(new CustomEvent(RESTARTED, { detail: { lost: this.lost } }));
    this.run = run ?? this.run;
  }

  private async read(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<void> {
    const reader = body.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.abort !== abort) return;
      this.alive();
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) this.take(block);
    }
  }

  private take(block: string): void {
    const lines = block.split(/\r?\n/);
    const named = lines.find((line) => line.startsWith("event:"))?.slice(6).trim();
    const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
    this.failures = 0;
    const view = data.length > 0 && (named === undefined || named === "view") ? (JSON.parse(data.join("\n")) as View) : null;
    if (view !== null) this.set({ view, link: "live", status: null });
    else if (this.state.view !== null && this.state.link !== "live") this.set({ link: "live", status: null });
  }

  private again(): void {
    const wait = RETRY[Math.min(this.failures, RETRY.length - 1)];
    this.failures += 1;
    this.retry = setTimeout(() => void this.open(), wait);
  }
}

/** The live view of a path, while a page shows it. */
export function useLive<View>(path: string, headers?: Record<string, string>): Live<View> & { reopen: () => void } {
  const [store] = useState(() => new LiveStore<View>(path, headers));
  const live = useSyncExternalStore(store.subscribe, store.current);
  useEffect(() => {
    const events = ["online", REOPEN];
    for (const event of events) window.addEventListener(event, store.reopen);
    return () => events.forEach((event) => window.removeEventListener(event, store.reopen));
  }, [store]);
  return { ...live, reopen: store.reopen };
}
