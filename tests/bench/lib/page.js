// What a page of the bench does: publishes by WHIP, watches by WHEP or from Janus, and reads the pictures' numbers.
// A standard client; knows nothing of bidroom but its addresses.
(() => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const BITS = 16;

  // The number in the picture that is shown now; null where the strip is not whole.
  async function numberIn(video) {
    const frame = new VideoFrame(video);
    const { width, height } = frame.visibleRect;
    const half = Math.floor(height / 24);
    const rect = { x: frame.visibleRect.x, y: frame.visibleRect.y, width, height: 2 * half };
    const bytes = new Uint8Array(frame.allocationSize({ rect }));
    const [luma] = await frame.copyTo(bytes, { rect });
    frame.close();
    const field = width / BITS;
    const at = (bit, row) => luma.offset + Math.floor((row + 0.5) * half) * luma.stride + Math.floor((bit + 0.5) * field);
    let number = 0;
    for (let bit = 0; bit < BITS; bit += 1) {
      const [upper, lower] = [bytes[at(bit, 0)] > 128, bytes[at(bit, 1)] > 128];
      if (upper === lower) return null;
      if (upper) number += 2 ** bit;
    }
    return number;
  }

  // How old a picture is in ms that is shown at `now`, by the source's clock.
  function ageOf(number, now, { began, fps, pictures }) {
    const turn = (pictures / fps) * 1000;
    const age = (now - began - (number / fps) * 1000) % turn;
    return age < 0 ? age + turn : age;
  }

  function player() {
    const video = document.createElement("video");
    video.autoplay = true;
    video.muted = true;
    video.playsInline = true;
    const stream = new MediaStream();
    video.srcObject = stream;
    document.body.append(video);
    return { video, stream };
  }

  function connected(pc) {
    return new Promise((done, failed) => {
      const look = () => {
        if (pc.connectionState === "connected") done(performance.now());
        if (pc.connectionState === "failed") failed(new Error("connection failed"));
      };
      pc.addEventListener("connectionstatechange", look);
      look();
      setTimeout(() => failed(new Error(`still ${pc.connectionState} after 10 s`)), 10000);
    });
  }

  async function post(url, token, pc) {
    const headers = { "content-type": "application/sdp", authorization: `Bearer ${token}` };
    const answer = await fetch(url, { method: "POST", headers, body: pc.localDescription.sdp });
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    const resource = new URL(answer.headers.get("location"), location.href).href;
    return () => fetch(resource, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
  }

  // Janus by its HTTP transport: a session, a handle of the streaming plugin, and events by long poll.
  class Janus {
    async open(url) {
      const { data } = await this.ask(url, { janus: "create" });
      this.session = `${url}/${data.id}`;
      const handle = await this.ask(this.session, { janus: "attach", plugin: "janus.plugin.streaming" });
      this.handle = `${this.session}/${handle.data.id}`;
    }

    async ask(url, message) {
      const body = JSON.stringify({ ...message, transaction: String(Math.random()) });
      const answer = await (await fetch(url, { method: "POST", body })).json();
      if (answer.janus === "error") throw new Error(JSON.stringify(answer.error));
      return answer;
    }

    async offered() {
      for (;;) {
        const event = await (await fetch(`${this.session}?maxev=1`)).json();
        if (event.jsep !== undefined) return event.jsep;
        if (event.plugindata?.data?.error !== undefined) throw new Error(event.plugindata.data.error);
      }
    }

    async watch(pc, mountpoint) {
      const offered = this.offered();
      await this.ask(this.handle, { janus: "message", body: { request: "watch", id: mountpoint } });
      await pc.setRemoteDescription(await offered);
      await pc.setLocalDescription(await pc.createAnswer());
      const jsep = { type: "answer", sdp: pc.localDescription.sdp };
      // its candidates are found by Janus itself, from the checks that come
      await this.ask(this.handle, { janus: "message", body: { request: "start" }, jsep });
      await this.ask(this.handle, { janus: "trickle", candidate: { completed: true } });
      return () => this.ask(this.session, { janus: "destroy" });
    }
  }

  // Joins and gives what ends it again; `began` is when the request was made.
  async function join({ url, token, janus, mountpoint }) {
    const pc = new RTCPeerConnection();
    const { video, stream } = player();
    pc.addEventListener("track", ({ track }) => stream.addTrack(track));
    let began;
    let leave;
    if (janus !== undefined) {
      const peer = new Janus();
      await peer.open(janus);
      began = performance.now();
      leave = peer.watch(pc, mountpoint);
    } else {
      pc.addTransceiver("video", { direction: "recvonly" });
      pc.addTransceiver("audio", { direction: "recvonly" });
      await pc.setLocalDescription(await pc.createOffer());
      began = performance.now();
      leave = post(url, token, pc);
    }
    const end = async () => {
      await (await leave)();
      pc.close();
      video.remove();
    };
    return { pc, video, began, end, joined: leave };
  }

  async function received(pc) {
    const sum = { bytes: 0, packets: 0, lost: 0, frames: 0, freezes: 0, frozen: 0, retransmitted: 0 };
    for (const s of (await pc.getStats()).values()) {
      if (s.type !== "inbound-rtp" || s.kind !== "video") continue;
      sum.bytes += s.bytesReceived + (s.headerBytesReceived ?? 0);
      sum.packets += s.packetsReceived;
      sum.lost += s.packetsLost;
      sum.frames += s.framesDecoded;
      sum.freezes += s.freezeCount;
      sum.frozen += s.totalFreezesDuration;
      sum.retransmitted += s.retransmittedPacketsReceived ?? 0;
    }
    return sum;
  }

  // Calls `seen(now in epoch ms, metadata)` with each shown picture until it gives true.
  function pictures(video, seen) {
    const each = (_, shown) => {
      if (!seen(Date.now(), shown)) video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
  }

  const kept = { watching: null, publishing: [] };

  window.acts = {
    // Publishes the fake camera; gives the time from POST to connected in ms.
    async publish({ url, token, width = 1280, height = 720, kbps = 2000 }) {
      const pc = new RTCPeerConnection();
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width, height, frameRate: 25 }, audio: true });
      for (const track of stream.getTracks()) {
        const sendEncodings = track.kind === "video" ? [{ maxBitrate: kbps * 1000 }] : undefined;
        const transceiver = pc.addTransceiver(track, { direction: "sendonly", sendEncodings });
        if (track.kind === "video") {
          const { codecs } = RTCRtpSender.getCapabilities("video");
          transceiver.setCodecPreferences(codecs.filter((c) => ["video/H264", "video/rtx"].includes(c.mimeType)));
        }
      }
      await pc.setLocalDescription(await pc.createOffer());
      const began = performance.now();
      const up = connected(pc);
      const leave = await post(url, token, pc);
      const took = (await up) - began;
      kept.publishing.push({ pc, stream, leave });
      return took;
    },

    async unpublish() {
      for (const { pc, stream, leave } of kept.publishing.splice(0)) {
        await leave();
        pc.close();
        stream.getTracks().forEach((track) => track.stop());
      }
    },

    // Joins again and again; each: ms to the first picture behind which others come, and ages at 2 s where the
    // pictures have numbers, and ms to the first that is younger than 500 ms. `pauses` are the ms waited before each, so that joins fall anywhere in a group.
    async joins({ target, pauses, clock, stay = 2000 }) {
      const joins = [];
      for (const pause of pauses) {
        await sleep(pause);
        const { pc, video, began, end, joined } = await join(target);
        const epoch = Date.now() - (performance.now() - began);
        // times of shown pictures that advance
        const shown = [];
        const ages = [];
        pictures(video, (now, { mediaTime }) => {
          if (shown.length === 0 || mediaTime > shown.at(-1).mediaTime) shown.push({ at: performance.now(), mediaTime });
          if (clock !== undefined) {
            void numberIn(video).then((number) => {
              if (number !== null) ages.push({ at: now, age: ageOf(number, now, clock) });
            });
          }
          return performance.now() - began > stay + 200;
        });
        await joined;
        while (performance.now() - began < stay || (shown.length < 2 && performance.now() - began < 8000)) await sleep(20);
        // live: the next picture came within 500 ms
        const live = shown.findIndex(({ at }, n) => n + 1 < shown.length && shown[n + 1].at - at < 500);
        const { bytes, freezes } = await received(pc);
        joins.push({
          first: live < 0 ? null : shown[live].at - began,
          fresh: ages.length === 0 ? null : (ages.find(({ age }) => age < 500)?.at ?? epoch + stay) - epoch,
          age: ages.at(-1)?.age ?? null,
          bytes,
          freezes,
        });
        await end();
      }
      return joins;
    },

    // Watches for a while; the age of each picture, what came, and what was shown.
    async glass({ target, clock, seconds }) {
      const { pc, video, end, joined } = await join(target);
      await joined;
      await connected(pc);
      await sleep(3000);
      const before = await received(pc);
      const began = performance.now();
      const ages = [];
      let unread = 0;
      await new Promise((done) => {
        pictures(video, (now) => {
          void numberIn(video).then((number) => {
            if (number === null) unread += 1;
            else ages.push(ageOf(number, now, clock));
          });
          const is_over = performance.now() - began > seconds * 1000;
          if (is_over) done();
          return is_over;
        });
        setTimeout(done, seconds * 1000 + 1000);
      });
      const took = (performance.now() - began) / 1000;
      const after = await received(pc);
      await end();
      const of = (name) => after[name] - before[name];
      return { ages, unread, seconds: took, bytes: of("bytes"), lost: of("lost"), frames: of("frames"), freezes: of("freezes") };
    },

    // The page's own videos: what each showed in a while.
    async tiles({ seconds }) {
      const videos = [...document.querySelectorAll("video")].filter((v) => v.videoWidth > 0);
      const look = () => videos.map((v) => v.getVideoPlaybackQuality());
      const before = look();
      const began = performance.now();
      await sleep(seconds * 1000);
      const took = (performance.now() - began) / 1000;
      return look().map((after, n) => ({
        width: videos[n].videoWidth,
        height: videos[n].videoHeight,
        fps: (after.totalVideoFrames - after.droppedVideoFrames - before[n].totalVideoFrames + before[n].droppedVideoFrames) / took,
        dropped: after.droppedVideoFrames - before[n].droppedVideoFrames,
      }));
    },
  };
})();
