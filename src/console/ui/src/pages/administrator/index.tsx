// Owns the administrators' page: one of three, by the role of whoever is signed in.
import { Button } from "antd";
import { DownloadOutlined } from "@ant-design/icons";
import { useT } from "../../i18n";
import { Empty, Panel, Shell } from "../../parts/shell";
import type { Role } from "../../wire";
import type { PageProps } from "../common";
import { Accounts } from "./accounts";
import "./administrator.css";
import { Audit } from "./audit";
import { Tokens } from "./tokens";
import { isAdministrator } from "./wire";

export function Administrator({ welcome, account, onRefused }: PageProps) {
  const t = useT();
  const role: Role | null = account?.role ?? null;
  const mine = role !== null && isAdministrator(role) ? role : null;
  const title = mine === null ? t.nav.administrator : t.administrator.title[mine];
  return (
    <Shell title={title} room={welcome.room} city={welcome.city} role={title} account={account}>
      {mine === null || account === null ? (
        <Empty title={role === null ? t.words.problems.sign_in_first ?? "" : t.administrator.other(t.words.kinds.role[role])} />
      ) : (
        <div className="admin">
          <p className="admin-apart">{t.administrator.apart[mine]}</p>
          {mine === "system_administrator" && (
            <>
              <Accounts me={account.name} role={mine} onRefused={onRefused} />
              <Certificate />
            </>
          )}
          {mine === "security_administrator" && (
            <>
              <Accounts me={account.name} role={mine} onRefused={onRefused} />
              <Tokens onRefused={onRefused} />
            </>
          )}
          {mine === "audit_administrator" && <Audit onRefused={onRefused} />}
        </div>
      )}
    </Shell>
  );
}

function Certificate() {
  const t = useT();
  const words = t.administrator.ca;
  return (
    <Panel title={words.title}>
      <div className="admin-note">
        <p>{words.text}</p>
        <Button icon={<DownloadOutlined />} href="/api/ca.pem" download="bidroom-ca.pem">{words.download}</Button>
      </div>
    </Panel>
  );
}
