// Protect on the demonstration: what a device does becomes a profile, is
// proved, saved, exported, changed and rolled back.
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { barriers } from './axe';
import { ask as askOn, narrow, open, settle, type Watched, wide } from './browser';
import { type Hub, startHub } from './hub';
import { shoot } from './shots';

interface Saved {
  items: { id: string; mode: string; revision: number; lines: number; proposed: number }[];
}

let hub: Hub;
let browser: Watched;
let device = '';

beforeAll(async () => {
  hub = await startHub('demo');
  browser = await open(hub.origin);
  await browser.page.goto(hub.door);
  await settle(browser.page);
  const { items } = await ask<{ items: { id: string }[] }>('/devices?q=PACS&limit=1');
  device = items[0]?.id ?? '';
});

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
});

afterEach(() => {
  expect(browser.troubles.splice(0)).toEqual([]);
});

const ask = <T>(path: string) => askOn<T>(browser.page, path);
const saved = async () => (await ask<Saved>(`/profiles?device=${device}`)).items[0];

/** Opens the screen and waits for its three columns. */
async function protect(query = ''): Promise<void> {
  const { page } = browser;
  await page.goto(`/devices/${device}?tab=protect${query}`);
  await page.getByRole('heading', { name: 'What it does' }).waitFor();
  await settle(page);
}

describe('Protect', () => {
  it('shows who, what and the allowed, and no barriers, in both themes and on a phone', async () => {
    const { page } = browser;
    await page.setViewportSize(wide);
    await page.emulateMedia({ colorScheme: 'light' });
    await protect();
    await page.getByRole('heading', { name: 'What it is' }).waitFor();
    await page.getByRole('heading', { name: 'What we would allow' }).waitFor();
    await page.getByText('dicom answers on tcp port 11112').waitFor();
    await page.getByText('Not enough seen:').waitFor();
    const found: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await shoot(page, `protect-device-${colorScheme}`);
      found.push(...(await barriers(page, colorScheme === 'light' ? 'all' : 'colours')));
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(narrow);
    await settle(page);
    await shoot(page, 'protect-device-phone');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
    expect(found).toEqual([]);
    await page.setViewportSize(wide);
  });

  it('learns from fewer days when the slider moves, and keeps that in the address', async () => {
    const { page } = browser;
    await protect();
    const slider = page.getByRole('slider', { name: 'Days to learn from' });
    expect(await slider.getAttribute('aria-valuetext')).toBe('learned from 2 days, proved on 1 day');
    await slider.focus();
    await page.keyboard.press('ArrowLeft');
    await page.getByText('Learned from 1 day. In the 2 days after').waitFor();
    await expect.poll(() => new URL(page.url()).searchParams.get('learn')).toBe('1');
  });

  it('opens what would be blocked, down to its facts, and the attacks', async () => {
    const { page } = browser;
    await protect();
    await page.getByRole('button', { name: /would be blocked$/ }).click();
    const drawer = page.getByRole('dialog', { name: 'What would be blocked' });
    await drawer.getByText('no line lets 10.20.0.40 ask it over tcp port 2323').waitFor();
    await drawer.getByRole('button', { name: 'Show exchanges' }).first().click();
    const facts = page.getByRole('dialog');
    await facts.getByText('dest_port').first().waitFor();
    await facts.getByRole('link', { name: 'All of them in Hunt' }).click();
    await page.waitForURL(/\/hunt\?.*q=host/);
    await settle(page);
    await protect();
    await page.getByRole('button', { name: /of 11 blocked$/ }).click();
    await page.getByText('A worm logs in with factory passwords').waitFor();
    await page.keyboard.press('Escape');
  });

  it('takes consent, saves as warn, and undoes it', async () => {
    const { page } = browser;
    // The demonstration has nothing wider than what was seen: one line is made to be.
    await page.route('**/protect?*', async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      const at = body.profile.rules.findIndex((l: { protocol: string }) => l.protocol === 'dicom');
      body.profile.rules[at].proposed = true;
      const line = body.document.policies[0].profile.lines.find(
        (l: { id: string }) => l.id === body.profile.rules[at].id,
      );
      line.proposed = true;
      await route.fulfill({ response: answer, json: body });
    });
    await protect();
    await page.getByText('Wider than what was seen: it allows nothing until you consent.').waitFor();
    await page.getByRole('button', { name: 'Save and warn' }).click();
    await page.getByText('Saved: you will be warned').waitFor();
    await expect.poll(async () => (await saved())?.proposed).toBe(1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(saved).toBeUndefined();

    await protect();
    await page.getByRole('switch', { name: 'Consent' }).click({ force: true });
    await page.getByRole('button', { name: 'Save and warn' }).click();
    await expect.poll(async () => (await saved())?.mode).toBe('warn');
    expect((await saved())?.proposed).toBe(0);
    await settle(page);
    await page.unrouteAll({ behavior: 'wait' });
  });

  it('cannot be enforced where nothing enforces, and says why', async () => {
    const { page } = browser;
    await protect();
    await page.getByText('Enforce needs an enforcing part, and none is connected.').first().waitFor();
    const enforce = page.getByRole('button', { name: 'Enforce' }).first();
    expect(await enforce.getAttribute('aria-disabled')).toBe('true');
  });

  it('says what a MUD file cannot say, and gives the file', async () => {
    const { page } = browser;
    await protect();
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem', { name: 'MUD file (RFC 8520)' }).click();
    const dialog = page.getByRole('dialog', { name: 'MUD file (RFC 8520)' });
    await dialog.getByLabel('Address of the file').fill('https://mud.example.org/pacs.json');
    await dialog.getByText(/this format cannot say/i).waitFor();
    await shoot(page, 'protect-export');
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('link', { name: /^Download/ }).click(),
    ]);
    const text = readFileSync(await file.path(), 'utf8');
    expect(JSON.parse(text)['ietf-mud:mud']['mud-url']).toBe('https://mud.example.org/pacs.json');
    await page.keyboard.press('Escape');
  });

  it('shows its revisions with what changed, and rolls back', async () => {
    const { page } = browser;
    await protect();
    await page.getByRole('button', { name: 'Only observe' }).click();
    await expect.poll(async () => (await saved())?.mode).toBe('observe');
    await page.getByText('Revision 2').waitFor();
    await page.getByText('1 change', { exact: true }).click();
    await page.getByRole('button', { name: 'Roll back to this' }).click();
    await page.getByText('Rolled back to revision 1').waitFor();
    await expect.poll(async () => (await saved())?.mode).toBe('warn');
    await page.getByText('Revision 3').waitFor();
    await shoot(page, 'protect-saved');
    expect(await barriers(page)).toEqual([]);
  });

  it('tells what is off the profile as it happens, and accepts it', async () => {
    const { page } = browser;
    const { csrf } = await ask<{ csrf: string }>('/session');
    const now = await saved();
    const { rules } = await ask<{ rules: { id: string; protocol: string }[] }>(`/profiles/${now?.id}`);
    const line = rules.find((l) => l.protocol === 'dicom')?.id;
    const sent = await browser.context.request.patch(`${hub.origin}/api/v1/profiles/${now?.id}`, {
      data: { revision: now?.revision, mode: 'warn', remove: [line] },
      headers: { 'X-CSRF-Token': csrf, Origin: hub.origin },
    });
    expect(sent.status(), await sent.text()).toBe(200);
    await protect();
    // The demonstration goes on live: the modality stores its next image within the minute.
    await page
      .getByText(/no line lets .* ask it over dicom/)
      .first()
      .waitFor({ timeout: 90_000 });
    await shoot(page, 'protect-drift');
    await page.getByRole('button', { name: 'Accept' }).first().click();
    await page.getByText('Added to the profile').waitFor();
    await expect.poll(async () => (await saved())?.lines).toBe(now?.lines);
  }, 120_000);

  it('tells zones what profiles say', async () => {
    const { page } = browser;
    await page.goto('/zones?by=policy');
    await settle(page);
    await page
      .getByText(/of .* flows would be blocked/)
      .first()
      .waitFor();
    await page
      .getByRole('button', { name: /profiles allow all of it/ })
      .first()
      .waitFor();
    expect(await barriers(page)).toEqual([]);
  });

  it('counts hours for a device of this morning, and says so', async () => {
    const { page } = browser;
    const { items } = await ask<{ items: { id: string }[] }>('/devices?q=Gate%20camera&limit=1');
    await page.goto(`/devices/${items[0]?.id}?tab=protect`);
    await page.getByText('This device was seen for hours only').waitFor();
    await page.getByText('Left out of learning').waitFor();
  });
});
