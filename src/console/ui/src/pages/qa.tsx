// Owns the page of the Q&A room: it says honestly that there is nothing to do yet.
import { useT } from "../i18n";
import { Shell } from "../parts/shell";
import type { PageProps } from "./common";

export function QaRoom({ welcome, account }: PageProps) {
  const t = useT();
  return (
    <Shell title={t.qa.title} room={welcome.room} city={welcome.city} role={t.words.kinds.role.bidder} account={account}>
      <section className="panel centre-panel" aria-label={t.qa.title}>
        <h2>{t.qa.title}</h2>
        <p>{t.qa.text}</p>
      </section>
    </Shell>
  );
}
