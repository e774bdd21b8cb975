// Owns what the technician sees and does at one seat.
import { Button, Drawer } from "antd";
import { useState } from "react";
import { request } from "../../api";
import { hourMinute, size, span, useNow } from "../../clock";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { hasSound, mask } from "../../names";
import { Mark, type MarkLevel } from "../../parts/mark";
import { useAttempt, type Give } from "../../parts/notice";
import type { FeedView, OneTimeCode, RoomView } from "../../wire";
import type { Open } from "./dialogs";

interface Props {
  view: RoomView;
  no: number;
  names: Names;
  give: Give;
  onOpen: (open: Open) => void;
  onClose: () => void;
}

export function SeatDrawer({ view, no, names, give, onOpen, onClose }: Props) {
  const t = useT();
  const now = useNow();
  const seat = view.seats.find((s) => s.no === no);
  if (seat === undefined) return null;
  const member = seat.member;
  const phase = view.session?.phase;
  const feeds = [seat.face, seat.screen].flatMap((id) => view.feeds.filter((feed) => feed.id === id));
  const sitting = member?.presence === "present";
  const expected = member?.presence === "expected";
  return (
    <Drawer
      open
      onClose={onClose}
      size={480}
      title={<h2 className="dialog-title">{t.common.seat(no)}{member == null ? "" : ` · ${mask(t, member)}`}</h2>}
      closable={{ "aria-label": t.common.close }}
      focusable={{ trap: true, focusTriggerAfterClose: true }}
    >
      <ul className="checks">
        <Row ok={seat.enrolled} label={t.tech.seat.enrolled} detail={seat.enrolled ? t.common.done : t.tech.seat.notEnrolled} />
        {member != null && <Row ok={sitting} label={t.tech.seat.checkedIn} detail={`${t.words.kinds.presence[member.presence]}${member.since == null ? "" : ` ${hourMinute(member.since)}`}`} />}
        {member != null && <Row ok={member.pledges.length >= 2} label={t.tech.seat.pledges} detail={`${member.pledges.length}/2`} />}
        {feeds.map((feed) => <FeedRow key={feed.id} feed={feed} now={now} />)}
      </ul>
      <Enrolment no={no} enrolled={seat.enrolled} />
      <div className="drawer-actions">
        {seat.help != null && <Button type="primary" onClick={() => void give({ type: "answer_help", seat: no })}>{t.tech.answerHelp}</Button>}
        {expected && phase !== "convened" && member != null && <Button onClick={() => onOpen({ is: "gate", member: member.no })}>{t.tech.members.code}</Button>}
        {expected && phase !== "convened" && member != null && <Button onClick={() => onOpen({ is: "absence", member: member.no })}>{t.tech.recordAbsence}</Button>}
        {sitting && member != null && <Button onClick={() => onOpen({ is: "leaving", member: member.no })}>{t.tech.recordLeaving}</Button>}
        {seat.enrolled && !sitting && <Button danger onClick={() => onOpen({ is: "revoke", seat: no })}>{t.tech.enrolForm.revoke}</Button>}
      </div>
      <span className="sr-only">{names.seats([no])}</span>
    </Drawer>
  );
}

function Row({ ok, label, detail }: { ok: boolean; label: string; detail: string }) {
  return (
    <li className="check">
      <Mark level={ok ? "ok" : "none"} />
      <span className="check-item">{label}</span>
      <span className="check-detail">{detail}</span>
    </li>
  );
}

function FeedRow({ feed, now }: { feed: FeedView; now: number }) {
  const t = useT();
  const level: MarkLevel = feed.source === "live" ? "ok" : feed.source === "lost" ? "bad" : "none";
  const recording = feed.recording.state === "writing" ? t.tech.seat.written(size(feed.recording.bytes)) : feed.recording.state === "gap" ? t.tech.seat.recordingGap : feed.recording.state === "starting" ? t.tech.seat.starting : t.tech.seat.notRecorded;
  const sound = feed.kind === "face" && feed.source === "live" ? ` · ${t.tech.seat.mic} ${t.tech.seat.states[hasSound(feed) ? "ok" : "missing"]}` : "";
  return (
    <li className={`check ${feed.source === "lost" ? "check-failed" : ""}`}>
      <Mark level={level} />
      <span className="check-item">{t.words.kinds.feed[feed.kind]}</span>
      <span className="check-detail">
        {t.tech.camera[feed.source]}{feed.source === "lost" && feed.since != null ? ` ${span(now - feed.since)}` : ""}{sound}
        <br />{recording}
        {feed.carries.length > 0 && <><br />{feed.carries.join(" · ")}</>}
      </span>
    </li>
  );
}

function Enrolment({ no, enrolled }: { no: number; enrolled: boolean }) {
  const t = useT();
  const attempt = useAttempt();
  const [code, setCode] = useState<OneTimeCode | null>(null);
  const make = () => attempt(async () => setCode(await request<OneTimeCode>(`/api/seats/${no}/enrolment-code`, { method: "POST" })));
  return (
    <div className="code-box">
      <p>{t.tech.enrolForm.help(no)}</p>
      {code !== null && (
        <>
          <p className="code-large" aria-live="polite">{code.code}</p>
          <p>{t.tech.enrolForm.expires(hourMinute(code.expires))}</p>
        </>
      )}
      <Button type={enrolled ? "default" : "primary"} onClick={() => void make()}>{enrolled || code !== null ? t.tech.enrolForm.remake : t.tech.enrolForm.make}</Button>
    </div>
  );
}
