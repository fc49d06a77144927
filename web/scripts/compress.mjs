// Compresses what was built, so that the hub need not: it serves the .br or
// .gz beside a file to browsers that accept it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../../internal/console/dist/', import.meta.url);
for (const name of readdirSync(dist, { recursive: true })) {
  if (!/\.(js|css|svg|json)$/.test(name)) continue;
  const file = new URL(name, dist);
  const body = readFileSync(file);
  if (body.length < 1024) continue;
  writeFileSync(`${file.pathname}.gz`, gzipSync(body, { level: 9 }));
  writeFileSync(
    `${file.pathname}.br`,
    brotliCompressSync(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
    }),
  );
}
