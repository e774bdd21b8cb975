// Owns the list of recorded sessions.
import { Button, Table } from "antd";
import { dateTime } from "../../clock";
import { useT } from "../../i18n";
import { Empty, Panel } from "../../parts/shell";
import type { RecordedLine } from "../../wire";
import { Archive } from "./archive";

export function Sessions({ sessions, onOpen, onChanged }: { sessions: RecordedLine[]; onOpen: (id: string) => void; onChanged: () => void }) {
  const t = useT();
  const words = t.playback.list;
  if (sessions.length === 0) {
    return (
      <Panel title={words.heading}>
        <Empty title={words.empty}>
          <p>{words.emptyHelp}</p>
          <Button href="/supervisor">{words.toWall}</Button>
        </Empty>
      </Panel>
    );
  }
  return (
    <Panel title={words.heading} aside={words.help}>
      <Table<RecordedLine>
        className="recorded"
        rowKey="id"
        dataSource={sessions}
        pagination={sessions.length > 20 ? { pageSize: 20, showSizeChanger: false } : false}
        columns={[
          { title: words.session, dataIndex: "id", render: (id: string) => <strong className="identifier">{id}</strong> },
          { title: words.kind, dataIndex: "kind", render: (kind: RecordedLine["kind"]) => <span className={kind === "rehearsal" ? "tag tag-warn" : ""}>{t.words.kinds.session[kind]}</span> },
          { title: words.phase, dataIndex: "phase", render: (phase: RecordedLine["phase"]) => t.words.phases[phase] },
          { title: words.start, dataIndex: "start", render: (start: number) => <time className="figures">{dateTime(start).slice(0, -3)}</time> },
          {
            title: words.archive,
            key: "archive",
            render: (_, session) => (session.archive == null ? null : <Archive session={session.id} archive={session.archive} onChanged={onChanged} />),
          },
          {
            title: words.detection,
            dataIndex: "damaged",
            render: (damaged: RecordedLine["damaged"], { id }) => damaged == null
              ? words.undetected
              : <Button size="small" danger={damaged > 0} href={`/api/recordings/${encodeURIComponent(id)}/detection`} download>{damaged === 0 ? words.detected : words.differs(damaged)}</Button>,
          },
          {
            title: words.acts,
            key: "open",
            width: 180,
            render: (_, session) => <Button aria-label={`${words.open} ${session.id}`} onClick={() => onOpen(session.id)}>{words.open}</Button>,
          },
        ]}
      />
    </Panel>
  );
}
