'use strict';

// index.d.ts, otel.d.ts and embedders.d.ts, compiled by tsc the way users compile them: strictly, and without skipLibCheck.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { useDatabases } = require('./support/database');
const { publicNames } = require('./support/typings');

const databases = useDatabases();
const ROOT = path.join(__dirname, '..');
const TSC = require.resolve('typescript/bin/tsc');
const OPTIONS = `--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --module node16 --target es2022
  --lib es2022,esnext.disposable --types node --listFiles`.split(/\s+/);

const USES = ['usage.ts', 'usage.mts', 'filters.ts'];
const USES_OF_OTEL = ['otel.ts', 'otel.mts'];
const USES_OF_EMBEDDERS = ['embedders.ts', 'embedders.mts'];

/** Compiles files of test/types in a folder laid out like the package. Resolves to { code, said: [line], files: [path] }. */
function compile(folder, names, more = []) {
  const files = names.map((name) => path.join(folder, 'test', 'types', name));
  const args = [TSC, ...OPTIONS, ...more, '--typeRoots', path.join(ROOT, 'node_modules', '@types'), ...files];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1 << 26 }, (error, stdout) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      const isFile = (line) => path.isAbsolute(line);
      resolve({ code: error?.code ?? 0, said: lines.filter((line) => !isFile(line)), files: lines.filter(isFile) });
    });
  });
}

test('the right uses compile and the wrong ones do not, from CommonJS and from ES modules', async () => {
  const { code, said, files } = await compile(ROOT, [...USES, ...USES_OF_OTEL, ...USES_OF_EMBEDDERS]);
  expect({ code, said }).toEqual({ code: 0, said: [] });
  const typings = ['index.d.ts', 'index.d.mts', 'otel.d.ts', 'otel.d.mts', 'embedders.d.ts', 'embedders.d.mts'].map((name) => path.join(ROOT, name));
  expect(files).toEqual(expect.arrayContaining(typings));
});

test('index.d.ts needs nothing of @opentelemetry/api', async () => {
  const { code, files } = await compile(ROOT, [...USES, ...USES_OF_EMBEDDERS]);
  expect({ code, files: files.filter((file) => file.includes('opentelemetry')) }).toEqual({ code: 0, files: [] });
});

test('a promise that index.d.ts no longer keeps is noticed', async () => {
  const folder = databases.folder();
  for (const file of ['package.json', 'index.d.ts', 'index.d.mts', ...USES.map((name) => `test/types/${name}`)]) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.copyFileSync(path.join(ROOT, file), path.join(folder, file));
  }
  const typings = path.join(folder, 'index.d.ts');
  const text = fs.readFileSync(typings, 'utf8');
  const loosened = text
    .replaceAll('metadata?: TMeta;', 'metadata?: any;')
    .replaceAll('k?: number;', 'k?: number | string;')
    .replace('readonly [Path in PathsOf<TMeta>]', 'readonly [Path in string]');
  fs.writeFileSync(typings, loosened);
  const { code, said } = await compile(folder, USES, ['--skipLibCheck']);
  expect(code).not.toBe(0);
  const unused = (file) => said.filter((line) => line.includes(file) && line.includes("Unused '@ts-expect-error'")).length;
  expect(unused('usage.ts')).toBeGreaterThanOrEqual(3);
  expect(unused('filters.ts')).toBeGreaterThanOrEqual(8);
});

describe.each(['index.d.ts', 'otel.d.ts', 'embedders.d.ts'])('%s', (file) => {
  const names = publicNames(file, fs.readFileSync(path.join(ROOT, file), 'utf8'));
  const docOf = new Map(names.map(({ name, doc }) => [name, doc]));

  test('says of everything public what it is, of a sync twin at the method that it is the twin of', () => {
    expect(names.length).toBeGreaterThan(2);
    const isTwin = (name) => name.endsWith('Sync') && docOf.get(name.slice(0, -'Sync'.length))?.includes('Sync twin');
    expect(names.filter(({ name, doc }) => doc === '' && !isTwin(name)).map(({ name }) => name)).toEqual([]);
  });

  test('says of every option what it is when it is left out', () => {
    const options = names.filter(({ name, isOptional }) => isOptional && /^(\w*(Options|Query|Queries|Columns)|RecordInput)\./.test(name));
    expect(options.filter(({ doc }) => !/\bdefault\b/i.test(doc)).map(({ name }) => name)).toEqual([]);
  });

  test('gives its times and sizes a unit', () => {
    const words = /(timeout|duration|delay|elapsed|latency|size|memory|length)$/i;
    const known = ['HnswOptions.minSize', 'CollectionStats.index.minSize', 'ScanQuery.batchSize'];
    expect(names.map(({ name }) => name).filter((name) => words.test(name) && !known.includes(name))).toEqual([]);
  });
});
