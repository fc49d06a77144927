import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

export const wide = { width: 1440, height: 900 };
export const narrow = { width: 390, height: 844 };

/** A browser with a profile of its own, and what went wrong in it. */
export interface Watched {
  context: BrowserContext;
  page: Page;
  /** Errors of scripts, refusals of the content security policy, dialogs: there must be none. */
  troubles: string[];
  close(): Promise<void>;
}

/** Opens a browser; program stands for Chromium where it must run elsewhere, such as in a network namespace. */
export async function open(
  origin: string,
  program = process.env.CHROMIUM ?? '/usr/bin/chromium',
): Promise<Watched> {
  const profile = mkdtempSync(join(tmpdir(), 'edgeward-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    baseURL: origin,
    viewport: wide,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    acceptDownloads: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(15_000);
  const troubles: string[] = [];
  const watch = (page: Page) => {
    page.on('pageerror', (e) => troubles.push(`script: ${e.message}`));
    page.on('dialog', (d) => {
      troubles.push(`dialog: ${d.message()}`);
      void d.dismiss();
    });
    page.on('console', (m) => {
      if (m.type() === 'error' && !/Failed to load resource: the server responded/.test(m.text()))
        troubles.push(`console: ${m.text()}`);
    });
  };
  const page = context.pages()[0] ?? (await context.newPage());
  watch(page);
  context.on('page', watch);
  return {
    context,
    page,
    troubles,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Asks the API with the session of a page. */
export async function ask<T>(page: Page, path: string): Promise<T> {
  const answer = await page.evaluate(async (address) => {
    const a = await fetch(address);
    return { status: a.status, body: await a.text() };
  }, `/api/v1${path}`);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body) as T;
}

/** Waits until nothing loads: no skeletons, no bars of progress of a page, no request under way for a moment. */
export async function settle(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.querySelector('main h1') &&
      !document.querySelector('main [aria-busy="true"], main .mantine-Skeleton-root'),
    undefined,
    { timeout: 15_000 },
  );
  await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
}
