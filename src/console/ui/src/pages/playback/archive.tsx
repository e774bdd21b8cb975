// Owns how a session's sealed archive is shown: until when it is kept, in which replicas, whether it is on hold; and that what is
// over is let go by hand.
import { Button, Input } from "antd";
import { useState } from "react";
import { boxNow, dateTime } from "../../clock";
import { useT } from "../../i18n";
import { names } from "../../names";
import { Dialog, Field, NoteDialog } from "../../parts/dialogs";
import { Mark } from "../../parts/mark";
import { useCommand } from "../../parts/notice";
import type { ArchiveView } from "../../wire";

type Part = "archive" | "personal";

const day = (at: number): string => dateTime(at).slice(0, 10);
const isOver = (until: number | null | undefined): boolean => until != null && until <= boxNow();

export function Archive({ session, archive, onChanged }: { session: string; archive: ArchiveView; onChanged: () => void }) {
  const t = useT();
  const words = t.playback.archive;
  const [asked, setAsked] = useState<"hold" | Part | null>(null);
  const give = useCommand(session, names(t, {}));
  const held = archive.hold != null;
  const close = () => setAsked(null);
  const run = async (command: Parameters<typeof give>[0]) => {
    const done = await give(command);
    if (done) onChanged();
    return done;
  };
  const mayGo = !archive.released && !held;
  return (
    <div className="archive">
      <span>{archive.released ? words.released : archive.until == null ? words.forGood : words.until(day(archive.until))}</span>
      {archive.personal_data !== "kept"
        ? <span>{archive.personal_data === "going" ? words.personalGoing : words.personalGone}</span>
        : archive.personal_until != null && <span>{words.personalUntil(day(archive.personal_until))}</span>}
      {archive.replicas.map(({ id, seen }) => (
        <span key={id}>
          <Mark level={seen == null ? "warn" : seen.state === "whole" ? "ok" : "bad"} />{" "}
          {seen == null ? words.lacking(id) : seen.state === "whole" ? words.whole(id, day(seen.verified.at)) : words.damaged(id)}
        </span>
      ))}
      {archive.handed_over != null && <span><Mark level="ok" /> {words.handedOver(archive.handed_over.to, day(archive.handed_over.at))}</span>}
      {archive.requested != null && <span><Mark level="info" /> {words.requested(day(archive.requested))}</span>}
      {held && <span className="tag tag-warn">{words.held(archive.hold ?? "")}</span>}
      {!archive.released && <Button size="small" aria-label={`${held ? words.lift : words.hold} ${session}`} onClick={() => setAsked("hold")}>{held ? words.lift : words.hold}</Button>}
      {mayGo && archive.personal_data === "kept" && isOver(archive.personal_until) && <Button size="small" danger aria-label={`${words.release.personal.act} ${session}`} onClick={() => setAsked("personal")}>{words.release.personal.act}</Button>}
      {mayGo && isOver(archive.until) && <Button size="small" danger aria-label={`${words.release.archive.act} ${session}`} onClick={() => setAsked("archive")}>{words.release.archive.act}</Button>}
      {asked === "hold" && (
        <NoteDialog
          title={`${held ? words.lift : words.hold} ${session}`}
          text={held ? words.liftHelp : words.holdHelp}
          label={t.common.why}
          act={held ? words.lift : words.hold}
          onClose={close}
          run={(reason) => run({ type: held ? "lift_hold" : "hold_archive", reason })}
        />
      )}
      {(asked === "archive" || asked === "personal") && (
        <ReleaseDialog session={session} part={asked} onClose={close} run={(today) => run({ type: asked === "archive" ? "release_archive" : "release_personal_data", typed: session, today })} />
      )}
    </div>
  );
}

/** Lets go for good: the number and the date are typed. */
function ReleaseDialog({ session, part, onClose, run }: { session: string; part: Part; onClose: () => void; run: (today: string) => Promise<boolean> }) {
  const words = useT().playback.archive.release;
  const [typed, setTyped] = useState("");
  const [today, setToday] = useState("");
  const { act, text } = words[part];
  const isComplete = typed.trim() === session && /^\d{4}-\d{2}-\d{2}$/.test(today.trim());
  return (
    <Dialog title={`${act} ${session}`} onClose={onClose} focusCancel act={{ label: act, danger: true, disabled: !isComplete, run: () => run(today.trim()) }}>
      <p>{text}</p>
      <p className="text-warn">{words.warning}</p>
      <Field label={words.typed(session)}>
        {(id) => <Input id={id} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" spellCheck={false} />}
      </Field>
      <Field label={words.today} help={words.todayHelp}>
        {(id) => <Input id={id} value={today} placeholder="2041-03-05" onChange={(event) => setToday(event.target.value)} autoComplete="off" spellCheck={false} />}
      </Field>
    </Dialog>
  );
}
