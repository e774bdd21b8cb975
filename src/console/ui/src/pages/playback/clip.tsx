// Owns the dialog that takes a clip of a sealed session: some feeds and a time, as files that prove where they are from.
import { Input, Radio } from "antd";
import { useState } from "react";
import { span, timeOfDay } from "../../clock";
import { useT } from "../../i18n";
import { Dialog, Field } from "../../parts/dialogs";
import type { Row } from "./tape";
import { momentTyped } from "./typed";
import { clipUrl } from "./wire";

interface Props {
  session: string;
  /** The chosen feed, and all that are shown beside it. */
  row: Row;
  rows: readonly Row[];
  /** What is proposed. */
  from: number;
  to: number;
  onClose: () => void;
}

export function ClipDialog({ session, row, rows, from, to, onClose }: Props) {
  const words = useT().playback.clip;
  const [all, setAll] = useState(false);
  const [fromText, setFrom] = useState(() => timeOfDay(from));
  const [toText, setTo] = useState(() => timeOfDay(to));
  const [begin, end] = [momentTyped(fromText, from), momentTyped(toText, to)];
  const chosen = all ? rows : [row];
  const recorded = (one: Row) => one.pieces.some((piece) => begin !== null && end !== null && piece.from < end && piece.to > begin);
  const backwards = begin !== null && end !== null && end <= begin;
  const error = begin === null || end === null ? undefined : backwards ? words.backwards : chosen.some(recorded) ? undefined : words.nothing;
  const take = () => {
    const link = document.createElement("a");
    link.href = clipUrl(session, chosen.filter(recorded).map((one) => one.feed), begin ?? from, end ?? to);
    link.download = "";
    link.click();
    return Promise.resolve(true);
  };
  return (
    <Dialog title={words.title} onClose={onClose} act={{ label: words.take, disabled: begin === null || end === null || error !== undefined, run: take }}>
      <p>{words.help}</p>
      <Field label={words.feeds}>
        {(id) => (
          <Radio.Group id={id} value={all} onChange={(event) => setAll(event.target.value as boolean)}>
            <Radio value={false}>{row.name}</Radio>
            {rows.length > 1 && <Radio value>{words.all(rows.length)}</Radio>}
          </Radio.Group>
        )}
      </Field>
      <Field label={words.from} error={begin === null ? words.unreadable : undefined}>
        {(id) => <Input id={id} className="figures" value={fromText} onChange={(event) => setFrom(event.target.value)} />}
      </Field>
      <Field label={words.to} help={begin !== null && end !== null && !backwards ? words.lasts(span(end - begin)) : undefined} error={end === null ? words.unreadable : error}>
        {(id) => <Input id={id} className="figures" value={toText} onChange={(event) => setTo(event.target.value)} />}
      </Field>
    </Dialog>
  );
}
