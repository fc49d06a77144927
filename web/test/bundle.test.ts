// What the browser must load before the first screen shows. It looks at the
// build that Go embeds, and is left out when there is none.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const dist = join(import.meta.dirname, '../../internal/console/dist');
const manifestFile = join(dist, '.vite/manifest.json');

interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
}

describe.skipIf(!existsSync(manifestFile))('the build', () => {
  const manifest: Record<string, Chunk> = existsSync(manifestFile)
    ? JSON.parse(readFileSync(manifestFile, 'utf8'))
    : {};
  const size = (file: string) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
  const closure = (names: string[]): Set<string> => {
    const seen = new Set<string>();
    const visit = (name: string) => {
      const chunk = manifest[name];
      if (!chunk || seen.has(chunk.file)) return;
      seen.add(chunk.file);
      chunk.imports?.forEach(visit);
    };
    names.forEach(visit);
    return seen;
  };
  const total = (files: Set<string>) => [...files].reduce((sum, f) => sum + size(f), 0);
  const screens = Object.keys(manifest).filter((n) => /^src\/pages\/[\w-]+\/index\.tsx$/.test(n));

  it('has every screen', () => expect(screens.length).toBeGreaterThan(15));

  it('loads less than 300 kB of JavaScript for the first screen, with its chart and texts', () => {
    const first = closure([
      'index.html',
      'src/pages/overview/index.tsx',
      'src/widgets/TimePlot.tsx',
      'src/i18n/en/common.json',
      'src/i18n/en/types.json',
      'src/i18n/en/overview.json',
    ]);
    const bytes = total(first);
    console.info(`first screen: ${(bytes / 1000).toFixed(0)} kB gzip in ${first.size} files`);
    expect(bytes).toBeLessThan(300_000);
  });

  it('keeps the graph library out of every screen until it is asked for', () => {
    const graph = readFileSync(join(dist, manifest['src/widgets/NetGraph.tsx']?.file ?? ''), 'utf8');
    expect(graph.length).toBeGreaterThan(1000);
    for (const s of screens)
      expect([...closure(['index.html', s])]).not.toContain(manifest['src/widgets/NetGraph.tsx']?.file);
  });

  it('holds no inline script or style, which the content security policy would refuse', () => {
    const page = readFileSync(join(dist, 'index.html'), 'utf8');
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/);
    expect(page).toContain('__CSP_NONCE__');
  });
});
