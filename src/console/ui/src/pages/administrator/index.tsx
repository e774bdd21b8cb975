// Owns the administrators' page: each of the three sees what is his.
import { Button, Tabs } from "antd";
import { DownloadOutlined } from "@ant-design/icons";
import { useT } from "../../i18n";
import { Shell } from "../../parts/shell";
import type { PageProps } from "../common";
import { Accounts } from "./accounts";
import { Audit } from "./audit";
import { Tokens } from "./tokens";

export function Administrator({ welcome, account }: PageProps) {
  const t = useT();
  const role = account?.role;
  const tabs = [
    ...(role === "system_administrator" || role === "security_administrator" ? [{ key: "accounts", label: t.admin.tabs.accounts, children: <Accounts role={role} /> }] : []),
    ...(role === "security_administrator" ? [{ key: "tokens", label: t.admin.tabs.tokens, children: <Tokens /> }] : []),
    ...(role === "audit_administrator" ? [{ key: "audit", label: t.admin.tabs.audit, children: <Audit /> }] : []),
    { key: "box", label: t.admin.tabs.box, children: <Box /> },
  ];
  return (
    <Shell title={t.admin.title} className="page-admin" room={welcome.room} city={welcome.city} role={role === undefined ? "" : t.words.kinds.role[role]} account={account}>
      <div className="panel admin-panel">
        <Tabs items={tabs} animated={false} />
      </div>
    </Shell>
  );
}

function Box() {
  const t = useT();
  return (
    <div className="admin-section">
      <p>{t.admin.caHelp}</p>
      <Button icon={<DownloadOutlined />} href="/api/ca.pem" download="bidroom-ca.pem">{t.admin.ca}</Button>
      <p className="help">{t.admin.workstations}</p>
    </div>
  );
}
