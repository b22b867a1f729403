import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Builds the dashboard's page into dist/web, which dashboard/server.ts serves. */
export default defineConfig({
  // The server puts a nonce of its own into each answer (dashboard/http/headers.ts).
  html: { cspNonce: '__NONCE__' },
  // Absolute: `wardwatch run` builds the page from whatever folder it is called in.
  root: `${import.meta.dirname}/dashboard/web`,
  plugins: [react()],
  // records/anomaly.ts makes ids with node:crypto; the page uses its schemas only.
  resolve: { alias: { 'node:crypto': `${import.meta.dirname}/dashboard/web/no-hashes.ts` } },
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    // The page's policy allows files of its own origin only: nothing inline, no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
