import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { antdCss } from "./build/antd-css";
import { noInlineStyles } from "./build/no-inline-styles";
import { precompress } from "./build/precompress";

export default defineConfig({
  plugins: [noInlineStyles(), antdCss(), react(), precompress()],
  build: {
    target: "chrome120",
    // one page, a few hashed files: the daemon serves them as immutable
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    reportCompressedSize: true,
  },
  test: {
    environment: "happy-dom",
    include: ["{src,test}/**/*.test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    css: false,
  },
});
