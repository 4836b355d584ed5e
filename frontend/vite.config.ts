import { defineConfig } from 'vite'
import { svelte } from '@sveltejs/vite-plugin-svelte'

// safari16: the oldest engine WebKitGTK 2.50 may be taken for. base './': the same files are served from the
// window's own scheme and from a plain server. dist is emptied by clean.js, which keeps dist/.keep for Go's embed.
// Two scripts: what the attract screen needs, and the rest of the page, which is asked for when that one stands (src/rest.ts).
export default defineConfig({
  plugins: [svelte()],
  base: './',
  build: { target: 'safari16', outDir: 'dist', emptyOutDir: false, modulePreload: false, assetsInlineLimit: 0 },
})
