import { defineConfig } from 'vite'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { words } from './words.mjs'

// The gallery is for looking, in a browser, without the program. It never goes into dist.
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [
    svelte({ configFile: '../svelte.config.js' }),
    {
      name: 'words',
      resolveId: (id) => (id === 'virtual:words' ? '\0words' : null),
      load: (id) => (id === '\0words' ? `export default ${JSON.stringify({ kk: words('kk'), ru: words('ru'), en: words('en') })}` : null),
    },
  ],
  server: { host: '127.0.0.1', fs: { allow: ['../..'] } },
  build: { target: 'safari16', outDir: '../node_modules/.gallery', emptyOutDir: true, modulePreload: false, assetsInlineLimit: 0 },
})
