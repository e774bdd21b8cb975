import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LiveStore, STALE_AFTER } from "../src/live";

interface View {
  seq: number;
}

/** A line to the box that the test writes to and breaks. */
class Wire {
  opened = 0;
  status = 200;
  private writer: ReadableStreamDefaultController<Uint8Array> | null = null;

  readonly http = ((_: unknown, init?: RequestInit) => {
    this.opened += 1;
    if (this.status !== 200) return Promise.resolve(new Response("", { status: this.status }));
    const body = new ReadableStream<Uint8Array>({ start: (writer) => { this.writer = writer; } });
    init?.signal?.addEventListener("abort", () => {
      try {
        this.writer?.error(new Error("aborted"));
      } catch {
        // closed already
      }
    });
    return Promise.resolve(new Response(body, { status: 200 }));
  }) as typeof fetch;

  say(text: string): void {
    this.writer?.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this.writer?.close();
  }
}

const settle = () => vi.advanceTimersByTimeAsync(1);

describe("the live store", () => {
  let wire: Wire;
  let store: LiveStore<View>;
  let stop: () => void;

  beforeEach(async () => {
    vi.useFakeTimers();
    wire = new Wire();
    store = new LiveStore<View>("/api/live/technician", {}, wire.http);
    stop = store.subscribe(() => undefined);
    await settle();
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  test("gives the last whole view, however the bytes are cut", async () => {
    wire.say('id: 1\ndata: {"seq":1}\n\nid: 2\nda');
    await settle();
    expect(store.current().view).toEqual({ seq: 1 });
    wire.say('ta: {"seq":2}\n\n');
    await settle();
    expect(store.current()).toMatchObject({ view: { seq: 2 }, link: "live" });
  });

  test("heartbeats keep it alive, silence makes it stale, and it connects anew", async () => {
    wire.say('data: {"seq":1}\n\n');
    await settle();
    for (let i = 0; i < 5; i += 1) {
      await vi.advanceTimersByTimeAsync(2000);
      wire.say("event: heartbeat\ndata: {}\n\n");
      await settle();
    }
    expect(store.current()).toMatchObject({ view: { seq: 1 }, link: "live" });
    await vi.advanceTimersByTimeAsync(STALE_AFTER + 10);
    expect(store.current().link).toBe("stale");
    expect(store.current().view).toEqual({ seq: 1 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(wire.opened).toBe(2);
    wire.say('data: {"seq":9}\n\n');
    await settle();
    expect(store.current()).toMatchObject({ view: { seq: 9 }, link: "live" });
  });

  test("comments are signs of life as well", async () => {
    wire.say('data: {"seq":1}\n\n');
    await settle();
    await vi.advanceTimersByTimeAsync(4000);
    wire.say(":\n\n");
    await vi.advanceTimersByTimeAsync(4000);
    expect(store.current().link).toBe("live");
  });

  test("a stream that ends is opened again at once", async () => {
    wire.say('data: {"seq":1}\n\n');
    await settle();
    wire.end();
    await vi.advanceTimersByTimeAsync(400);
    expect(wire.opened).toBe(2);
    expect(store.current().view).toEqual({ seq: 1 });
  });

  test("a refusal is told with its status, and the last view stays below", async () => {
    wire.say('data: {"seq":1}\n\n');
    await settle();
    wire.status = 403;
    wire.end();
    await vi.advanceTimersByTimeAsync(400);
    expect(store.current()).toMatchObject({ link: "refused", status: 403, view: { seq: 1 } });
  });

  test("nobody listening closes the line", async () => {
    stop();
    wire.status = 200;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wire.opened).toBe(1);
  });
});
