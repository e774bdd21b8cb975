// Owns what the seat sends as its member sees it: own pictures small, each device's state, and the device check.
import { Button } from "antd";
import { useEffect, useRef, useState } from "react";
import { useT, type Dictionary } from "../../i18n";
import { Meter, testTone } from "../../media/meter";
import type { DeviceFault, SourceState, WorkstationMedia, WorkstationState } from "../../media/workstation";
import { Mark, type MarkLevel } from "../../parts/mark";
import { LevelBar, StreamVideo } from "../../parts/video";

export function faultText(t: Dictionary, fault: DeviceFault, device: string): string {
  switch (fault) {
    case "camera_missing": return t.seat.cameraMissing;
    case "microphone_missing": return t.seat.microphoneMissing;
    case "denied": return t.seat.mediaDenied;
    case "busy": return t.seat.mediaBusy;
    case "camera_lost": return t.seat.cameraLost(device);
    case "microphone_lost": return t.seat.microphoneLost(device);
    case "screen_wrong": return t.seat.screenWrong;
    case "screen_refused": return t.seat.screenRefused;
    case "screen_ask": return t.seat.screenHelp;
  }
}

const LEVELS: Record<SourceState["state"], MarkLevel> = { idle: "none", asking: "none", connecting: "none", live: "ok", retrying: "warn", failed: "bad" };

export function DeviceSide({ media, state, onShare, check }: { media: WorkstationMedia | null; state: WorkstationState; onShare: () => void; check: boolean }) {
  const t = useT();
  const { face, screen } = state;
  // the microphone may be sent without the camera
  const camera = face.fault === "camera_missing" || face.fault === "camera_lost" ? "failed" : face.state;
  return (
    <section className="panel devices" aria-label={check ? t.seat.checkTitle : t.seat.own}>
      <div className="panel-head"><h2>{check ? t.seat.checkTitle : t.seat.own}</h2></div>
      <div className="own-pictures">
        <figure>
          <StreamVideo stream={face.stream} label={t.seat.ownFace} mirrored />
          <figcaption><Mark level={LEVELS[camera]} /> {t.seat.camera} {t.seat.states[camera]}</figcaption>
        </figure>
        <figure>
          <StreamVideo stream={screen.stream} label={t.seat.ownScreen} />
          <figcaption><Mark level={LEVELS[screen.state]} /> {t.tech.seat.screen} {t.seat.states[screen.state]}</figcaption>
        </figure>
      </div>
      {face.fault !== null && (
        <div className="device-fault" role="alert">
          <Mark level="bad" /> <span>{faultText(t, face.fault, face.device)}</span>
          <Button size="small" onClick={() => void media?.face()}>{t.common.retry}</Button>
        </div>
      )}
      <div className="device-row">
        <span>{t.seat.microphone}</span>
        <MicrophoneLevel stream={face.stream} />
      </div>
      {check && (
        <>
          <p className="help">{t.seat.micHelp}</p>
          <div className="device-row">
            <span>{t.seat.speaker}</span>
            <Button size="small" onClick={testTone}>{t.seat.speakerTest}</Button>
          </div>
        </>
      )}
      {screen.state !== "live" && screen.state !== "connecting" && screen.state !== "retrying" && (
        <div className="device-row">
          <span>{t.seat.screen}</span>
          <Button size="small" disabled={screen.state === "asking"} onClick={onShare}>{t.seat.screenAsk}</Button>
        </div>
      )}
    </section>
  );
}

function MicrophoneLevel({ stream }: { stream: MediaStream | null }) {
  const t = useT();
  const meter = useRef<Meter | null>(null);
  const [, setReady] = useState(false);
  useEffect(() => {
    if (stream === null || stream.getAudioTracks().length === 0) return;
    const made = new Meter(stream);
    meter.current = made;
    setReady(true);
    return () => {
      meter.current = null;
      made.close();
    };
  }, [stream]);
  return <LevelBar level={() => meter.current?.level() ?? 0} label={t.seat.microphone} />;
}

/** The one prompt after a reload where the browser demands a click. */
export function ScreenPrompt({ fault, onShare }: { fault: DeviceFault; onShare: () => void }) {
  const t = useT();
  return (
    <div className="banner banner-warn screen-prompt" role="alert">
      <Mark level="warn" size={24} />
      <div>
        <strong>{t.seat.screen}</strong>
        <p>{faultText(t, fault, "")}</p>
      </div>
      <Button className="big" type="primary" onClick={onShare}>{t.seat.screenAsk}</Button>
    </div>
  );
}
