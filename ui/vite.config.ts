import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The content security policy of the built window allows no inline script and no inline style: everything is a file.
export default defineConfig({
  plugins: [react()],
  base: "./",
  clearScreen: false,
  server: { port: 5173, strictPort: true, host: "127.0.0.1" },
  preview: { port: 5174, strictPort: true, host: "127.0.0.1" },
  build: {
    target: ["safari16", "chrome110"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/testing.ts"],
    include: ["src/**/*.test.{ts,tsx}", "browser/**/*.test.ts"],
    css: false,
    testTimeout: 60_000,
  },
});
