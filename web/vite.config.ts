import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The hub to talk to while developing: npm run dev proxies to it.
const hub = process.env.EDGEWARD_HUB ?? 'http://127.0.0.1:8470';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: '../internal/console/dist',
    emptyOutDir: false, // scripts/clean.mjs keeps the one file that is committed
    target: 'es2022',
    assetsInlineLimit: 0, // data: URLs would need a wider content security policy
    modulePreload: { polyfill: false },
    manifest: true,
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { '/api': hub } },
  test: { include: ['test/**/*.test.ts', 'test/**/*.test.tsx'] },
});
