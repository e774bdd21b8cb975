// Owns two checks of the sources: no Chinese outside the dictionaries, and no Ant Design part without its static CSS.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const CJK = /[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]/;

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (/\.(tsx?|mjs|css|html)$/.test(entry.name)) yield path;
  }
}

const faults = [];
const dictionaries = join(root, "src", "i18n", "zh");
const generated = join(root, "src", "wire", "api.d.ts");
const sources = [...files(join(root, "src")), join(root, "index.html")];
for (const path of sources) {
  if (path.startsWith(dictionaries) || path.startsWith(generated)) continue;
  readFileSync(path, "utf8").split("\n").forEach((text, index) => {
    if (CJK.test(text)) faults.push(`${relative(root, path)}:${index + 1}: Chinese belongs into src/i18n/zh`);
  });
}

const styled = imports(readFileSync(join(root, "build", "antd-css.tsx"), "utf8"));
for (const path of sources.filter((path) => path.startsWith(join(root, "src")))) {
  for (const part of imports(readFileSync(path, "utf8"))) {
    if (!styled.has(part)) faults.push(`${relative(root, path)}: <${part}> has no static CSS; add it to build/antd-css.tsx`);
  }
}

/** The parts (not the types) that a source takes from antd. */
function imports(source) {
  const found = [...source.matchAll(/import\s*\{([^}]*)\}\s*from\s*"antd"/g)].flatMap((match) => match[1].split(","));
  return new Set(found.map((name) => name.trim()).filter((name) => /^[A-Z]/.test(name)));
}

for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
