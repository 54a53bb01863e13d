import { defineConfig } from "vite";

export default defineConfig({
  // Relative, so that the page also works below a path that a proxy adds.
  base: "./",
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    sourcemap: false,
  },
  // `npm run dev` shows changes at once, with the data of a dialbridge that runs on its usual port.
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
  test: { include: ["tests/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
