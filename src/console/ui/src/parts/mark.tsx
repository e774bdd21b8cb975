// Owns the marks of state: each level has its own shape beside its colour. Normal is neutral.
export type MarkLevel = "ok" | "none" | "warn" | "bad" | "rec" | "info" | "done";

const shapes: Record<MarkLevel, React.ReactNode> = {
  ok: <path d="M3 8.500l3.200 3.200L13 5" fill="none" stroke="currentColor" strokeWidth="2" />,
  done: <path d="M3 8.500l3.200 3.200L13 5" fill="none" stroke="currentColor" strokeWidth="2" />,
  none: <circle cx="8" cy="8" r="4.500" fill="none" stroke="currentColor" strokeWidth="1.500" strokeDasharray="2.500 2" />,
  warn: <path d="M8 1.500L15 14H1z" fill="currentColor" />,
  bad: <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z M5.500 5.500l5 5m0-5l-5 5" fill="none" stroke="currentColor" strokeWidth="2" />,
  rec: <circle cx="8" cy="8" r="4.500" fill="currentColor" />,
  info: <circle cx="8" cy="8" r="2.500" fill="currentColor" />,
};

export function Mark({ level, size = 16 }: { level: MarkLevel; size?: number }) {
  return (
    <svg className={`mark mark-${level}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      {shapes[level]}
    </svg>
  );
}
