// Owns requests to the box: JSON in and out, and a `No` where it says no.
import type { Command, Problem } from "./wire";

/** The box said no, or did not answer (`code` is then `unreachable`). */
export class No extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title);
  }
}

/** Sent by the seat's page: a browser may hold a person's cookie beside the workstation's. */
export const SEAT: Record<string, string> = { "bidroom-page": "seat" };

interface Options {
  method?: "GET" | "POST" | "DELETE";
  body?: unknown;
  text?: { type: string; content: string | Blob };
  headers?: Record<string, string>;
}

export async function request<Answer = void>(path: string, options: Options = {}): Promise<Answer> {
  const headers: Record<string, string> = { ...options.headers };
  let body: BodyInit | undefined;
  if (options.text !== undefined) {
    headers["content-type"] = options.text.type;
    body = options.text.content;
  } else if (options.body !== undefined) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(options.body);
  }
  const method = options.method ?? (body === undefined ? "GET" : "POST");
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, body, cache: "no-store" });
  } catch {
    throw new No({ code: "unreachable", title: "the box does not answer", status: 0 });
  }
  const content = await answer.text();
  if (answer.ok) return (content === "" ? undefined : JSON.parse(content)) as Answer;
  throw new No(problem(answer.status, content));
}

function problem(status: number, content: string): Problem {
  try {
    const read = JSON.parse(content) as Partial<Problem>;
    if (typeof read.code === "string") return { title: "", ...read, code: read.code, status };
  } catch {
    // a proxy's page, not the box's words
  }
  return { code: "internal", title: content.slice(0, 200), status };
}

/** Gives a command. A lost answer is asked for again with the same id, which is carried out once. */
export async function give(command: Command, session?: string | null, headers?: Record<string, string>): Promise<void> {
  const order = { id: crypto.randomUUID(), session: session ?? null, command };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await request("/api/commands", { body: order, headers });
      return;
    } catch (no) {
      const lost = no instanceof No && (no.problem.code === "unreachable" || no.problem.code === "busy");
      if (!lost || attempt === 3) throw no;
      await new Promise((resolve) => setTimeout(resolve, 400 * attempt));
    }
  }
}
