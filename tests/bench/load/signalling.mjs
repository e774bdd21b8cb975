// Owns how a peer of the load agrees with a server: WHIP and WHEP (RFC 9725), and Janus' own streaming API.

import { request as plain } from "node:http";
import { request as secure } from "node:https";

/** An HTTP exchange, over a socket file where there is one. */
function ask(method, url, { socketPath, token, headers = {} } = {}, body = "") {
  const to = new URL(url);
  const request = to.protocol === "https:" ? secure : plain;
  const all = { ...headers, "content-length": Buffer.byteLength(body) };
  if (token) all.authorization = `Bearer ${token}`;
  return new Promise((resolve, reject) => {
    const asking = request(to, { method, headers: all, socketPath }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () =>
        resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(parts).toString() }),
      );
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

async function offered(peer, url, access) {
  const headers = { ...access.headers, "content-type": "application/sdp" };
  const answer = await ask("POST", url, { ...access, headers }, await peer.offer());
  if (answer.status !== 201) throw new Error(`POST ${url}: ${answer.status} ${answer.text}`);
  peer.take(answer.text);
  const resource = new URL(answer.headers.location, url).href;
  return { leave: () => ask("DELETE", resource, access) };
}

/** Publishes. */
export const whipSession = offered;
/** Watches. */
export const whepSession = offered;

/** Watches stream 1 of Janus' streaming plugin. */
export async function janusSession(viewer, url) {
  const post = async (path, message) => {
    const body = JSON.stringify({ ...message, transaction: "bench" });
    const answer = JSON.parse((await ask("POST", url + path, { headers: { "content-type": "application/json" } }, body)).text);
    if (answer.janus === "error") throw new Error(`Janus: ${answer.error.reason}`);
    return answer;
  };
  const session = `/${(await post("", { janus: "create" })).data.id}`;
  const plugin = `${session}/${(await post(session, { janus: "attach", plugin: "janus.plugin.streaming" })).data.id}`;
  await post(plugin, { janus: "message", body: { request: "watch", id: 1 } });
  let offer;
  while (offer === undefined) offer = JSON.parse((await ask("GET", url + session)).text).jsep;
  const answer = await viewer.answer(offer.sdp);
  await post(plugin, { janus: "message", body: { request: "start" }, jsep: { type: "answer", sdp: answer } });
  // a session that is not asked for its events ends after a minute
  const alive = setInterval(() => void post(session, { janus: "keepalive" }).catch(() => {}), 20_000);
  return {
    leave: async () => {
      clearInterval(alive);
      await post(session, { janus: "destroy" });
    },
  };
}
