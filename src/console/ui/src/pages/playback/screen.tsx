// Owns the picture: the two elements that take turns, and what is said where there is no picture.
import { Button } from "antd";
import { DownloadOutlined } from "@ant-design/icons";
import { useEffect, useRef, type ReactNode, type RefObject } from "react";
import { span, timeOfDay } from "../../clock";
import { useT } from "../../i18n";
import { Mark } from "../../parts/mark";
import type { Player, Playing } from "./player";
import { holesAt, pieceAfter, type Hole, type Row } from "./tape";
import { fileUrl } from "./wire";

interface Props {
  session: string;
  row: Row | null;
  playing: Playing;
  player: RefObject<Player | null>;
  onElements: (videos: [HTMLVideoElement, HTMLVideoElement]) => () => void;
  onPlayFrom: (at: number) => void;
  onRefresh: () => void;
}

export function Screen({ session, row, playing, player, onElements, onPlayFrom, onRefresh }: Props) {
  const t = useT();
  const words = t.playback;
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (first.current === null || second.current === null) return;
    return onElements([first.current, second.current]);
  }, [onElements]);

  const shown = row !== null && playing.piece !== null && playing.trouble === null && playing.piece.picture !== false;
  return (
    <div className="screen">
      {[first, second].map((video, index) => (
        <video
          key={index}
          ref={video}
          className={shown && playing.front === index ? "screen-video" : "screen-video screen-back"}
          playsInline
          disablePictureInPicture
          aria-hidden={shown && playing.front === index ? undefined : true}
          aria-label={words.videoOf(row?.name ?? "")}
          onClick={() => player.current?.toggle()}
        />
      ))}
      {message()}
      {corner()}
    </div>
  );

  function message() {
    if (row === null) return <Notice>{words.pick}</Notice>;
    if (playing.trouble !== null && playing.piece !== null) {
      const codec = playing.piece.codecs.find((name) => /h265|hevc/i.test(name)) === undefined ? playing.piece.codecs[0]?.toUpperCase() : "H.265";
      const noPicture = playing.trouble === "no_picture";
      return (
        <Notice level={noPicture ? undefined : "bad"} title={noPicture ? words.noPicture(codec ?? "H.265") : words.unplayable}>
          <p>{noPicture ? words.noPictureHelp : words.unplayableHelp}</p>
          <div className="screen-acts">
            {!noPicture && <Button onClick={() => onPlayFrom(playing.at)}>{words.retry}</Button>}
            <Button type="primary" icon={<DownloadOutlined />} href={fileUrl(session, row.feed, playing.piece.file)} download={`${row.feed}-${playing.piece.file}`}>{words.download}</Button>
          </div>
        </Notice>
      );
    }
    if (playing.piece === null) return <Nothing row={row} at={playing.at} onPlayFrom={onPlayFrom} />;
    if (playing.piece.picture === false) return <Notice>{words.soundOnly}</Notice>;
    return null;
  }

  function corner() {
    if (row === null || playing.piece === null) return null;
    const part = holesAt(row, playing.at)[0];
    return (
      <div className="screen-corner" role="status">
        {playing.waiting && <span className="screen-tag">{words.waiting}</span>}
        {part !== undefined && playing.trouble === null && (
          <span className="screen-tag screen-tag-bad"><Mark level="bad" /> {partText(part)}</span>
        )}
        {playing.skipped !== null && (
          <span className="screen-tag screen-tag-warn">
            <Mark level="warn" /> {playing.skipped.hole === null
              ? words.skippedEmpty(span(playing.skipped.to - playing.skipped.from))
              : words.skipped(span(playing.skipped.to - playing.skipped.from), t.words.kinds.gap[playing.skipped.hole.cause])}
          </span>
        )}
        {playing.ended && (
          <span className="screen-tag">
            {playing.piece.growing ? words.endedGrowing : words.ended}
            {playing.piece.growing && <Button size="small" onClick={onRefresh}>{words.refresh}</Button>}
          </span>
        )}
      </div>
    );
  }

  function partText(hole: Hole): string {
    const cause = t.words.kinds.gap[hole.cause];
    return hole.tracks === "audio" ? words.soundMissing(cause) : words.pictureMissing(cause);
  }
}

/** A time without a file: a gap and its cause, or nothing at all. */
function Nothing({ row, at, onPlayFrom }: { row: Row; at: number; onPlayFrom: (at: number) => void }) {
  const t = useT();
  const words = t.playback;
  const hole = holesAt(row, at)[0];
  const next = pieceAfter(row, at);
  const start = row.pieces[0];
  const acts = (
    <div className="screen-acts">
      {next !== null && <Button type="primary" onClick={() => onPlayFrom(next.from)}>{`${hole === undefined ? words.play : words.onward} ${timeOfDay(next.from)}`}</Button>}
      {next === null && start !== undefined && <Button onClick={() => onPlayFrom(start.from)}>{`${words.toStart} ${timeOfDay(start.from)}`}</Button>}
    </div>
  );
  if (hole === undefined) return <Notice title={words.nothing}><p>{words.nothingHelp}</p>{acts}</Notice>;
  const length = span(hole.to - hole.from);
  return (
    <Notice level="bad" title={words.hole(t.words.kinds.gap[hole.cause])}>
      <p className="figures">{hole.open ? words.holeOpen(timeOfDay(hole.from), length) : words.holeFrom(timeOfDay(hole.from), timeOfDay(hole.to), length)}</p>
      {acts}
    </Notice>
  );
}

function Notice({ level, title, children }: { level?: "bad"; title?: string; children: ReactNode }) {
  return (
    <div className={level === "bad" ? "screen-notice screen-notice-bad" : "screen-notice"} role="status">
      {title !== undefined && <h2>{level === "bad" && <Mark level="bad" size={24} />}{title}</h2>}
      {children}
    </div>
  );
}
