// Owns what of the wire playback uses, and where a file is read.
export type { FeedRecording, GapRecord, PlayableSegment, RecordedSession } from "../../wire";

export type Track = "video" | "audio";

/** Where a file is read, by byte ranges. */
export const fileUrl = (session: string, feed: string, file: string): string =>
  `/api/recordings/${encodeURIComponent(session)}/${encodeURIComponent(feed)}/${encodeURIComponent(file)}`;
