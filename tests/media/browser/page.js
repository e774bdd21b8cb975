// A standard WHIP and WHEP client in a page. Knows nothing of bidroom.
(() => {
  let pc, resource, etag, video, firstFrame, shownAt, longest;

  // `via`: the port of a way to the box's UDP port; `noRepair`: nothing lost is asked for again.
  async function post(url, owner, { onlyTcp, via, noRepair } = {}) {
    const offer = await pc.createOffer();
    if (noRepair) offer.sdp = withoutRepair(offer.sdp);
    await pc.setLocalDescription(offer);
    const headers = { 'content-type': 'application/sdp', authorization: `Bearer ${owner}` };
    const answer = await fetch(url, { method: 'POST', headers, body: pc.localDescription.sdp });
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    resource = new URL(answer.headers.get('location'), location.href).href;
    etag = answer.headers.get('etag');
    let sdp = await answer.text();
    if (via) sdp = sdp.replace(/^(a=candidate:\S+ \d udp \d+ \S+) \d+/gim, `$1 ${via}`);
    if (onlyTcp) sdp = sdp.split('\r\n').filter((l) => !/^a=candidate:.* udp /.test(l)).join('\r\n');
    await pc.setRemoteDescription({ type: 'answer', sdp });
  }

  function withoutRepair(sdp) {
    const gone = [...sdp.matchAll(/^a=rtpmap:(\d+) (?:rtx|red|ulpfec|flexfec-03)\/.*$/gm)].map(([, type]) => type);
    return sdp.split('\r\n').flatMap((line) => {
      if (/^a=rtcp-fb:\S+ nack$/.test(line)) return [];
      const [, type] = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+)/.exec(line) ?? [];
      if (gone.includes(type)) return [];
      return line.startsWith('m=video') ? [line.split(' ').filter((word, n) => n < 3 || !gone.includes(word)).join(' ')] : [line];
    }).join('\r\n');
  }

  // The longest time that a picture stood still, in ms.
  function count(at) {
    if (shownAt !== undefined) longest = Math.max(longest, at - shownAt);
    shownAt = at;
    video.requestVideoFrameCallback(count);
  }

  function connected() {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (pc.connectionState === 'connected') resolve();
        if (pc.connectionState === 'failed') reject(new Error('connection failed'));
      };
      pc.addEventListener('connectionstatechange', look);
      look();
      setTimeout(() => reject(new Error(`still ${pc.connectionState}`)), 10000);
    });
  }

  function prefer(transceiver, kind, codec) {
    const codecs = RTCRtpReceiver.getCapabilities(kind).codecs;
    const wanted = codecs.filter((c) => c.mimeType.toLowerCase() === codec.toLowerCase());
    transceiver.setCodecPreferences([...wanted, ...codecs.filter((c) => !wanted.includes(c))]);
  }

  // A picture that is white while a tone sounds: the first tenth of each second of the sound's own clock.
  function flashAndBeep() {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    document.body.append(canvas);
    const paint = canvas.getContext('2d');
    const sound = new AudioContext();
    const [tone, volume, out] = [sound.createOscillator(), sound.createGain(), sound.createMediaStreamDestination()];
    volume.gain.value = 0;
    tone.connect(volume).connect(out);
    tone.start();
    for (let second = 1; second < 120; second++) {
      volume.gain.setValueAtTime(0.8, second);
      volume.gain.setValueAtTime(0, second + 0.1);
    }
    const draw = () => {
      paint.fillStyle = sound.currentTime % 1 < 0.1 ? 'white' : 'black';
      paint.fillRect(0, 0, canvas.width, canvas.height);
      requestAnimationFrame(draw);
    };
    draw();
    return new MediaStream([...canvas.captureStream(60).getTracks(), ...out.stream.getTracks()]);
  }

  // A person who sits still before a camera that has a little noise, in a quiet room. `role` is what goes wrong.
  let role = 'fine', hum;
  function stage() {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const draw = canvas.getContext('2d', { willReadFrequently: true });
    let last = null;
    setInterval(() => {
      if (role !== 'frozen' || last === null) {
        const sway = Math.sin(performance.now() / 700);
        draw.fillStyle = '#586068';
        draw.fillRect(0, 0, 640, 360);
        draw.fillStyle = '#30506a';
        draw.fillRect(60, 40, 120, 200);
        draw.fillStyle = '#b09080';
        draw.beginPath();
        draw.ellipse(320 + sway, 180 + 1.5 * sway, 80, 110, 0, 0, 7);
        draw.fill();
        last = draw.getImageData(0, 0, 640, 360);
        for (let at = 0; at < last.data.length; at += 4) {
          const grain = 6 * (Math.random() + Math.random() - 1);
          for (let c = 0; c < 3; c++) last.data[at + c] += grain;
        }
      }
      draw.putImageData(last, 0, 0);
    }, 100);
    const sounds = new AudioContext();
    const noise = sounds.createBuffer(1, sounds.sampleRate, sounds.sampleRate);
    noise.getChannelData(0).forEach((_, at, all) => { all[at] = Math.random() * 2 - 1; });
    const source = Object.assign(sounds.createBufferSource(), { buffer: noise, loop: true });
    hum = sounds.createGain();
    const out = sounds.createMediaStreamDestination();
    source.connect(hum).connect(out);
    source.start();
    window.acts.become('fine');
    const stream = canvas.captureStream(10);
    stream.addTrack(out.stream.getAudioTracks()[0]);
    staged = stream;
    return stream;
  }

  let staged;
  window.acts = {
    become(what) {
      role = what;
      // -60 dBFS: uniform noise has 1/sqrt(3) of its amplitude
      hum.gain.value = what === 'loud' ? 1 : 0.00173;
      for (const track of staged?.getVideoTracks() ?? []) track.enabled = what !== 'black';
      for (const track of staged?.getAudioTracks() ?? []) track.enabled = what !== 'silent';
      return null;
    },

    async publish({ url, owner, simulcast, sound = 'audio/opus', noVideo, screen, via, noRepair, flash, staged }) {
      pc = new RTCPeerConnection();
      const stream = flash
        ? flashAndBeep()
        : staged
        ? stage()
        : screen
        ? await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 5 } })
        : await navigator.mediaDevices.getUserMedia({
            video: !noVideo && { width: 1280, height: 720, frameRate: 30 },
            audio: true,
          });
      for (const track of stream.getVideoTracks()) {
        const sendEncodings = simulcast
          ? [{ rid: 'h', maxBitrate: 2e6 }, { rid: 'l', maxBitrate: 2e5, scaleResolutionDownBy: 4 }]
          : [{ maxBitrate: 2e6 }];
        prefer(pc.addTransceiver(track, { direction: 'sendonly', sendEncodings }), 'video', 'video/H264');
      }
      for (const track of stream.getAudioTracks()) {
        prefer(pc.addTransceiver(track, { direction: 'sendonly' }), 'audio', sound);
      }
      await post(url, owner, { via, noRepair });
      await connected();
      return { resource, etag, answer: pc.remoteDescription.sdp, offer: pc.localDescription.sdp };
    },

    // Answers with the time from POST to the first picture shown, in ms.
    async watch({ url, owner, sounds, onlyTcp, via, noRepair }) {
      pc = new RTCPeerConnection();
      pc.addTransceiver('video', { direction: 'recvonly' });
      const audio = pc.addTransceiver('audio', { direction: 'recvonly' });
      if (sounds) {
        const codecs = RTCRtpReceiver.getCapabilities('audio').codecs;
        audio.setCodecPreferences(codecs.filter((c) => sounds.includes(c.mimeType)));
      }
      video = document.createElement('video');
      video.autoplay = true;
      document.body.append(video);
      const stream = new MediaStream();
      video.srcObject = stream;
      pc.addEventListener('track', (event) => stream.addTrack(event.track));
      firstFrame = undefined;
      const start = performance.now();
      shownAt = undefined;
      longest = 0;
      video.requestVideoFrameCallback((at) => {
        firstFrame = performance.now() - start;
        count(at);
      });
      await post(url, owner, { onlyTcp, via, noRepair });
      return { resource, etag, answer: pc.remoteDescription.sdp, offer: pc.localDescription.sdp };
    },

    async look() {
      const seen = { connection: pc.connectionState, firstFrame, longest, width: video?.videoWidth ?? 0 };
      for (const s of (await pc.getStats()).values()) {
        if (s.type === 'inbound-rtp' && s.kind === 'video') {
          Object.assign(seen, {
            frames: s.framesDecoded, received: s.framesReceived, packets: s.packetsReceived, lost: s.packetsLost,
            freezes: s.freezeCount, frozen: s.totalFreezesDuration, keys: s.keyFramesDecoded, nacks: s.nackCount,
          });
        }
        if (s.type === 'inbound-rtp' && s.kind === 'audio') {
          Object.assign(seen, { sound: s.packetsReceived, energy: s.totalAudioEnergy, soundLost: s.packetsLost });
        }
        if (s.type === 'outbound-rtp' && s.kind === 'video') {
          seen.sent ??= {};
          seen.sent[s.rid ?? ''] = { frames: s.framesEncoded, keys: s.keyFramesEncoded, plis: s.pliCount, nacks: s.nackCount, width: s.frameWidth };
        }
        if (s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded') {
          const stats = await pc.getStats();
          seen.protocol = stats.get(s.localCandidateId)?.protocol;
        }
      }
      return seen;
    },

    // The picture gets another size.
    resize({ width, height }) {
      Object.assign(document.querySelector('canvas'), { width, height });
      return null;
    },

    // Counts standing pictures from now on.
    afresh() {
      longest = 0;
      return null;
    },

    // Sends no more pictures.
    async still() {
      for (const sender of pc.getSenders()) if (sender.track?.kind === 'video') await sender.replaceTrack(null);
      return null;
    },

    async restart({ owner }) {
      pc.restartIce();
      const offer = await pc.createOffer();
      await pc.setLocalDescription(offer);
      const line = (name) => offer.sdp.split('\r\n').find((l) => l.startsWith(`a=${name}:`));
      const mid = line('mid');
      const head = offer.sdp.split('\r\n').find((l) => l.startsWith('m='));
      const body = [line('ice-ufrag'), line('ice-pwd'), head, mid, ''].join('\r\n');
      const headers = {
        'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*', authorization: `Bearer ${owner}`,
      };
      const answer = await fetch(resource, { method: 'PATCH', headers, body });
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
      const fragment = await answer.text();
      const value = (name) => fragment.split('\r\n').find((l) => l.startsWith(`a=${name}:`));
      const sdp = pc.remoteDescription.sdp
        .replace(/a=ice-ufrag:.*/g, value('ice-ufrag'))
        .replace(/a=ice-pwd:.*/g, value('ice-pwd'));
      const before = etag;
      etag = answer.headers.get('etag');
      await pc.setRemoteDescription({ type: 'answer', sdp });
      return { changed: before !== etag, fragment };
    },

    // Joins and leaves again and again; every third time without a goodbye by HTTP.
    async hop({ url, owner, times }) {
      for (let n = 0; n < times; n += 1) {
        await this.watch({ url, owner });
        await connected();
        if (n % 3) await fetch(resource, { method: 'DELETE', headers: { authorization: `Bearer ${owner}` } });
        pc.close();
        video.remove();
      }
      return times;
    },

    async end({ owner }) {
      const headers = { authorization: `Bearer ${owner}` };
      const answer = await fetch(resource, { method: 'DELETE', headers });
      pc.close();
      return answer.status;
    },
  };
})();
