'use strict';

// two-copies.js <folder>: this process loads the package twice, as it is here and as a copy in the folder, and both want one file.
// Another process writes to it meanwhile. Prints what came of each attempt.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const { addonPlaces, ADDON } = require('../../../lib/platform');

const ROUNDS = 40;

/** Copies what an installed package has of lib/ and the addon. Returns where it lies. */
function installCopy(folder) {
  const copy = path.join(folder, 'node_modules', 'agentmemdb');
  const addon = addonPlaces().find((place) => fs.existsSync(place));
  const root = path.dirname(require.resolve('agentmemdb/package.json'));
  fs.cpSync(path.join(root, 'lib'), path.join(copy, 'lib'), { recursive: true });
  const target = path.join(copy, 'build', 'addon', 'Release', ADDON);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(addon, target);
  return copy;
}

const told = ({ code, message, path: file }) => ({ code, message, path: file });

/** What opening came to; a handle that was opened is closed again. */
async function attempt(copy, file, options) {
  try {
    const db = await copy.open(file, options);
    const collection = await db.getCollection('c');
    const result = { engines: (await db.stats()).engines, count: await collection.count() };
    await db.close();
    return result;
  } catch (error) {
    return told(error);
  }
}

function attemptSync(copy, file) {
  try {
    copy.openSync(file).closeSync();
    return 'opened';
  } catch (error) {
    return told(error);
  }
}

function inWorker(lib, file) {
  return new Promise((resolve, reject) => {
    new Worker(__filename, { workerData: { lib, file } }).once('message', resolve).once('error', reject);
  });
}

const elsewhere = (file) => promisify(execFile)(process.execPath, [__filename, 'write', file]);

/** Writes one record after the other, so that each may be the last before the file is looked at from elsewhere. */
async function writeSome(collection, prefix, acknowledged) {
  for (let i = 0; i < ROUNDS; i++) acknowledged.push((await collection.add({ id: `${prefix}${i}`, text: 'kept' })).id);
}

async function main(folder) {
  const file = path.join(folder, 'a.db');
  const firstLib = path.dirname(require.resolve('agentmemdb'));
  const secondLib = path.join(installCopy(folder), 'lib');
  const first = require(firstLib);
  const second = require(secondLib);
  const said = { places: [firstLib, secondLib] };

  const db = await first.open(file);
  const collection = await db.collection('c');
  const acknowledged = [];
  const writing = writeSome(collection, 'first', acknowledged);
  const other = elsewhere(file);
  said.refused = [await attempt(second, file), await attempt(second, file, { readOnly: true }), attemptSync(second, file)];
  for (let i = 0; i < 20; i++) said.refused.push(await attempt(second, file));
  said.refused.push(await inWorker(secondLib, file));
  said.elsewhere = attemptSync(second, path.join(folder, 'other.db'));
  said.worker = await inWorker(firstLib, file);
  await Promise.all([writing, other]);
  await db.close();

  // The first has given it back: now the second may, and the first may not.
  const next = await second.open(file);
  const again = await next.collection('c');
  said.firstRefused = await attempt(first, file);
  await writeSome(again, 'second', acknowledged);
  const others = Array.from({ length: ROUNDS }, (_, i) => `other${i}`);
  said.missing = [];
  for (const id of [...acknowledged, ...others]) if (!(await again.has(id))) said.missing.push(id);
  said.verified = (await next.verify()).ok;
  await next.close();

  const reader = await first.open(file, { readOnly: true });
  said.besideReader = await attempt(second, file);
  await reader.close();
  said.last = await attempt(second, file);
  console.log(JSON.stringify(said));
}

async function write(file) {
  const db = await require('agentmemdb').open(file);
  const collection = await db.collection('c');
  await writeSome(collection, 'other', []);
  await db.close();
}

if (!isMainThread) attempt(require(workerData.lib), workerData.file).then((result) => parentPort.postMessage(result));
else if (process.argv[2] === 'write') write(process.argv[3]);
else main(process.argv[2]);
