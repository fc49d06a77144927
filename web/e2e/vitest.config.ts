import { defineConfig } from 'vitest/config';

// The console in a real browser before a real hub. The files share one hub and
// go in order: first run, then everything else.
export default defineConfig({
  test: {
    include: ['e2e/*.e2e.ts'],
    root: '.',
    fileParallelism: false,
    bail: 0,
    testTimeout: 60_000,
    hookTimeout: 90_000,
    reporters: ['verbose'],
  },
});
