// Owns what a draw waits for, in words.
import type { Dictionary } from "../../i18n";
import type { DrawView } from "../../wire";

export function step(t: Dictionary, draw: DrawView): string {
  if (draw.stage === "prepared" && draw.given != null) return t.draw.page.waitsForAcceptance;
  if (draw.stage === "committed" && draw.hub != null) return t.draw.page.waitsForHub;
  return t.draw.steps[draw.stage];
}
