// Owns what the supervisor does to a seat: a warning that must be acknowledged, and his voice.
import { Button, Modal } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";
import { SEAT } from "../../api";
import { useT } from "../../i18n";
import { WhepVoice } from "../../media/whep";
import { Mark } from "../../parts/mark";
import type { Give } from "../../parts/notice";

export function Warning({ text, give }: { text: string; give: Give }) {
  const t = useT();
  return (
    <Modal
      open
      title={<h2 className="dialog-title"><Mark level="warn" size={22} /> {t.seat.warningTitle}</h2>}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      width={720}
      focusable={{ trap: true, focusTriggerAfterClose: true }}
      footer={<Button className="big" type="primary" onClick={() => void give({ type: "acknowledge_warning" })}>{t.words.actions.acknowledge_warning}</Button>}
    >
      <p className="warning-text">{text}</p>
    </Modal>
  );
}

export function TalkBack({ feed }: { feed: string | null }) {
  const t = useT();
  const audio = useRef<HTMLAudioElement>(null);
  const [blocked, setBlocked] = useState(false);
  const play = useCallback(() => {
    audio.current?.play().then(() => setBlocked(false), () => setBlocked(true));
  }, []);
  useEffect(() => {
    if (feed === null) return;
    const voice = new WhepVoice(feed, "main", {
      headers: SEAT,
      sound: true,
      onState: () => undefined,
      onStream: (stream) => {
        if (audio.current === null) return;
        audio.current.srcObject = stream;
        play();
      },
    });
    voice.start();
    return () => voice.stop();
  }, [feed, play]);
  return (
    <div className="banner banner-talk" role="status">
      <Mark level="rec" size={20} />
      <strong>{t.seat.talkBack}</strong>
      <audio ref={audio} autoPlay />
      {blocked && <Button size="small" onClick={play}>{t.seat.sound}</Button>}
    </div>
  );
}
