import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = new URL(process.env["TRELLIS_URL"] ?? "http://127.0.0.1:8000");

export default defineConfig({
  plugins: [react()],
  // The page and the API have one origin, so that the cookie of the sign-in needs no CORS.
  server: { proxy: { "/graphql": server.origin } },
  test: {
    environment: "happy-dom",
    environmentOptions: {
      happyDOM: {
        url: server.origin,
        // Every browser says where a request comes from, and no page can feign it; happy-dom leaves it out.
        settings: { fetch: { requestHeaders: [{ headers: { "Sec-Fetch-Site": "same-origin" } }] } },
      },
    },
    testTimeout: 20_000,
  },
});
