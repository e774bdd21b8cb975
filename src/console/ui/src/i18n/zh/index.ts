import { pages } from "./pages";
import * as words from "./words";

export const zh = { ...pages, words };
