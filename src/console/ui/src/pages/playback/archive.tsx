// Owns how a session's sealed archive is shown: until when it is kept, in which replicas, and whether it is on hold.
import { Button } from "antd";
import { useState } from "react";
import { dateTime } from "../../clock";
import { useT } from "../../i18n";
import { names } from "../../names";
import { NoteDialog } from "../../parts/dialogs";
import { Mark } from "../../parts/mark";
import { useCommand } from "../../parts/notice";
import type { ArchiveView } from "../../wire";

const day = (at: number): string => dateTime(at).slice(0, 10);

export function Archive({ session, archive, onChanged }: { session: string; archive: ArchiveView; onChanged: () => void }) {
  const t = useT();
  const words = t.playback.archive;
  const [asked, setAsked] = useState(false);
  const give = useCommand(session, names(t, {}));
  const held = archive.hold != null;
  const run = async (reason: string) => {
    const done = await give({ type: held ? "lift_hold" : "hold_archive", reason });
    if (done) onChanged();
    return done;
  };
  return (
    <div className="archive">
      <span>{archive.released ? words.released : archive.until == null ? words.forGood : words.until(day(archive.until))}</span>
      {archive.replicas.map(({ id, seen }) => (
        <span key={id}>
          <Mark level={seen == null ? "warn" : seen.state === "whole" ? "ok" : "bad"} />{" "}
          {seen == null ? words.lacking(id) : seen.state === "whole" ? words.whole(id, day(seen.verified.at)) : words.damaged(id)}
        </span>
      ))}
      {archive.handed_over != null && <span><Mark level="ok" /> {words.handedOver(archive.handed_over.to, day(archive.handed_over.at))}</span>}
      {archive.requested != null && <span><Mark level="info" /> {words.requested(day(archive.requested))}</span>}
      {held && <span className="tag tag-warn">{words.held(archive.hold ?? "")}</span>}
      {!archive.released && <Button size="small" aria-label={`${held ? words.lift : words.hold} ${session}`} onClick={() => setAsked(true)}>{held ? words.lift : words.hold}</Button>}
      {asked && <NoteDialog title={`${held ? words.lift : words.hold} ${session}`} text={held ? words.liftHelp : words.holdHelp} label={t.common.why} act={held ? words.lift : words.hold} onClose={() => setAsked(false)} run={run} />}
    </div>
  );
}
