// Owns stills: a feed's picture as it is in the file, and below it what it shows and when; written down before it is given.
import { request } from "../../api";
import { dateTime } from "../../clock";

export interface StillOf {
  session: string;
  feed: string;
  file: string;
  /** The picture's moment, ms since 1970. */
  at: number;
  /** Said below the picture, line by line. */
  lines: string[];
}

/** The picture with its words below; nothing of the picture is covered. */
export async function still(video: HTMLVideoElement, of: StillOf): Promise<Blob> {
  // kept before the box is asked: the player goes on meanwhile
  const picture = await createImageBitmap(video);
  await request(`/api/recordings/${encodeURIComponent(of.session)}/${encodeURIComponent(of.feed)}/stills`, { body: { file: of.file, at: of.at } });
  const size = Math.max(14, Math.round(picture.height / 36));
  const line = Math.round(size * 1.5);
  const canvas = new OffscreenCanvas(picture.width, picture.height + line * of.lines.length + size);
  const draw = canvas.getContext("2d");
  if (draw === null) throw new Error("this browser draws no pictures");
  draw.fillStyle = "#10161c";
  draw.fillRect(0, 0, canvas.width, canvas.height);
  draw.drawImage(picture, 0, 0);
  draw.fillStyle = "#e6ebf0";
  draw.font = `${size}px "Noto Sans CJK SC", "Microsoft YaHei", sans-serif`;
  draw.textBaseline = "top";
  of.lines.forEach((text, index) => draw.fillText(text, size, picture.height + size / 2 + index * line, canvas.width - 2 * size));
  picture.close();
  return canvas.convertToBlob({ type: "image/png" });
}

/** To the millisecond, in the room's time and in UTC. */
export const exactly = (at: number): string => `${dateTime(at)}.${String(Math.floor(at % 1000)).padStart(3, "0")} (UTC ${new Date(at).toISOString()})`;

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
