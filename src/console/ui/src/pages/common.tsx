// Owns what every page shares: who looks, the first moment without a view, and what happens when the line is refused.
import { useEffect } from "react";
import { useT } from "../i18n";
import type { Link } from "../live";
import { Shell } from "../parts/shell";
import type { Role, Welcome } from "../wire";

export interface PageProps {
  welcome: Welcome;
  account: { name: string; role: Role } | null;
  /** The box did not let the page in any more: find out who the browser is now. */
  onRefused: () => void;
}

export function Connecting({ welcome, account, link, role }: { welcome: Welcome; account: PageProps["account"]; link: Link; role: keyof ReturnType<typeof useT>["nav"] }) {
  const t = useT();
  return (
    <Shell title={t.nav[role]} room={welcome.room} city={welcome.city} role={t.nav[role]} link={link} account={account}>
      <p className="connecting" role="status">{t.common.loading}</p>
    </Shell>
  );
}

/** Asks anew who the browser is, when a live view was refused; and lets the view go on when that was answered. */
export function useRefused(live: { link: Link; status: number | null }, onRefused: () => void): void {
  const refused = live.link === "refused";
  useEffect(() => {
    if (refused) onRefused();
  }, [refused, onRefused]);
}
