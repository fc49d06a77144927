// Measures how long the screens take to paint on a hub with much in it, and
// what their requests cost the hub.
//
//   go run ./tools/largesite -data /tmp/large
//   node scripts/paint.mjs --data /tmp/large [--bin ../bin/edgeward] [--rounds 5] [--only overview,graph]
//
// Cold is a navigation with an empty cache of the browser, until all that the
// screen shows is there and painted; warm is a click in the console. Times are
// medians by the clock in milliseconds, with the processor time that hub and
// browser took for the cold one, which other work on the machine changes less. A request is asked as often again by
// itself: its first answer after the hub's short-lived caches have gone, then
// the median, and the processor time of the hub per answer.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/edgeward', import.meta.url)) },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    json: { type: 'string' },
    shots: { type: 'string' },
  },
});
if (!flags.data) throw new Error('want --data, a folder that tools/largesite has filled');
const rounds = Number(flags.rounds);

/** How old what the hub remembers for a moment may be, see directoryLife in internal/api. */
const cacheLife = 5500;

/** Name and address; they are gone through in turns. */
const screens = [
  ['overview', '/'],
  ['changes', '/changes'],
  ['findings', '/findings'],
  ['findings-flat', '/findings?view=list'],
  ['devices', '/devices'],
  ['device', '/devices/:device'],
  ['graph', '/devices/:device/graph?range=7d'],
  ['graph-2', '/devices/:device/graph?range=7d&depth=2'],
  ['zones', '/zones'],
  ['zones-week', '/zones?range=7d'],
  ['zones-pairs', '/zones?range=7d&from=Imaging&to=Wards'],
  ['m2m', '/m2m'],
  ['coverage', '/coverage'],
];

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const round = (n) => Math.round(n);

const hub = spawn(flags.bin, ['run', '--data', flags.data, '--listen', '127.0.0.1:0'], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
let said = '';
for (const s of [hub.stdout, hub.stderr])
  s.on('data', (b) => {
    said += b;
  });
const profile = mkdtempSync(join(tmpdir(), 'edgeward-paint-'));
let context;
try {
  await main();
} finally {
  await context?.close();
  rmSync(profile, { recursive: true, force: true });
  hub.kill('SIGTERM');
}

/** Processor time that a process has taken, in milliseconds, over all its threads. */
function cpu(pid = hub.pid) {
  let sum = 0;
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread has ended.
    }
  }
  return sum / 1e6;
}

/** Processor time of the browser with all its processes, by their parents. */
function browserCPU() {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      parents.set(Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // The process has ended.
    }
  }
  let sum = 0;
  for (const pid of parents.keys()) {
    let at = pid;
    while (at > 1 && at !== process.pid && at !== hub.pid) at = parents.get(at) ?? 0;
    if (at === process.pid && pid !== process.pid) sum += cpu(pid);
  }
  return sum;
}

async function address() {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = /https?:\/\/127\.0\.0\.1:\d+\/\S*/.exec(said)?.[0];
    if (found) return found;
    if (hub.exitCode !== null || Date.now() > deadline)
      throw new Error(`edgeward run printed no address:\n${said}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

/** Logs in as the first administrator, who is made when there is none. */
async function enter(origin, door) {
  const body = { name: 'paint', password: 'correct horse battery staple' };
  const token = new URL(door).searchParams.get('token');
  const answer = await context.request.post(`${origin}/api/v1/${token ? 'setup' : 'session'}`, {
    data: token ? { ...body, token } : body,
    headers: { origin },
  });
  if (!answer.ok()) throw new Error(`cannot log in: ${answer.status()} ${await answer.text()}`);
}

/** Resolves, in the page, with the time at which it shows all it has; not while it shows another heading. */
function painted(other) {
  return new Promise((done) => {
    const ready = () => {
      const heading = document.querySelector('main h1')?.textContent;
      return (
        heading &&
        heading !== other &&
        !document.querySelector('main [aria-busy="true"], main .mantine-Skeleton-root') &&
        document.querySelector('main').textContent.length > heading.length + 40
      );
    };
    const look = () => {
      if (!ready()) return void requestAnimationFrame(look);
      // What is in the document now is on the screen after the next frame.
      requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0));
    };
    look();
  });
}

async function main() {
  const door = await address();
  const origin = new URL(door).origin;
  context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    baseURL: origin,
    viewport: { width: 1440, height: 900 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  });
  await enter(origin, door);
  const page = context.pages()[0] ?? (await context.newPage());
  const protocol = await context.newCDPSession(page);
  const first = await (await context.request.get(`${origin}/api/v1/devices?limit=1&sort=label`)).json();
  const only = flags.only?.split(',');
  const results = [];
  const asked = new Map();
  for (const [name, pattern] of screens) {
    if (only && !only.includes(name)) continue;
    const path = pattern.replace(':device', encodeURIComponent(first.items[0].id));
    const cold = [];
    const warm = [];
    const work = { hub: [], browser: [] };
    for (let i = 0; i < rounds; i++) {
      await protocol.send('Network.clearBrowserCache');
      await page.goto('about:blank');
      await new Promise((r) => setTimeout(r, cacheLife));
      const before = [cpu(), browserCPU()];
      await page.goto(path, { waitUntil: 'commit' });
      cold.push(await page.evaluate(painted));
      work.hub.push(cpu() - before[0]);
      work.browser.push(browserCPU() - before[1]);
      for (const url of await page.evaluate(() =>
        performance.getEntriesByType('resource').map((e) => e.name),
      ))
        if (url.includes('/api/v1/') && !/(stream|session|setup|about)$/.test(url)) asked.set(url, name);
      if (flags.shots && i === 0)
        for (const colorScheme of ['dark', 'light']) {
          await page.emulateMedia({ colorScheme });
          await page.screenshot({ path: join(flags.shots, `${name}-${colorScheme}.png`) });
        }
      // From another screen of the console, with nothing of this one in memory.
      await page.goto('/about');
      await page.evaluate(painted);
      const [began, heading] = await page.evaluate((to) => {
        const now = [performance.now(), document.querySelector('main h1').textContent];
        history.pushState({}, '', to);
        dispatchEvent(new PopStateEvent('popstate', { state: {} }));
        return now;
      }, path);
      warm.push((await page.evaluate(painted, heading)) - began);
    }
    results.push({
      name,
      cold: round(median(cold)),
      coldMost: round(Math.max(...cold)),
      warm: round(median(warm)),
      hubCPU: round(median(work.hub)),
      browserCPU: round(median(work.browser)),
    });
    console.log(JSON.stringify(results.at(-1)));
  }
  const calls = [];
  for (const [url, screen] of asked) {
    await new Promise((r) => setTimeout(r, cacheLife));
    const times = [];
    let before = cpu();
    const ask = async () => {
      const began = performance.now();
      const answer = await context.request.get(url);
      await answer.body();
      if (!answer.ok()) throw new Error(`${url}: ${answer.status()}`);
      times.push(performance.now() - began);
    };
    await ask();
    const firstCPU = cpu() - before;
    before = cpu();
    for (let i = 0; i < rounds; i++) await ask();
    calls.push({
      screen,
      call: url.replace(`${origin}/api/v1`, '').slice(0, 110),
      first: round(times[0]),
      firstCPU: round(firstCPU),
      wall: round(median(times.slice(1))),
      cpu: round((cpu() - before) / rounds),
    });
    console.log(JSON.stringify(calls.at(-1)));
  }
  if (flags.json) writeFileSync(flags.json, JSON.stringify({ results, calls }, null, 1));
}
