// Owns a page's frame: header, one h1, content, and the banner that tells of a lost line.
import { useEffect, type ReactNode } from "react";
import { useT } from "../i18n";
import { Header, type HeaderProps } from "./header";
import { Mark } from "./mark";

interface ShellProps extends HeaderProps {
  title: string;
  children: ReactNode;
  className?: string;
}

export function Shell({ title, children, className, ...header }: ShellProps) {
  const t = useT();
  useEffect(() => {
    document.title = t.common.page(title);
  }, [t, title]);
  return (
    <div className={`shell ${className ?? ""}`}>
      <Header {...header} />
      <main id="main" className="main">
        <h1 className="sr-only">{title}</h1>
        {header.link === "stale" && (
          <div className="banner banner-bad" role="alert">
            <Mark level="bad" size={20} />
            <strong>{t.common.offline}</strong>
            <span>{t.common.offlineTodo}</span>
          </div>
        )}
        {children}
      </main>
    </div>
  );
}

export function Panel(props: { title: string; aside?: ReactNode; children: ReactNode; className?: string; level?: 2 | 3 }) {
  return (
    <section className={`panel ${props.className ?? ""}`} aria-label={props.title}>
      <div className="panel-head">
        <h2>{props.title}</h2>
        {props.aside !== undefined && <div className="panel-aside">{props.aside}</div>}
      </div>
      {props.children}
    </section>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}
