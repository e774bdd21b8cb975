// The console's policy is `style-src 'self'`: a style element made at run time would be refused by the browser
// and reported. Ant Design's parts make theirs through one module of @rc-component/util; here it is replaced by
// one that makes none. All their CSS is in the static file (antd-css.tsx) instead.
import type { Plugin } from "vite";

const ID = "\0no-inline-styles";

const MODULE = `
const detached = () => document.createElement("style");
export const injectCSS = detached;
export const updateCSS = detached;
export const removeCSS = () => {};
export const clearContainerCache = () => {};
`;

export function noInlineStyles(): Plugin {
  return {
    name: "no-inline-styles",
    enforce: "pre",
    resolveId(source, importer) {
      const inUtil = importer?.includes("@rc-component/util/") ?? false;
      const named = /(^|\/)Dom\/dynamicCSS(\.js)?$/.test(source) || (inUtil && /\/dynamicCSS(\.js)?$/.test(source));
      return named ? ID : null;
    },
    load(id) {
      return id === ID ? MODULE : null;
    },
  };
}
