// Owns what `/api/recordings` answers, as archive/playback.rs and console/wire.rs give it.
import type { GapCause, Line, SessionKind } from "../../wire";

export type Track = "video" | "audio";

export interface RecordedSession {
  id: string;
  /** None where the journal does not know the session any more. */
  kind?: SessionKind | null;
  /** What people call its feeds. */
  names: Record<string, string>;
  feeds: FeedRecording[];
  moments: Line[];
}

export interface FeedRecording {
  feed: string;
  /** By start. */
  segments: PlayableSegment[];
  /** By start; a gap that still lasts is told by the moments only. */
  gaps: GapRecord[];
}

export interface PlayableSegment {
  file: string;
  /** The file's time 0. */
  from: number;
  /** None while it grows. */
  to?: number | null;
  /** Empty while it grows. */
  tracks: { track: Track; codec: string }[];
  bytes: number;
  cause?: string | null;
}

export interface GapRecord {
  track: Track;
  from: number;
  to: number;
  cause: GapCause;
}

/** Where a file is read, by byte ranges. */
export const fileUrl = (session: string, feed: string, file: string): string =>
  `/api/recordings/${encodeURIComponent(session)}/${encodeURIComponent(feed)}/${encodeURIComponent(file)}`;
