// Owns the bidder's page in the Q&A room: it waits until there is an inquiry, and says so.
import { dateTime, timeOfDay, useNow } from "../../clock";
import { useT } from "../../i18n";
import { Shell } from "../../parts/shell";
import type { PageProps } from "../common";
import "./qa.css";

export function QaRoom({ welcome, account }: PageProps) {
  const t = useT();
  const now = useNow(250);
  return (
    <Shell title={t.qa.title} room={welcome.room} city={welcome.city} role={t.qa.title} account={account}>
      <section className="qa" aria-label={t.qa.heading}>
        <p className="qa-place">{welcome.city}</p>
        <p className="qa-room"><strong>{welcome.room}</strong> {t.qa.title}</p>
        <p className="qa-clock">
          <span className="qa-time">{timeOfDay(now)}</span>
          <span className="qa-date">{dateTime(now).slice(0, 10)}</span>
        </p>
        <h2>{t.qa.heading}</h2>
        <p className="qa-text">{t.qa.text}</p>
        <p className="qa-keep">{t.qa.keep}</p>
      </section>
    </Shell>
  );
}
