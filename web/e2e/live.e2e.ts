// A first start on a machine with traffic: the wizard lists the interfaces,
// starts a sensor on the chosen one, goes over to another, and what was heard
// is there when the wizard ends. It takes a network namespace, so root.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barriers } from './axe';
import { ask, open, settle, type Watched } from './browser';
import { type Hub, startHub } from './hub';
import { makeNamespace } from './namespace';
import { shoot } from './shots';

const made = makeNamespace([
  ['mirror0', 'feed0'],
  ['mirror1', 'feed1'],
]);
if (typeof made === 'string') console.warn(`The live sensor is not tested in the browser: ${made}`);

interface Machine {
  items: { name: string; watched: boolean; packets: number }[];
  running: boolean;
}

describe.skipIf(typeof made === 'string')('a machine with two mirror ports', () => {
  const network = made as Exclude<typeof made, string>;
  let hub: Hub;
  let browser: Watched;

  beforeAll(async () => {
    hub = await startHub('run', network.name);
    browser = await open(hub.origin, network.chromium);
  });
  afterAll(async () => {
    await browser?.close();
    await hub?.stop();
    network.remove();
  });

  const machine = () => ask<Machine>(browser.page, '/interfaces');
  const watched = async () => (await machine()).items.filter((x) => x.watched).map((x) => x.name);
  const heard = async () =>
    (await ask<{ items: { id: string; packets: number }[] }>(browser.page, '/sensors')).items.find(
      (s) => s.id === 'local',
    )?.packets ?? 0;

  it('lists them with what the kernel counts', async () => {
    const { page } = browser;
    await page.goto(hub.door);
    await page.getByLabel('Passphrase').first().fill('correct horse battery staple');
    await page.getByLabel('Once more').fill('correct horse battery staple');
    await page.getByRole('button', { name: 'Make the administrator' }).click();
    const list = page.getByRole('group', { name: 'Interfaces of this machine' });
    for (const name of ['mirror0', 'mirror1', 'lo'])
      expect(await list.getByRole('checkbox', { name, exact: true }).isChecked(), name).toBe(false);
    await list.getByText('this machine itself').waitFor();
    expect((await machine()).items.at(-1)?.name).toBe('lo');
    expect(await barriers(page)).toEqual([]);
  });

  it('starts a sensor on the one that is chosen and says that traffic arrives', async () => {
    const { page } = browser;
    await page.getByRole('checkbox', { name: 'mirror0', exact: true }).click();
    await expect.poll(watched).toEqual(['mirror0']);
    await expect.poll(async () => (await machine()).running).toBe(true);
    await network.play('feed0', 1200);
    await page.getByText('Traffic arrives on mirror0.').waitFor();
    await page.getByText('Sees traffic').first().waitFor();
    await expect.poll(heard).toBeGreaterThanOrEqual(1200);
    await shoot(page, 'setup-traffic');
  });

  it('goes over to another one', async () => {
    const { page } = browser;
    await page.getByRole('checkbox', { name: 'mirror0', exact: true }).click();
    await expect.poll(watched).toEqual([]);
    await page.getByRole('checkbox', { name: 'mirror1', exact: true }).click();
    await expect.poll(watched).toEqual(['mirror1']);
    await expect.poll(async () => (await machine()).running).toBe(true);
    await network.play('feed0', 300); // nobody listens there any more
    await network.play('feed1', 300);
    await page.getByText('Traffic arrives on mirror1.').waitFor();
    // The sensor began anew, and counts what came to the second one alone.
    await expect.poll(heard).toBeGreaterThanOrEqual(300);
    expect(await heard()).toBeLessThan(600);
  });

  it('ends with the devices that were heard', async () => {
    const { page } = browser;
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Finish' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.goto('/devices');
    await settle(page);
    await page
      .getByRole('row', { name: /10\.\d+\.\d+\.\d+/ })
      .first()
      .waitFor();
    expect((await ask<{ total: number }>(page, '/devices?sensor=local')).total).toBeGreaterThan(1);
    await page.goto('/sensors');
    await settle(page);
    await page
      .getByRole('row', { name: /mirror1/ })
      .getByText('Reporting')
      .waitFor();
    expect(browser.troubles).toEqual([]);
  });
});
