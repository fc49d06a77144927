// A hub that has never run: the set-up token makes the first administrator,
// the wizard ends in the console, and a second factor guards the next login.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { barriers } from './axe';
import { open, settle, type Watched } from './browser';
import { type Hub, startHub } from './hub';
import { shoot } from './shots';
import { code } from './totp';

const name = 'grace';
const password = 'correct horse battery staple';
let hub: Hub;
let browser: Watched;

beforeAll(async () => {
  hub = await startHub('first-run');
  browser = await open(hub.origin);
});

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
});

it('makes the first administrator with the one-time token and walks the wizard', async () => {
  const { page } = browser;
  await page.goto(hub.door);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Passphrase').first().fill(password);
  await page.getByLabel('Once more').fill(password);
  await shoot(page, 'setup');
  expect(await barriers(page)).toEqual([]);
  await page.getByRole('button', { name: 'Make the administrator' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  expect(await barriers(page)).toEqual([]);
  await page.getByRole('button', { name: 'Finish' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  expect(new URL(page.url()).search).not.toContain('token');
});

let secret = '';

it('sets up a second factor with the code of an authenticator', async () => {
  const { page } = browser;
  await page.goto('/settings/profile');
  await settle(page);
  await page.getByRole('button', { name: 'Set up a second factor' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Your password').fill(password);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.getByRole('img', { name: /QR code/ }).waitFor();
  secret = ((await dialog.getByRole('region', { name: 'Secret' }).textContent()) ?? '').trim();
  await dialog.getByLabel('Code', { exact: true }).fill(code(secret, step() - 1));
  await dialog.getByRole('button', { name: 'Confirm' }).click();
  await dialog.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByText('second factor', { exact: true }).waitFor();
});

it('lets in nobody without the code', async () => {
  const { page } = browser;
  await page.getByRole('button', { name: 'Account and display' }).click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await page.getByRole('button', { name: 'Log in' }).waitFor();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Passphrase').first().fill('something else entirely');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('The name or the passphrase is wrong.').waitFor();
  await shoot(page, 'login');
  expect(await barriers(page)).toEqual([]);
  await page.getByLabel('Passphrase').first().fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByLabel('Code', { exact: true }).fill(code(secret));
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
});

it('goes without errors of scripts or refusals of the content security policy', () => {
  expect(browser.troubles).toEqual([]);
});

function step(): number {
  return Math.floor(Date.now() / 30_000);
}
