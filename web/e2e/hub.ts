import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A hub of the tests' own, on a free port, with a data folder that goes with it. */
export interface Hub {
  /** Scheme, host and port. */
  origin: string;
  /** The address that the program prints, with a token that works once. */
  door: string;
  log(): string;
  stop(): Promise<void>;
}

/** The program: EDGEWARD_BIN, or else what `make build` left; built when there is neither. */
function program(): string {
  const given = process.env.EDGEWARD_BIN ?? join(root, 'bin/edgeward');
  if (!existsSync(given)) execFileSync('make', ['build'], { cwd: root, stdio: 'inherit' });
  return given;
}

/** The environment without what configures a hub. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('EDGEWARD_')));
}

/** The demonstration as it is, the same without users yet, or a hub of an ordinary first start. */
export type Start = 'demo' | 'first-run' | 'run';

/** Starts a hub, in a network namespace of the test's where one is named. */
export async function startHub(start: Start, namespace?: string): Promise<Hub> {
  const data = mkdtempSync(join(tmpdir(), 'edgeward-e2e-'));
  const verb = start === 'run' ? ['run'] : start === 'demo' ? ['demo'] : ['demo', '--first-run'];
  const [command = '', ...args] = [
    ...(namespace ? ['ip', 'netns', 'exec', namespace] : []),
    program(),
    ...verb,
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: data, env: environment() });
  let said = '';
  const hear = (b: Buffer) => {
    said += b.toString();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const stop = async () => {
    await end(child);
    rmSync(data, { recursive: true, force: true });
  };
  const deadline = Date.now() + 45_000;
  for (;;) {
    const door = /https?:\/\/127\.0\.0\.1:\d+\/\S*token=[\w.~-]+/.exec(said)?.[0];
    if (door) return { origin: new URL(door).origin, door, log: () => said, stop };
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`edgeward ${verb[0]} printed no address with a token:\n${said}`);
    }
    await new Promise((r) => setTimeout(r, 50));
  }
}

/** Asks the program to end, and insists after ten seconds. */
function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    const insist = setTimeout(() => child.kill('SIGKILL'), 10_000);
    child.once('exit', () => {
      clearTimeout(insist);
      done();
    });
    child.kill('SIGTERM');
  });
}
