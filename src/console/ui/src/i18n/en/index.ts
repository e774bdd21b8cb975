import type { Dictionary } from "..";
import { administrator } from "./administrator";
import { city } from "./city";
import * as draw from "./draw";
import { pages } from "./pages";
import { playback } from "./playback";
import { qa } from "./qa";
import * as words from "./words";

export const en: Dictionary = { ...pages, words, draw, administrator, playback, qa, city };
