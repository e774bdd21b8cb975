// Owns the bar at the foot of the technician's page: where the session stands, the one next step, why it cannot be
// taken yet, and what else can be done.
import { Button, Dropdown, type MenuProps } from "antd";
import { EllipsisOutlined } from "@ant-design/icons";
import { span, useNow } from "../../clock";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { button, refusalText } from "../../names";
import type { Give } from "../../parts/notice";
import type { Action, RoomView } from "../../wire";
import type { Open } from "./dialogs";

interface Props {
  view: RoomView;
  names: Names;
  give: Give;
  onOpen: (open: Open) => void;
}

/** Actions that need more than a click, and the dialog that asks for it. */
const ASKS: Partial<Record<Action, Open>> = {
  suspend_session: { is: "suspend" },
  declare_outage: { is: "outage" },
  begin_break: { is: "break" },
  begin_overnight: { is: "overnight" },
  seal_session: { is: "seal" },
  abort_session: { is: "abort" },
};
const DANGER: Action[] = ["seal_session", "abort_session", "suspend_session"];
/** What stands beside the next step in each phase; everything else is under 'more'. */
const BESIDE: Record<string, Action[]> = {
  check_in: ["declare_outage"],
  ready: ["declare_outage"],
  in_session: ["begin_break", "suspend_session"],
  closing: ["suspend_session"],
  suspended: [],
  overnight: [],
};

export function ActionBar({ view, names, give, onOpen }: Props) {
  const t = useT();
  const now = useNow();
  const session = view.session ?? null;
  const over = session === null || session.phase === "sealed" || session.phase === "aborted";
  const next = view.next == null ? undefined : button(view.actions, view.next);
  const run = (action: Action) => {
    const ask = ASKS[action];
    if (ask !== undefined) onOpen(ask);
    else void give({ type: action } as Parameters<Give>[0]);
  };
  const why = (action: Action) => {
    const refusal = button(view.actions, action)?.refusal;
    return refusal == null ? undefined : refusalText(t, refusal, names);
  };
  const current = session?.current_break;
  const beside: Action[] = over ? [] : [...(current != null ? (["end_break"] as const) : []), ...(session?.outage != null ? (["end_outage"] as const) : []), ...(BESIDE[session.phase] ?? [])]
    .filter((action) => !(current != null && action === "begin_break") && !(session?.outage != null && action === "declare_outage"));
  const rest = view.actions.map((a) => a.action).filter((action) => action !== view.next && !beside.includes(action) && !(action === "run_preflight"));
  const menu: MenuProps["items"] = [
    ...(session?.phase === "planned" || session?.phase === "convened" ? [{ key: "change", label: t.tech.changePlan, disabled: session.phase !== "planned", onClick: () => onOpen({ is: "plan", change: true }) }] : []),
    ...(over ? [] : [{ key: "plan", label: t.tech.plan, onClick: () => onOpen({ is: "plan", change: false }) }]),
    ...rest.map((action) => ({
      key: action,
      danger: DANGER.includes(action),
      disabled: button(view.actions, action)?.allowed === false,
      label: (
        <span className="menu-action">
          <span>{t.words.actions[action]}</span>
          {why(action) !== undefined && <small>{why(action)}</small>}
        </span>
      ),
      onClick: () => run(action),
    })),
  ];
  const clock = session?.clocks[0];
  return (
    <div className="bar" role="region" aria-label={t.common.more}>
      <div className="bar-state">
        <strong>{session === null ? t.tech.first.title : t.tech.state[session.phase]}</strong>
        <span className={next?.allowed === false ? "text-warn" : undefined}>
          {session?.suspension != null && `${t.words.kinds.suspension[session.suspension.cause]}${t.words.stop}${session.suspension.reason} `}
          {current != null && `${t.seat.break[current.kind]} ${span(now - current.since)} `}
          {next?.refusal != null ? t.tech.waitsFor(t.words.actions[next.action], refusalText(t, next.refusal, names)) : clock !== undefined ? clockText(clock.ends - now, t.words.kinds.clock[clock.kind], t.tech.overdue) : ""}
        </span>
      </div>
      <div className="bar-actions">
        {session !== null && (session.phase === "check_in" || session.phase === "overnight" || session.phase === "in_session") && (
          <Button onClick={() => onOpen({ is: "gate" })}>{t.tech.gate}</Button>
        )}
        {beside.map((action) => (
          <Button key={action} danger={DANGER.includes(action)} disabled={button(view.actions, action)?.allowed === false} title={why(action)} onClick={() => run(action)}>
            {t.words.actions[action]}
          </Button>
        ))}
        {over && <Button type="primary" onClick={() => onOpen({ is: "plan", change: false })}>{t.tech.plan}</Button>}
        {session?.phase === "planned" && <Button type="primary" onClick={() => onOpen({ is: "import" })}>{t.tech.import}</Button>}
        {next !== undefined && (
          <Button type={DANGER.includes(next.action) ? "default" : "primary"} danger={DANGER.includes(next.action)} disabled={!next.allowed} aria-describedby="next-why" onClick={() => run(next.action)}>
            {t.words.actions[next.action]}
          </Button>
        )}
        {menu.length > 0 && (
          <Dropdown trigger={["click"]} placement="topRight" menu={{ items: menu }}>
            <Button icon={<EllipsisOutlined />} aria-label={t.common.more} />
          </Dropdown>
        )}
      </div>
    </div>
  );
}

function clockText(left: number, label: string, overdue: (span: string) => string): string {
  return left >= 0 ? `${label} ${span(left)}` : `${label} ${overdue(span(-left))}`;
}
