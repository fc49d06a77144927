// Empties the folder that Go embeds, but for the file that keeps it in git.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';

const dist = new URL('../../internal/console/dist/', import.meta.url);
mkdirSync(dist, { recursive: true });
for (const name of readdirSync(dist)) {
  if (name !== '.gitkeep') rmSync(new URL(name, dist), { recursive: true });
}
