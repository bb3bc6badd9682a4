// Writes a .br and a .gz beside each text asset of dist/, so that the gateway sends them without compressing again.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const TEXT = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt']);
const dist = new URL('../dist/', import.meta.url).pathname;
const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

const total = { files: 0, raw: 0, br: 0, gz: 0 };
for (const name of (await readdir(dist, { recursive: true })).sort()) {
  const path = join(dist, name);
  if (!TEXT.has(extname(name)) || !(await stat(path)).isFile()) continue;
  const raw = await readFile(path);
  const br = await brotli(raw, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } });
  const gz = await deflate(raw, { level: 9 });
  await writeFile(`${path}.br`, br);
  await writeFile(`${path}.gz`, gz);
  total.files += 1;
  total.raw += raw.length;
  total.br += br.length;
  total.gz += gz.length;
}
const kb = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
console.log(`precompressed ${total.files} files: ${kb(total.raw)} -> br ${kb(total.br)}, gz ${kb(total.gz)}`);
