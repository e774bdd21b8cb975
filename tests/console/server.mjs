// Owns a stand-in for the daemon's HTTP side, for the tests of the pages only: it serves the built pages under the
// product's policy of content, streams whatever view a test sets, and writes down what the pages ask for.
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".mp4": "video/mp4" };

export class Stage {
  /** What `GET /api/welcome` says. */
  welcome = null;
  /** The view of the live streams; a function, so that its times are fresh. */
  view = null;
  /** Whether streams are opened, and then nothing comes. */
  silent = false;
  /** Fixed answers by `METHOD /path`. */
  answers = new Map();
  /** Names the box's run. */
  run = "one";
  /** Commands and other posts, in order. */
  asked = [];
  /** Media offers: `(kind, feed, sdp) => answer`. */
  media = null;
  /** Whether no more connections are taken. */
  full = false;
  /** Files of recordings by name. */
  files = new Map();
  #streams = new Set();

  constructor(dist) {
    this.dist = dist;
  }

  async listen() {
    this.server = createServer((request, response) => void this.#serve(request, response).catch((error) => response.destroy(error)));
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://localhost:${this.server.address().port}`;
    this.beat = setInterval(() => {
      if (!this.silent) for (const stream of this.#streams) stream.write("event: heartbeat\ndata: {}\n\n");
    }, 2000);
    return this;
  }

  close() {
    clearInterval(this.beat);
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Sends a view to every page. */
  show(view) {
    this.view = view;
    for (const stream of this.#streams) this.#send(stream);
  }

  /** Breaks every stream. */
  cut() {
    for (const stream of this.#streams) stream.destroy();
  }

  #send(stream) {
    if (this.view !== null && !this.silent) stream.write(`id: 1\ndata: ${JSON.stringify(this.view())}\n\n`);
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.url);
    const body = await text(request);
    const { method } = request;
    const json = (value, status = 200) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(value === null ? "" : JSON.stringify(value));
    };
    if (url.pathname.startsWith("/api/live/")) {
      if (this.view === null) return json({ code: "not_permitted", title: "", status: 403 }, 403);
      response.writeHead(200, { "content-type": "text/event-stream", "bidroom-run": this.run });
      this.#streams.add(response);
      response.on("close", () => this.#streams.delete(response));
      return this.#send(response);
    }
    if (method !== "GET") this.asked.push({ method, path: url.pathname + url.search, body, page: request.headers["bidroom-page"] });
    const fixed = this.answers.get(`${method} ${url.pathname}`);
    if (fixed !== undefined) return json(typeof fixed === "function" ? fixed(body) : fixed.value, fixed.status ?? 200);
    if (url.pathname === "/api/welcome") return json(this.welcome);
    if (url.pathname === "/api/commands") return json({ seq: 1 });
    const media = /^\/api\/(whip|whep)\/([^/]+)$/.exec(url.pathname);
    if (media !== null && method === "POST") {
      if (this.full) {
        response.writeHead(503, { "content-type": "application/problem+json", "retry-after": "1" });
        return response.end(JSON.stringify({ code: "too_many_connections", title: "", status: 503 }));
      }
      const answer = this.media === null ? null : await this.media(media[1], media[2], body);
      if (answer === null) return json({ code: "not_found", title: "", status: 404 }, 404);
      response.writeHead(201, { "content-type": "application/sdp", location: `${url.pathname}/r${this.asked.length}`, etag: '"1"' });
      return response.end(answer);
    }
    if (method === "DELETE") return json(null, 204);
    const recording = /^\/api\/recordings\/[^/]+\/[^/]+\/([^/]+)$/.exec(url.pathname);
    if (recording !== null) return this.#ranges(request, response, this.files.get(recording[1]));
    if (url.pathname.startsWith("/api/")) return json({ code: "not_found", title: "", status: 404 }, 404);
    return this.#page(url, response);
  }

  #page(url, response) {
    const file = join(this.dist, url.pathname);
    const found = url.pathname !== "/" && existsSync(file) && statSync(file).isFile();
    const path = found ? file : join(this.dist, "index.html");
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "content-security-policy": POLICY });
    response.end(readFileSync(path));
  }

  #ranges(request, response, path) {
    const { size } = statSync(path);
    const [, from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
    const [start, end] = [Number(from), to === "" ? size - 1 : Number(to)];
    response.writeHead(request.headers.range === undefined ? 200 : 206, {
      "content-type": "video/mp4", "accept-ranges": "bytes", "content-length": end - start + 1, "content-range": `bytes ${start}-${end}/${size}`,
    });
    createReadStream(path, { start, end }).pipe(response);
  }
}

async function text(request) {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}
