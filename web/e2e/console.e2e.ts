// The demonstration in a browser: every screen in both themes and on a phone,
// and a capture whose every name is markup.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { barriers } from './axe';
import { ask as askOn, narrow, open, settle, type Watched, wide } from './browser';
import { type Hub, root, startHub } from './hub';
import { shoot } from './shots';

let hub: Hub;
let browser: Watched;

beforeAll(async () => {
  hub = await startHub('demo');
  browser = await open(hub.origin);
  await browser.page.goto(hub.door);
  await settle(browser.page);
});

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
});

afterEach(() => {
  expect(browser.troubles.splice(0)).toEqual([]);
});

const ask = <T>(path: string) => askOn<T>(browser.page, path);

const screens: [string, string][] = [
  ['overview', '/'],
  ['changes', '/changes'],
  ['findings', '/findings'],
  ['finding', '/findings/:finding'],
  ['devices', '/devices'],
  ['device', '/devices/:device'],
  ['protect', '/devices/:device?tab=protect'],
  ['graph', '/devices/:device/graph'],
  ['coverage', '/coverage'],
  ['hunt', '/hunt'],
  ['hunt-values', '/hunt?q=kind:mqtt&top=verb'],
  ['m2m', '/m2m'],
  ['zones', '/zones?from=Imaging&to=Imaging'],
  ['zones-policy', '/zones?by=policy'],
  ['captures', '/captures'],
  ['sensors', '/sensors'],
  ['reports', '/reports'],
  ['maintenance', '/maintenance'],
  ['settings', '/settings'],
  ['settings-tokens', '/settings/tokens'],
  ['settings-users', '/settings/users'],
  ['settings-signon', '/settings/signon'],
  ['settings-notifications', '/settings/notifications'],
  ['settings-networks', '/settings/networks'],
  ['settings-retention', '/settings/retention'],
  ['settings-backups', '/settings/backups'],
  ['audit', '/audit'],
  ['about', '/about'],
];

describe('every screen', () => {
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    const devices = await ask<{ items: { id: string }[] }>('/devices?limit=1&sort=-risk');
    const findings = await ask<{ items: { id: string }[] }>('/findings?limit=1&sort=-severity');
    ids.device = devices.items[0]?.id ?? '';
    ids.finding = findings.items[0]?.id ?? '';
  });

  it.each(screens)('%s', async (name, path) => {
    const { page } = browser;
    const address = path.replace(/:(\w+)/, (_, id: string) => encodeURIComponent(ids[id] ?? ''));
    await page.setViewportSize(wide);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(address);
    await settle(page);
    const found: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await shoot(page, `${name}-${colorScheme}`);
      const what = colorScheme === 'light' ? 'all' : 'colours';
      found.push(...(await barriers(page, what)).map((b) => `${colorScheme}: ${b}`));
    }
    await page.setViewportSize(narrow);
    await settle(page);
    await shoot(page, `${name}-phone`);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wider, 'the page is wider than the phone').toBeLessThanOrEqual(0);
    expect(found).toEqual([]);
  });
});

describe('a capture whose every name is markup', () => {
  it('is text on every screen and runs nowhere', async () => {
    const { page } = browser;
    const file = join(tmpdir(), `edgeward-hostile-${process.pid}.pcap`);
    execFileSync('go', ['run', './test/lab/hostile', '-o', file], { cwd: root });
    const { csrf } = await ask<{ csrf: string }>('/session');
    const sent = await browser.context.request.post(
      `${hub.origin}/api/v1/captures?name=${encodeURIComponent('<svg onload=alert(9)>.pcap')}`,
      {
        data: readFileSync(file),
        headers: { 'Content-Type': 'application/octet-stream', 'X-CSRF-Token': csrf, Origin: hub.origin },
      },
    );
    expect(sent.status(), await sent.text()).toBe(200);
    const { id } = (await sent.json()) as { id: string };
    await expect
      .poll(async () => (await ask<{ state: string }>(`/captures/${id}`)).state, { timeout: 20_000 })
      .toBe('done');

    // Every screen that shows what the network said.
    await expect
      .poll(async () => (await ask<{ total: number }>('/devices?q=script')).total, { timeout: 15_000 })
      .toBeGreaterThan(0);
    const { items } = await ask<{ items: { id: string }[] }>('/devices?q=10.66.6');
    const findings = await ask<{ items: { id: string }[] }>('/findings?q=10.66.6');
    const servers = await ask<{ items: { id: string; label: string; protocol: string }[] }>('/m2m/servers');
    const pages = [
      '/devices?q=10.66.6',
      '/findings',
      '/hunt?q=host%3A10.66.6.0%2F24',
      '/hunt?q=host%3A10.66.6.0%2F24&top=name',
      '/captures',
      '/zones',
      '/audit',
      ...items.flatMap((d) => [
        `/devices/${encodeURIComponent(d.id)}`,
        `/devices/${encodeURIComponent(d.id)}/graph`,
      ]),
      ...findings.items.map((f) => `/findings/${encodeURIComponent(f.id)}`),
      ...servers.items.map((s) => `/m2m?server=${encodeURIComponent(s.id)}&protocol=${s.protocol}`),
    ];
    let seen = '';
    for (const path of pages) {
      await page.goto(path);
      await settle(page);
      seen += (await page.locator('main').textContent()) ?? '';
      // Elements that only the capture could have made.
      expect(await page.locator('main script, main img[src="x"], main svg[onload]').count(), path).toBe(0);
    }
    await page.goto('/hunt?q=host%3A10.66.6.0%2F24%20kind%3Amqtt');
    await settle(page);
    await page.getByRole('row').nth(1).click();
    await page.getByRole('dialog').getByText('mqtt', { exact: true }).first().waitFor();
    await shoot(page, 'hostile');
    expect(seen).toContain("<script>alert('edgeward')</script>");
    expect(seen).toContain('<svg/onload=alert(2)>');
    expect(seen).toContain('U+202E');
    expect(seen).not.toContain('\u202e');
  });
});
