// Owns the packed copies (`.br`) of what is built: the daemon sends them to browsers that take them.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import type { Plugin } from "vite";

/** Below this a packed copy saves nothing, bytes. */
const LEAST = 1400;

export function precompress(): Plugin {
  let out = "dist";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      out = config.build.outDir;
    },
    closeBundle() {
      for (const folder of [out, join(out, "assets")]) {
        for (const name of readdirSync(folder)) {
          if (!/\.(js|css|html|svg)$/.test(name)) continue;
          const plain = readFileSync(join(folder, name));
          if (plain.length >= LEAST) writeFileSync(join(folder, `${name}.br`), brotliCompressSync(plain));
        }
      }
    },
  };
}
