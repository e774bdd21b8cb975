// Owns reading a list from the box, and reading it anew after a change.
import { useCallback, useEffect, useState } from "react";
import { request } from "../../api";
import { useAttempt } from "../../parts/notice";

export function useList<Row>(path: string): { rows: Row[] | null; reload: () => void } {
  const attempt = useAttempt();
  const [rows, setRows] = useState<Row[] | null>(null);
  const reload = useCallback(() => {
    void attempt(async () => setRows(await request<Row[]>(path)));
  }, [attempt, path]);
  useEffect(reload, [reload]);
  return { rows, reload };
}
