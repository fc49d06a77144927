// Makes src/api/schema.d.ts from the hub's OpenAPI document. With --check it
// only compares and fails when the two have drifted apart.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const document = new URL('../../docs/reference/openapi.json', import.meta.url);
const target = new URL('../src/api/schema.d.ts', import.meta.url);

const head = '// Made by `npm run api` from docs/reference/openapi.json. Do not edit.\n\n';
const made = head + astToString(await openapiTS(document));
if (!process.argv.includes('--check')) {
  writeFileSync(target, made);
} else if (!existsSync(target) || readFileSync(target, 'utf8') !== made) {
  console.error('src/api/schema.d.ts is not what docs/reference/openapi.json gives: run npm run api');
  process.exit(1);
}
