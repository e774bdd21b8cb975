// Owns the one header of all pages: room, role, recordings, disk, the line, the clock, the language.
import { Button, Dropdown } from "antd";
import { GlobalOutlined, LogoutOutlined, UserOutlined } from "@ant-design/icons";
import { hourMinute, size, timeOfDay, useNow } from "../clock";
import { useI18n, type Dictionary } from "../i18n";
import type { Link } from "../live";
import { request } from "../api";
import type { Role, RoomView } from "../wire";
import { Mark, type MarkLevel } from "./mark";

export interface HeaderProps {
  room: string;
  city: string;
  role: string;
  link?: Link;
  account?: { name: string; role: Role } | null;
  recording?: RoomView["recording"];
  storage?: RoomView["storage"];
  diskFault?: boolean;
  nav?: { href: string; label: string }[];
  rehearsal?: boolean;
}

export function Header(props: HeaderProps) {
  const { t, language, choose } = useI18n();
  const link = props.link;
  return (
    <header className="header">
      <a className="skip" href="#main">{t.common.skip}</a>
      <div className="header-room">
        <strong>{props.room}</strong>
        <span>{props.city}</span>
        <span className="header-role">{props.role}</span>
        {props.rehearsal === true && <span className="tag tag-warn">{t.header.rehearsal}</span>}
      </div>
      {props.nav !== undefined && props.nav.length > 1 && (
        <nav aria-label={t.header.account} className="header-nav">
          {props.nav.map((item) => (
            <a key={item.href} href={item.href} aria-current={location.pathname.startsWith(item.href) ? "page" : undefined}>{item.label}</a>
          ))}
        </nav>
      )}
      <div className="header-state">
        {props.recording !== undefined && <RecordingState recording={props.recording} />}
        {props.storage !== undefined && props.storage.total_bytes > 0 && (
          <State level={props.diskFault === true ? "bad" : "info"} text={`${t.header.disk} ${size(props.storage.free_bytes)}`} title={forecast(t, props.storage)} />
        )}
        {link !== undefined && (
          <State level={link === "live" ? "info" : link === "connecting" ? "none" : "bad"} text={link === "live" ? t.header.live : link === "connecting" ? t.header.connecting : t.header.stale} />
        )}
      </div>
      <Clock />
      <Button
        className="header-language"
        icon={<GlobalOutlined />}
        onClick={() => choose(language === "zh" ? "en" : "zh")}
        lang={language === "zh" ? "en" : "zh-CN"}
      >
        {t.otherLanguage}
      </Button>
      {props.account != null && <AccountMenu {...props.account} />}
    </header>
  );
}

function RecordingState({ recording }: { recording: RoomView["recording"] }) {
  const { t } = useI18n();
  if (recording.wanted === 0) return <State level="none" text={t.header.recordingNone} />;
  const whole = recording.writing >= recording.wanted;
  return <State level={whole ? "rec" : "bad"} text={`${t.header.recording} ${recording.writing}/${recording.wanted}`} />;
}

/** What the disk is enough for. */
const forecast = (t: Dictionary, { hours, sessions }: RoomView["storage"]): string =>
  sessions == null ? t.header.hours(hours) : `${t.header.hours(hours)}${t.header.sessions(sessions)}`;

function State({ level, text, title }: { level: MarkLevel; text: string; title?: string }) {
  return <span className={`state state-${level}`} title={title}><Mark level={level} /> {text}</span>;
}

function Clock() {
  const { t } = useI18n();
  const now = useNow(250);
  return <time className="header-clock" aria-label={`${t.header.time} ${hourMinute(now)}`}>{timeOfDay(now)}</time>;
}

function AccountMenu({ name, role }: { name: string; role: Role }) {
  const { t } = useI18n();
  const signOut = async () => {
    await request("/api/sign-out", { method: "POST" }).catch(() => undefined);
    location.assign("/");
  };
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: [
          { key: "who", label: `${t.signIn.signedInAs(name)} · ${t.words.kinds.role[role]}`, disabled: true },
          { key: "out", label: t.header.signOut, icon: <LogoutOutlined />, onClick: () => void signOut() },
        ],
      }}
    >
      <Button icon={<UserOutlined />} aria-label={`${t.header.account} ${name}`} />
    </Dropdown>
  );
}
