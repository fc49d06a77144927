// What people do in the console, on the demonstration's network: label, judge,
// merge, mute, import, upload and export; each with its way back.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Download, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask as askOn, open, settle, type Watched } from './browser';
import { type Hub, root, startHub } from './hub';
import { shoot } from './shots';

let hub: Hub;
let browser: Watched;
let page: Page;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edgeward-files-'));
  hub = await startHub('demo');
  browser = await open(hub.origin);
  page = browser.page;
  await page.goto(hub.door);
  await settle(page);
});

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => {
  expect(browser.troubles.splice(0)).toEqual([]);
});

const ask = <T>(path: string) => askOn<T>(page, path);

interface Device {
  id: string;
  label: string;
  ips: string[];
  macs: string[];
  tenures: { host: string; name: string }[];
}

const deviceAt = async (address: string): Promise<Device> => {
  const { items } = await ask<{ items: Device[] }>(`/devices?q=${address}&limit=50`);
  const found = items.find((d) => d.ips.includes(address));
  if (!found) throw new Error(`no device has ${address}`);
  return found;
};

/** What a download holds. */
async function saved(download: Download): Promise<string> {
  return readFileSync(await download.path(), 'utf8');
}

describe('what people do', () => {
  it('labels a device, and the label wins', async () => {
    const { items } = await ask<{ items: { id: string }[] }>('/devices?limit=1&sort=label');
    const id = items[0]?.id ?? '';
    await page.goto(`/devices/${encodeURIComponent(id)}`);
    await settle(page);
    await page.getByRole('button', { name: 'Edit' }).first().click();
    await page.getByRole('dialog').getByLabel('Device', { exact: true }).fill('Pump of hall 7');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Pump of hall 7' }).waitFor();
    expect((await ask<{ label: string }>(`/devices/${encodeURIComponent(id)}`)).label).toBe('Pump of hall 7');
  });

  it('acknowledges a finding and takes it back', async () => {
    const { items } = await ask<{ items: { id: string }[] }>('/findings?limit=1&status=open');
    const id = items[0]?.id ?? '';
    const status = async () => (await ask<{ status: string }>(`/findings/${id}`)).status;
    await page.goto(`/findings/${id}`);
    await settle(page);
    await page
      .getByRole('button', { name: /^Acknowledge/ })
      .first()
      .click();
    await expect.poll(status).toBe('acknowledged');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(status).toBe('open');
  });

  it('hunts: completes a field, counts over time, pivots and keeps all of it in the address', async () => {
    await page.goto('/hunt');
    await settle(page);
    const box = page.getByRole('combobox', { name: 'Query' });
    await box.fill('kind:mqt');
    await page
      .getByRole('option', { name: /^mqtt\b/ })
      .first()
      .waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=kind/);
    await page.getByRole('figure', { name: 'Facts over time' }).waitFor();
    const row = page.getByRole('row').nth(1);
    await row.click();
    const fact = page.getByRole('dialog');
    await fact.getByText('mqtt', { exact: true }).first().waitFor();
    await fact.getByRole('button', { name: /^Only with src / }).click();
    await page.waitForURL(/src/);
    await page.keyboard.press('Escape');
    await fact.waitFor({ state: 'hidden' });
    await box.fill('nmae:x');
    await page.getByRole('button', { name: 'Use “name”' }).click();
    await expect.poll(() => box.inputValue()).toBe('name:x');
  });

  it('makes a token and an enrolment, each shown once', async () => {
    await page.goto('/settings/tokens?new=1');
    await page.getByRole('dialog').getByLabel('Name').fill('dashboard');
    await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
    const token = ((await page.getByRole('region', { name: 'Token' }).textContent()) ?? '').trim();
    expect(token.length).toBeGreaterThan(20);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('row', { name: /dashboard/ }).waitFor();
    expect(await page.content()).not.toContain(token);

    await page.goto('/sensors?enrol=1');
    await page.getByRole('dialog').getByLabel('Name').fill('hall-7');
    await page.getByRole('button', { name: 'Make the token' }).click();
    const command = await page.getByRole('region', { name: 'Command for the sensor' }).textContent();
    expect(command).toContain('edgeward');
    await page.getByRole('button', { name: 'I have copied it' }).click();
  });

  it('explains to a viewer what is not theirs', async () => {
    await page.goto('/settings/users?user=new');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name to log in with').fill('victor');
    await dialog.getByLabel('First password').fill('only looking around');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('row', { name: /victor/ }).waitFor();
    const viewer = await open(hub.origin);
    try {
      await viewer.page.goto('/login?next=%2Fsensors');
      await viewer.page.getByLabel('Name', { exact: true }).fill('victor');
      await viewer.page.getByLabel('Passphrase').first().fill('only looking around');
      await viewer.page.getByRole('button', { name: 'Log in' }).click();
      await viewer.page.getByRole('heading', { level: 1, name: 'Sensors' }).waitFor();
      expect(await viewer.page.getByRole('button', { name: 'Enrol a sensor' }).count()).toBe(0);
      await viewer.page.goto('/settings/users');
      await viewer.page.getByText('Users takes the role Administrator.').waitFor();
      expect(viewer.troubles).toEqual([]);
    } finally {
      await viewer.close();
    }
  });
});

describe('devices that are one', () => {
  const first = '10.20.0.21';
  const second = '10.20.0.22';
  let hosts: string[] = [];

  async function merge(): Promise<string> {
    const into = await deviceAt(first);
    await page.goto(`/devices/${encodeURIComponent(into.id)}`);
    await settle(page);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Merge with others…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Which devices are the same?').fill(second);
    await dialog.getByRole('checkbox', { name: new RegExp(second) }).check();
    await dialog.getByText(new RegExp(`${first}.*${second}`)).waitFor(); // what it will have
    await dialog.getByRole('button', { name: 'Merge 1 device' }).click();
    await page.getByText('1 device merged').waitFor();
    await expect
      .poll(async () => (await ask<Device>(`/devices/${into.id}`)).ips.sort())
      .toEqual([first, second]);
    return into.id;
  }

  it('are merged, the other’s address leads to the one, and undo makes them two again', async () => {
    const other = await deviceAt(second);
    hosts = (await ask<Device>(`/devices/${other.id}`)).tenures.map((x) => x.name);
    const one = await merge();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Undone').waitFor();
    await expect.poll(async () => (await ask<Device>(`/devices/${one}`)).ips).toEqual([first]);
    expect((await deviceAt(second)).id).not.toBe(one);
    await merge();
    await page.goto(`/devices/${encodeURIComponent(other.id)}`);
    await page.waitForURL((url) => decodeURIComponent(url.pathname).endsWith(one));
  });

  it('are split again by the addresses of the other, and undo makes them one', async () => {
    const one = await deviceAt(first);
    await page.goto(`/devices/${encodeURIComponent(one.id)}`);
    await settle(page);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Split…' }).click();
    const dialog = page.getByRole('dialog');
    expect(hosts).toHaveLength(2);
    for (const name of hosts) await dialog.getByRole('checkbox', { name: new RegExp(name) }).click();
    await dialog.getByText('2 hosts become a device of their own; 2 stay.').waitFor();
    await shoot(page, 'split');
    await dialog.getByRole('button', { name: 'Split', exact: true }).click();
    await page.getByText('Device split').waitFor();
    await page.waitForURL((url) => !decodeURIComponent(url.pathname).endsWith(one.id));
    expect((await deviceAt(second)).id).not.toBe(one.id);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.waitForURL((url) => decodeURIComponent(url.pathname).endsWith(one.id));
    await expect.poll(async () => (await deviceAt(second)).id).toBe(one.id);
  });
});

describe('a mute', () => {
  const open = (query: string) => ask<{ total: number }>(`/findings?status=open&muted=false${query}`);

  it('shows what it would hide, hides that much, and is undone', async () => {
    const { items } = await ask<{ items: { id: string; check: string; title: string; device: string }[] }>(
      '/findings?limit=200&status=open&muted=false',
    );
    const same = new Map<string, number>();
    for (const f of items) same.set(f.check, (same.get(f.check) ?? 0) + 1);
    const finding = items.find((f) => f.device && (same.get(f.check) ?? 0) > 1);
    if (!finding) throw new Error('no check of the demonstration has several findings');
    const before = (await open('')).total;
    const all = (await open(`&check=${finding.check}`)).total;
    const here = (await open(`&check=${finding.check}&device=${finding.device}`)).total;

    await page.goto(`/findings/${finding.id}`);
    await settle(page);
    await page.getByRole('button', { name: 'Mute…' }).click();
    const dialog = page.getByRole('dialog');
    const hides = (n: number) => dialog.getByText(new RegExp(`^This hides ${n} findings? that`));
    await hides(here).waitFor();
    await dialog.getByRole('checkbox', { name: /^The device / }).uncheck();
    await hides(all).waitFor();
    await dialog.getByRole('checkbox', { name: /^The check / }).uncheck();
    await dialog.getByText('a mute without any would hide everything').waitFor();
    expect(await dialog.getByRole('button', { name: 'Mute', exact: true }).isDisabled()).toBe(true);
    await dialog.getByRole('checkbox', { name: /^The check / }).check();
    await hides(all).waitFor();
    await shoot(page, 'mute');
    await dialog.getByLabel('Why').fill('known, moved next month');
    await dialog.getByRole('button', { name: 'Mute', exact: true }).click();
    await page.getByText(`Muted; ${all} findings are hidden`).waitFor();
    await expect.poll(async () => (await open('')).total).toBe(before - all);
    await page.goto('/findings?view=mutes');
    await page.getByText('known, moved next month').waitFor();
    await page
      .getByRole('row', { name: /known, moved next month/ })
      .getByRole('button', { name: /^End/ })
      .click();
    await expect.poll(async () => (await open('')).total).toBe(before);
  });
});

describe('a list of the configuration database', () => {
  it('is shown before it changes anything, then names devices', async () => {
    const file = join(folder, 'cmdb.csv');
    writeFileSync(
      file,
      'ip,label,owner,location,criticality\n10.20.0.23,Valve station,Maintenance,Hall 2,high\n10.99.0.1,Nobody,,,\nnot an address,x,,,\n',
    );
    await page.goto('/devices');
    await settle(page);
    await page.getByRole('button', { name: 'Import' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('input[type=file]').setInputFiles(file);
    await dialog.getByRole('button', { name: 'Show what would change' }).click();
    await dialog.getByText('1 device changes').waitFor();
    await dialog.getByRole('cell', { name: /Valve station/ }).waitFor();
    await dialog.getByText('no device has this address').waitFor();
    await dialog.getByText('Rows that were not understood').waitFor();
    expect((await deviceAt('10.20.0.23')).label).not.toBe('Valve station');
    await shoot(page, 'import');
    await dialog.getByRole('button', { name: 'Change 1 device' }).click();
    await page.getByText('1 device changed').waitFor();
    const named = await deviceAt('10.20.0.23');
    expect(named).toMatchObject({ label: 'Valve station', owner: 'Maintenance', location: 'Hall 2' });
    await page.getByRole('link', { name: 'Valve station' }).waitFor();
  });

  it('comes out again, with the filters of the list', async () => {
    await page.goto('/devices?q=Valve');
    await settle(page);
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Table (CSV)' }).click(),
    ]);
    const [head = '', ...rows] = (await saved(download)).trim().split('\n');
    expect(head).toMatch(/label/);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain('Valve station');
  });

  it.each([
    ['findings', '/findings'],
    ['facts', '/hunt?q=kind%3Amqtt'],
  ])('%s come out as JSON', async (_, path) => {
    await page.goto(path);
    await settle(page);
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'JSON', exact: true }).click(),
    ]);
    expect(JSON.parse(await saved(download)).length).toBeGreaterThan(0);
  });
});

describe('a capture', () => {
  const choose = async (file: string) => {
    await page.locator('main input[type=file]').setInputFiles(file);
    return page.getByRole('listitem').filter({ hasText: basename(file) });
  };

  it('is uploaded with progress, and its devices and findings are there', async () => {
    await page.goto('/captures');
    await settle(page);
    const devices = (await ask<{ total: number }>('/devices')).total;
    // So slow that somebody can watch.
    const slow = await browser.context.newCDPSession(page);
    await slow.send('Network.enable');
    await slow.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: 200_000,
    });
    const sending = await choose(join(root, 'test/lab/lab.pcap'));
    await sending.getByText(/kB \/ 483 kB/).waitFor();
    const bar = sending.getByRole('progressbar');
    await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(0);
    await slow.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
    await slow.detach();
    const row = page.getByRole('row', { name: /lab\.pcap/ });
    await row.getByText('Done').waitFor();
    await shoot(page, 'upload');
    const { items } = await ask<{ items: { sensor: string; devices: number; findings: number }[] }>(
      '/captures',
    );
    const capture = items[0];
    expect(capture?.devices).toBeGreaterThan(5);
    expect(capture?.findings).toBeGreaterThan(0);
    await row.getByRole('link').first().click();
    await page.waitForURL(/\/devices\?sensor=uploads/);
    await settle(page);
    await page.getByRole('row').nth(1).waitFor();
    await expect.poll(async () => (await ask<{ total: number }>('/devices')).total).toBeGreaterThan(devices);
    await page.goto(`/findings?sensor=${capture?.sensor}`);
    await settle(page);
    await page.getByRole('row').nth(1).waitFor();
  });

  it('that is none, or too large, or damaged, is refused with the reason', async () => {
    await page.goto('/captures');
    await settle(page);
    const text = join(folder, 'notes.pcap');
    writeFileSync(text, 'these are no packets\n'.repeat(1 << 20));
    await (await choose(text)).getByText(/this is no capture/).waitFor();

    const huge = join(folder, 'year.pcap');
    writeFileSync(huge, readFileSync(join(root, 'test/lab/lab.pcap')));
    truncateSync(huge, 17 * 2 ** 30);
    await (await choose(huge)).getByText(/at most 17.2 GB/).waitFor();

    const damaged = join(folder, 'damaged.pcapng');
    writeFileSync(damaged, Buffer.concat([Buffer.from([0x0a, 0x0d, 0x0d, 0x0a]), Buffer.alloc(4096, 0xee)]));
    await choose(damaged);
    const row = page.getByRole('row', { name: /damaged\.pcapng/ });
    await row.getByText('Failed').waitFor();
    await shoot(page, 'refused');
    const { items } = await ask<{ items: { name: string; error: string }[] }>('/captures');
    expect(items.filter((c) => /notes|year/.test(c.name))).toEqual([]);
    expect(items.find((c) => c.name === 'damaged.pcapng')?.error).not.toBe('');
    await (await choose(text))
      .first()
      .getByRole('button', { name: 'Remove notes.pcap from this list' })
      .first()
      .click();
  });

  it('whose name is a path is kept under its last part', async () => {
    const name = '../../../etc/cron.d/edgeward.pcap';
    await page.locator('main input[type=file]').setInputFiles({
      name,
      mimeType: 'application/octet-stream',
      // Its beginning: the same file twice would count once.
      buffer: readFileSync(join(root, 'test/lab/lab.pcap')).subarray(0, 200_000),
    });
    await expect
      .poll(async () => (await ask<{ items: { name: string }[] }>('/captures')).items[0]?.name)
      .toBe('edgeward.pcap');
    await page
      .getByRole('row', { name: /edgeward\.pcap/ })
      .getByText('Done')
      .waitFor();
  });
});
