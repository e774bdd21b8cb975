// Owns the listening to the notice: what callees will hear, a piece at a time, before anybody is called.
import { Select } from "antd";
import { useState } from "react";
import { useT } from "../../i18n";
import { Panel } from "../../parts/shell";
import type { ConveningView } from "../../wire";

const PIECES = ["notice", "notice-again", "confirm-attends", "confirm-declines", "thanks-attends", "thanks-declines", "goodbye", "released", "sorry", "call-back", "confirm-withdraws", "thanks-withdraws", "not-withdrawn", "keeps-place", "no-calls"] as const;
export type Piece = (typeof PIECES)[number];

export function Listen({ session }: { session: ConveningView }) {
  const t = useT();
  const p = t.draw.page;
  const [piece, setPiece] = useState<Piece>("notice");
  if (session.notice.notice !== "ready") return null;
  // the digest is part of the address, so that a notice that was spoken anew is fetched anew
  const source = `/api/sessions/${encodeURIComponent(session.session)}/notice/${piece}?of=${session.notice.digest.slice(0, 12)}`;
  return (
    <Panel title={p.listen}>
      <div className="listen">
        <Select<Piece> value={piece} onChange={setPiece} aria-label={p.listenWhich} options={PIECES.map((one) => ({ value: one, label: t.draw.pieces[one] }))} />
        <audio controls preload="none" src={source} aria-label={t.draw.pieces[piece]} />
      </div>
    </Panel>
  );
}
