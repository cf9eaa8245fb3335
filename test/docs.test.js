'use strict';

// Every JavaScript block of the README and of docs/ runs as it stands, in an empty folder that has the package and its friends.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const ROOT = path.join(__dirname, '..');
// Packages that the documentation uses beside ours.
const FRIENDS = ['@opentelemetry', 'express'];
const run = promisify(execFile);

function markdownFiles() {
  const docs = fs.readdirSync(path.join(ROOT, 'docs'), { recursive: true });
  return ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => path.join('docs', name))].sort();
}

function blocksOf(file) {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(/^```js\n(.*?)^```/gms)].map((match, i) => ({ name: `${file}, block ${i + 1}`, code: match[1] }));
}

const blocks = markdownFiles().flatMap(blocksOf);

describe('the documentation', () => {
  let folder;

  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'agentmemdb-docs-'));
    const installed = path.join(folder, 'node_modules');
    fs.mkdirSync(installed);
    fs.symlinkSync(ROOT, path.join(installed, 'agentmemdb'));
    for (const name of FRIENDS) fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(installed, name));
  });

  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  test('has examples', () => expect(blocks.length).toBeGreaterThanOrEqual(6));

  test.each(blocks)('$name runs', async ({ code }) => {
    const script = path.join(folder, 'example.js');
    fs.writeFileSync(script, code);
    const { stdout, stderr } = await run(process.execPath, [script], { cwd: folder });
    expect(stderr).toBe('');
    expect(stdout).not.toBe('');
    fs.rmSync(path.join(folder, 'memory.db'), { force: true });
  });
});
