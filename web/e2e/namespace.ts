import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './hub';

/** A network of the test's own: no link leads out of it. */
export interface Namespace {
  name: string;
  /** Chromium in it. */
  chromium: string;
  /** Plays the laboratory's capture into an interface: a bounded number of packets at a bounded rate. */
  play(device: string, packets: number): Promise<void>;
  remove(): void;
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

/**
 * Makes a namespace with pairs of interfaces, each pair named by what is
 * watched and by where packets are put in. It says why it cannot instead,
 * such as that it takes root.
 */
export function makeNamespace(pairs: readonly (readonly [string, string])[]): Namespace | string {
  if (process.getuid?.() !== 0) return 'making a network namespace takes root';
  const name = `edgeward-e2e-${process.pid}`;
  try {
    execFileSync('tcpreplay', ['--version'], { stdio: 'pipe' });
    ip('netns', 'add', name);
  } catch (e) {
    return `no network namespace: ${(e as Error).message.split('\n')[0]}`;
  }
  ip('-n', name, 'link', 'set', 'lo', 'up');
  for (const [near, far] of pairs) {
    ip('-n', name, 'link', 'add', near, 'type', 'veth', 'peer', 'name', far);
    for (const device of [near, far]) {
      // The kernel's own chatter would be devices too.
      const quiet = `net.ipv6.conf.${device}.disable_ipv6=1`;
      execFileSync('ip', ['netns', 'exec', name, 'sysctl', '-q', '-w', quiet], { stdio: 'pipe' });
      ip('-n', name, 'link', 'set', device, 'mtu', '9000', 'up');
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'edgeward-namespace-'));
  const chromium = join(folder, 'chromium');
  writeFileSync(
    chromium,
    `#!/bin/sh\nexec ip netns exec ${name} '${process.env.CHROMIUM ?? '/usr/bin/chromium'}' "$@"\n`,
  );
  chmodSync(chromium, 0o755);
  return {
    name,
    chromium,
    play: (device, packets) =>
      new Promise((done, fail) => {
        const args = [
          '--intf1',
          device,
          '--pps',
          '800',
          '--limit',
          `${packets}`,
          join(root, 'test/lab/lab.pcap'),
        ];
        const child = spawn('ip', ['netns', 'exec', name, 'tcpreplay', ...args], {
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let said = '';
        child.stderr.on('data', (b: Buffer) => {
          said += b.toString();
        });
        child.once('error', fail);
        child.once('exit', (code) => (code === 0 ? done() : fail(new Error(`tcpreplay: ${code}: ${said}`))));
      }),
    remove: () => {
      ip('netns', 'del', name);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
