import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { root } from './hub';

const folder = join(root, 'bin/screens');
mkdirSync(folder, { recursive: true });

/** Keeps a picture of what shows, under bin/screens. */
export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
