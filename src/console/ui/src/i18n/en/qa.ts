// Owns the English words of the Q&A room.
import type { qa as zh } from "../zh/qa";

export const qa: typeof zh = {
  title: "Q&A room",
  heading: "Please wait here",
  text: "Inquiries are opened by the supervisor. When the committee needs a clarification, its question appears on this page by itself; there is nothing you need to do.",
  keep: "Please leave this page open and stay in the room.",
};
