import { defineConfig } from 'vitest/config';

// The console in a real browser before real hubs. The files go one after the
// other, each with a hub of its own that its tests share.
export default defineConfig({
  test: {
    include: ['e2e/*.e2e.ts'],
    root: '.',
    fileParallelism: false,
    bail: 0,
    testTimeout: 60_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 15_000 } },
    reporters: ['verbose'],
  },
});
