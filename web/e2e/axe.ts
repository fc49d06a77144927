import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * What axe finds serious or critical, as lines; none is what tests want. Where
 * only the theme is another one, the colours are all that can have changed.
 */
export async function barriers(page: Page, what: 'all' | 'colours' = 'all'): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  const result = await (what === 'all' ? axe.withTags(tags) : axe.withRules('color-contrast')).analyze();
  return result.violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .flatMap((v) =>
      v.nodes.slice(0, 3).map((n) => `${v.id}: ${v.help}: ${n.target.join(' ')}: ${n.html.slice(0, 160)}`),
    );
}
