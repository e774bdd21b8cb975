// Owns one tile: the two elements that take turns, and what is said where there is no picture.
import { Button } from "antd";
import { DownloadOutlined } from "@ant-design/icons";
import { useEffect, useRef, type ReactNode } from "react";
import { span, timeOfDay } from "../../clock";
import { useT } from "../../i18n";
import { Mark } from "../../parts/mark";
import type { Playing, Sight } from "./player";
import { holesAt, pieceAfter, type Row } from "./tape";
import { fileUrl } from "./wire";

interface Props {
  session: string;
  row: Row;
  playing: Playing | null;
  at: number;
  /** The feed that is heard, and whose gaps 'next' stops at. */
  chosen: boolean;
  speaking: boolean;
  /** Alone in the picture: there is room for help. */
  large: boolean;
  onElements: (row: Row, videos: [HTMLVideoElement, HTMLVideoElement]) => () => void;
  onChoose: () => void;
  onLarge: () => void;
  onRetry: () => void;
  onPlayFrom: (at: number) => void;
}

export function Screen(props: Props) {
  const { session, row, playing, at, chosen, speaking, large, onElements, onChoose, onLarge, onRetry, onPlayFrom } = props;
  const t = useT();
  const words = t.playback;
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  const latest = useRef(row);
  latest.current = row;
  useEffect(() => {
    if (first.current === null || second.current === null) return;
    return onElements(latest.current, [first.current, second.current]);
  }, [onElements]);

  const sight: Sight = playing?.sight ?? { is: "nothing" };
  const front = playing?.front ?? 0;
  const silent = holesAt(row, at).find((hole) => hole.tracks === "audio");
  return (
    <article className={["screen", chosen && !large && "screen-chosen", speaking && "screen-speaking"].filter(Boolean).join(" ")} data-feed={row.feed} data-sight={sight.is} aria-label={row.name}>
      <div className="screen-picture">
        {[first, second].map((video, index) => (
          <video
            key={index}
            ref={video}
            className={sight.is === "picture" && front === index ? "screen-video" : "screen-video screen-back"}
            playsInline
            disablePictureInPicture
            aria-hidden={sight.is === "picture" && front === index ? undefined : true}
            aria-label={words.videoOf(row.name)}
          />
        ))}
        <button type="button" className="screen-press" aria-pressed={chosen} aria-label={words.choose(row.name)} title={words.largeHelp} onClick={onChoose} onDoubleClick={onLarge} />
        {message()}
        {silent !== undefined && sight.is === "picture" && (
          <span className="screen-tag screen-tag-bad"><Mark level="bad" /> {words.soundMissing(t.words.kinds.gap[silent.cause])}</span>
        )}
      </div>
      <div className="screen-foot">
        <strong>{row.name}</strong>
        {speaking && <span className="screen-speaks">{words.speaks}</span>}
      </div>
    </article>
  );

  function message() {
    switch (sight.is) {
      case "picture": return null;
      case "reading": return <Notice>{words.waiting}</Notice>;
      case "sound": return <Notice>{words.soundOnly}</Notice>;
      case "hole": {
        const { hole } = sight;
        const length = span(hole.to - hole.from);
        return (
          <Notice bad title={words.hole(t.words.kinds.gap[hole.cause])}>
            <p className="figures">{hole.open ? words.holeOpen(timeOfDay(hole.from), length) : words.holeFrom(timeOfDay(hole.from), timeOfDay(hole.to), length)}</p>
            {large && onward()}
          </Notice>
        );
      }
      case "nothing": return <Notice title={words.nothing}>{large && <><p>{words.nothingHelp}</p>{onward()}</>}</Notice>;
      case "trouble": {
        const { piece, trouble } = sight;
        const codec = piece.codecs.some((name) => /h265|hevc/i.test(name)) ? "H.265" : (piece.codecs[0] ?? "").toUpperCase();
        const file = <Button size={large ? undefined : "small"} icon={<DownloadOutlined />} href={fileUrl(session, row.feed, piece.file)} download={`${row.feed}-${piece.file}`}>{words.download}</Button>;
        if (trouble === "no_picture") return <Notice title={words.noPicture(codec)}>{large && <p>{words.noPictureHelp}</p>}<div className="screen-acts">{file}</div></Notice>;
        const again = <Button size={large ? undefined : "small"} onClick={onRetry}>{words.retry}</Button>;
        if (trouble === "missing") return <Notice bad title={words.missing}><p className="figures">{piece.file}</p>{large && <p>{words.missingHelp}</p>}<div className="screen-acts">{again}</div></Notice>;
        return <Notice bad title={words.unplayable}>{large && <p>{words.unplayableHelp}</p>}<div className="screen-acts">{again}{large && file}</div></Notice>;
      }
    }
  }

  function onward() {
    const next = pieceAfter(row, at);
    return next !== null && <div className="screen-acts"><Button type="primary" onClick={() => onPlayFrom(next.from)}>{`${words.onward} ${timeOfDay(next.from)}`}</Button></div>;
  }
}

function Notice({ bad = false, title, children }: { bad?: boolean; title?: string; children: ReactNode }) {
  return (
    <div className={bad ? "screen-notice screen-notice-bad" : "screen-notice"}>
      {title !== undefined && <h2>{bad && <Mark level="bad" size={20} />}{title}</h2>}
      {children}
    </div>
  );
}
