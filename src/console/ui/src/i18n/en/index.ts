import type { Dictionary } from "..";
import { pages } from "./pages";
import * as words from "./words";

export const en: Dictionary = { ...pages, words };
