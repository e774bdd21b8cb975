// Owns the list of moments beside the picture: what happened, in order; a click plays from there.
import { Checkbox } from "antd";
import { useEffect, useRef } from "react";
import { timeOfDay } from "../../clock";
import { useT } from "../../i18n";
import { Mark, type MarkLevel } from "../../parts/mark";
import { CATEGORIES, type Category, type Point } from "./tape";

const MARKS: Record<Point["level"], MarkLevel> = { good: "ok", warn: "warn", bad: "bad", plain: "info" };

interface Props {
  points: Point[];
  at: number;
  categories: Category[];
  onCategories: (categories: Category[]) => void;
  onSeek: (at: number) => void;
}

export function Points({ points, at, categories, onCategories, onSeek }: Props) {
  const t = useT();
  const list = useRef<HTMLOListElement>(null);
  // the one that the clock stands at; a click seeks to its very millisecond
  const current = points.findLast((point) => point.at <= at + 1)?.seq;
  useEffect(() => {
    const frame = list.current;
    const entry = frame?.querySelector<HTMLElement>("[aria-current]");
    if (frame == null || entry == null) return;
    const [top, bottom] = [entry.offsetTop - frame.offsetTop, entry.offsetTop - frame.offsetTop + entry.offsetHeight];
    if (top < frame.scrollTop || bottom > frame.scrollTop + frame.clientHeight) frame.scrollTop = top - frame.clientHeight / 3;
  }, [current]);
  return (
    <section className="panel points" aria-label={t.playback.points}>
      <h2 className="sr-only">{t.playback.points}</h2>
      <Checkbox.Group
        className="points-filter"
        aria-label={t.playback.showPoints}
        value={categories}
        onChange={onCategories}
        options={CATEGORIES.map((value) => ({ value, label: t.playback.categories[value] }))}
      />
      {points.length === 0 ? (
        <p className="points-none">{t.playback.noPoints}</p>
      ) : (
        <ol className="points-list" ref={list} tabIndex={-1}>
          {points.map((point) => (
            <li key={point.seq}>
              <button type="button" className="point" aria-current={point.seq === current ? "time" : undefined} onClick={() => onSeek(point.at)}>
                <time className="figures">{timeOfDay(point.at)}</time>
                <Mark level={MARKS[point.level]} />
                <span>{point.text}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
