// Owns what of the wire playback uses, and where a file or a clip is read.
export type { FeedRecording, GapRecord, PlayableSegment, RecordedSession } from "../../wire";

export type Track = "video" | "audio";

/** Where a file is read, by byte ranges. */
export const fileUrl = (session: string, feed: string, file: string): string =>
  `/api/recordings/${encodeURIComponent(session)}/${encodeURIComponent(feed)}/${encodeURIComponent(file)}`;

/** Where a clip of a sealed session is taken. */
export const clipUrl = (session: string, feeds: readonly string[], from: number, to: number): string =>
  `/api/recordings/${encodeURIComponent(session)}/clip?feeds=${feeds.map(encodeURIComponent).join(",")}&from=${Math.floor(from)}&to=${Math.ceil(to)}`;
