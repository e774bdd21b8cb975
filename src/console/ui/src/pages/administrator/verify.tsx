// Owns the verification of the audit trail and its verdict.
import { Button } from "antd";
import { SafetyCertificateOutlined } from "@ant-design/icons";
import { useState } from "react";
import { No, request } from "../../api";
import { boxNow, dateTime } from "../../clock";
import { useT } from "../../i18n";
import { Broken } from "../../parts/load";
import { Mark } from "../../parts/mark";
import { Panel } from "../../parts/shell";
import type { Problem } from "../../wire";
import { faultText } from "./trail";
import type { Verification } from "./wire";

type State = { is: "never" } | { is: "busy" } | { is: "broken"; problem: Problem } | { is: "done"; found: Verification; at: number };

export function Verify({ onRefused }: { onRefused: () => void }) {
  const t = useT();
  const words = t.administrator.verify;
  const [state, setState] = useState<State>({ is: "never" });
  const verify = async () => {
    setState({ is: "busy" });
    try {
      const found = await request<Verification>("/api/audit/verification");
      setState({ is: "done", found, at: boxNow() });
    } catch (no) {
      if (!(no instanceof No)) throw no;
      setState({ is: "broken", problem: no.problem });
    }
  };
  const fault = state.is === "done" ? state.found.fault ?? null : null;
  return (
    <Panel title={words.title} aside={words.help}>
      <div className="verify">
        <div role="status" className="verify-verdict">
          {state.is === "never" && <p className="verify-never">{words.never}</p>}
          {state.is === "busy" && <p className="verify-never">{words.busy}</p>}
          {state.is === "done" && fault !== null && <p className="verify-never">{words.at(dateTime(state.at))}</p>}
          {state.is === "done" && fault === null && (
            <p className="verify-whole"><Mark level="ok" size={24} /><strong>{words.whole(state.found.rows)}</strong><span>{words.at(dateTime(state.at))}</span></p>
          )}
        </div>
        <Button icon={<SafetyCertificateOutlined />} loading={state.is === "busy"} onClick={() => void verify()}>{state.is === "done" ? words.again : words.button}</Button>
      </div>
      {state.is === "broken" && <Broken problem={state.problem} onRetry={() => void verify()} onRefused={onRefused} />}
      {state.is === "done" && fault !== null && (
        <div className="verify-broken" role="alert">
          <Mark level="bad" size={32} />
          <div>
            <p className="verify-title">{words.broken}</p>
            <p>{faultText(t, fault)}</p>
            <p>{words.todo}</p>
          </div>
        </div>
      )}
    </Panel>
  );
}
