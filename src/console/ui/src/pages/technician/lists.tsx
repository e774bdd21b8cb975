// Owns the lists beside the map: preflight, the room's own feeds, the committee by mask.
import { Button } from "antd";
import { hourMinute, size, span, useNow } from "../../clock";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { button, mask, refusalText, spaced } from "../../names";
import { Mark, type MarkLevel } from "../../parts/mark";
import type { Give } from "../../parts/notice";
import { Empty } from "../../parts/shell";
import type { CheckResult, Fault, Preflight, RoomView } from "../../wire";

const VERDICTS: Record<CheckResult["verdict"], MarkLevel> = { passed: "ok", attention: "warn", failed: "bad" };
const WORST = ["failed", "attention", "passed"];

export function PreflightList(props: { preflight: Preflight; view: RoomView; names: Names; give: Give }) {
  const t = useT();
  const { preflight } = props;
  const can = button(props.view.actions, "run_preflight");
  const why = can?.refusal == null ? undefined : refusalText(t, can.refusal, props.names);
  const results = preflight.state === "done" ? [...preflight.results].sort((a, b) => WORST.indexOf(a.verdict) - WORST.indexOf(b.verdict)) : [];
  const count = (verdict: string) => results.filter((r) => r.verdict === verdict).length;
  return (
    <div className="list-body">
      <div className="list-lead">
        <span>
          {preflight.state === "never" && t.tech.preflightNever}
          {preflight.state === "running" && t.tech.preflightRuns}
          {preflight.state === "done" && `${t.tech.preflightSummary(count("passed"), count("attention"), count("failed"))} · ${t.tech.preflightAt(hourMinute(preflight.at.at))}`}
        </span>
        <Button size="small" disabled={preflight.state === "running" || can?.allowed === false} title={why} onClick={() => void props.give({ type: "run_preflight" })}>
          {t.words.actions.run_preflight}
        </Button>
      </div>
      {results.length > 0 && (
        <ul className="checks" tabIndex={0} aria-label={t.tech.tabs.preflight}>
          {results.map((result) => (
            <li key={result.item} className={`check check-${result.verdict}`}>
              <Mark level={VERDICTS[result.verdict]} />
              <span className="check-item">{t.words.equipment(result.item)}</span>
              <span className="check-detail">
                {result.fault == null ? result.detail : faultText(t, result.fault)}
                {result.fault != null && <small className="check-todo">{spaced(t.words.remedy(result.fault))}</small>}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function faultText(t: ReturnType<typeof useT>, fault: Fault): string {
  const say = t.words.faults[fault.kind] as ((value: Fault) => string) | undefined;
  return spaced(say?.(fault) ?? fault.kind);
}

export function Cameras({ view }: { view: RoomView }) {
  const t = useT();
  const now = useNow();
  const feeds = view.feeds.filter((feed) => feed.place.in !== "seat" && feed.kind !== "talk_back");
  return (
    <ul className="checks" tabIndex={0} aria-label={t.tech.tabs.cameras}>
      {feeds.map((feed) => {
        const level: MarkLevel = feed.source === "live" ? (feed.recording.state === "writing" ? "rec" : "info") : feed.source === "lost" ? "bad" : "none";
        return (
          <li key={feed.id} className={`check ${feed.source === "lost" ? "check-failed" : ""}`}>
            <Mark level={level} />
            <span className="check-item">{feed.name}</span>
            <span className="check-detail">
              {t.tech.camera[feed.source]}
              {feed.source === "lost" && feed.since != null && ` ${span(now - feed.since)}`}
              {feed.source === "live" && ` · ${feed.carries.join(" · ")}`}
              {feed.recording.state === "writing" && ` · ${t.tech.seat.written(size(feed.recording.bytes))}`}
              {feed.recording.state === "gap" && ` · ${t.tech.seat.recordingGap}`}
              {feed.fault != null && ` · ${spaced(t.words.source(feed.fault).what)}`}
              {feed.fault != null && <small className="check-todo">{spaced(t.words.source(feed.fault).todo)}</small>}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

export function Committee(props: { view: RoomView; names: Names; onSeat: (no: number) => void; onGate: (member: number) => void }) {
  const t = useT();
  const members = props.view.session?.members ?? [];
  const phase = props.view.session?.phase;
  if (members.length === 0) return <Empty title={t.tech.state.planned} />;
  return (
    <ul className="checks" tabIndex={0} aria-label={t.tech.tabs.committee}>
      {members.map((member) => {
        const expected = member.presence === "expected";
        const level: MarkLevel = member.presence === "present" ? "ok" : expected ? "none" : "warn";
        const states = [
          t.words.kinds.presence[member.presence],
          member.seat == null ? "" : t.common.seat(member.seat),
          member.chair ? t.tech.seat.chair : "",
          member.signed == null ? "" : member.dissent ? t.tech.members.dissent : t.tech.members.signed,
        ].filter((word) => word !== "");
        return (
          <li key={member.no} className="check">
            <Mark level={level} />
            <span className="check-item">{mask(t, member)}</span>
            <span className="check-detail">{states.join(" · ")}</span>
            {expected && phase !== "convened" && (
              <Button size="small" onClick={() => props.onGate(member.no)}>{t.tech.members.code}</Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
