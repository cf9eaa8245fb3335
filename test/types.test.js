'use strict';

// index.d.ts, compiled by tsc the way users compile it: strictly, and without skipLibCheck.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { useDatabases } = require('./support/database');

const databases = useDatabases();
const ROOT = path.join(__dirname, '..');
const TSC = require.resolve('typescript/bin/tsc');
const OPTIONS = `--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --module node16 --target es2022
  --lib es2022,esnext.disposable --types node --listFiles`.split(/\s+/);

/** Compiles test/types in a folder laid out like the package, with more options. Resolves to { code, said: [line], files: [path] }. */
function compile(folder, more = []) {
  const files = ['usage.ts', 'usage.mts'].map((name) => path.join(folder, 'test', 'types', name));
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
  const { code, said, files } = await compile(ROOT);
  expect({ code, said }).toEqual({ code: 0, said: [] });
  expect(files).toEqual(expect.arrayContaining([path.join(ROOT, 'index.d.ts'), path.join(ROOT, 'index.d.mts')]));
});

test('a promise that index.d.ts no longer keeps is noticed', async () => {
  const folder = databases.folder();
  for (const file of ['package.json', 'index.d.ts', 'index.d.mts', 'test/types/usage.ts', 'test/types/usage.mts']) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.copyFileSync(path.join(ROOT, file), path.join(folder, file));
  }
  const typings = path.join(folder, 'index.d.ts');
  const text = fs.readFileSync(typings, 'utf8');
  const loosened = text.replaceAll('metadata?: TMeta;', 'metadata?: any;').replaceAll('k?: number;', 'k?: number | string;');
  expect(loosened).not.toBe(text);
  fs.writeFileSync(typings, loosened);
  const { code, said } = await compile(folder, ['--skipLibCheck']);
  expect(code).not.toBe(0);
  expect(said.filter((line) => line.includes("Unused '@ts-expect-error'")).length).toBeGreaterThanOrEqual(3);
});
