'use strict';

// Hours of mixed work, or a minute: memory, log and file do not grow. `npm run test:soak -- --minutes N`, or AGENTMEMDB_SOAK_MINUTES: how
// long (default 1). AGENTMEMDB_SEED: which calls.

const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { startPeer, useFolder, report } = require('./children');

const MINUTES = Number(process.env.AGENTMEMDB_SOAK_MINUTES ?? 1);
const SEED = Number(process.env.AGENTMEMDB_SEED ?? Date.now() % 1e6);
const SAMPLES = 40;
const ROLES = ['singles', 'bulk', 'reader'];
const MIB = 2 ** 20;
// Resident memory of a process: what SQLite's caches and the allocator still fill by then was 3 MiB at most; in the first minute, where other
// processes have the cores, V8's heap is still growing, too. 20 bytes a call would be more where the last half has half a million of them.
const MEMORY_GROWTH_MAX = (8 + 24 / MINUTES) * MIB;
// The records there are take 8 MiB. Half of that again in the last half of the time is no reuse of pages that comes to rest.
const FILE_GROWTH_MAX = 4 * MIB;
// docs/decisions/0010: a commit empties the log when it has reached 256 MiB, or some calls later if a read takes longer than a second.
const LOG_MAX = 384 * MIB;
// Where three processes have a small part of one core a read takes seconds, and the log several tries: seen were 774 MiB. In ten minutes some
// gigabytes are written.
const BUSY_LOG_MAX = 1024 * MIB;
const LARGE = { calls: 48, records: 1000, textBytes: 16_384 };

const folder = useFolder();

const mib = (bytes) => (bytes / MIB).toFixed(1);

/** How much the last half of `sizes` grows along the straight line that fits it best. */
function growth(sizes) {
  const half = sizes.slice(sizes.length / 2);
  const middle = (half.length - 1) / 2;
  const mean = half.reduce((sum, size) => sum + size) / half.length;
  const slope = half.reduce((sum, size, i) => sum + (i - middle) * (size - mean), 0) / half.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return slope * half.length;
}

test(`${MINUTES} minutes of mixed work in ${ROLES.length} processes: memory, log and file do not grow, and verify() finds nothing`, async () => {
  const options = { nodeArgs: ['--expose-gc'], timeoutMs: 60_000 * (MINUTES + 3) };
  const peers = ROLES.map((role, i) => startPeer('soak-peer.js', [folder.file('soak.db'), role, SEED + i], options));
  await Promise.all(peers.map(({ ready }) => ready));
  for (const { child } of peers) child.send({ call: 'start' });
  const samples = [];
  const start = performance.now();
  for (let i = 0; i < SAMPLES; i++) {
    // On a busy machine a sample may take longer than the time between two.
    await sleep(start + (60_000 * MINUTES * (i + 1)) / SAMPLES - performance.now());
    samples.push(await Promise.all(peers.map(({ ask }) => ask('sample'))));
    const [{ fileBytes, walBytes, records, changeVersion }] = samples.at(-1);
    const memory = samples.at(-1).map(({ rss }) => mib(rss)).join(', ');
    report(`${((performance.now() - start) / 60_000).toFixed(2)} min: resident ${memory} MiB; file ${mib(fileBytes)}, log ${mib(walBytes)} MiB; ${records} records, version ${changeVersion}`);
  }
  await Promise.all(peers.map(({ ask }) => ask('stop')));
  for (const { ask } of peers) expect(await ask('verify')).toMatchObject({ ok: true, differences: [] });
  await Promise.all(peers.map(({ ask }) => ask('close')));
  report(`seed ${SEED}; calls: ${ROLES.map((role, i) => `${role} ${samples.at(-1)[i].calls}`).join(', ')}`);
  const grown = ROLES.map((_, i) => growth(samples.map((each) => each[i].rss)));
  const fileGrown = growth(samples.map(([each]) => each.fileBytes));
  report(`over the last half: resident ${grown.map(mib).join(', ')} MiB, ${mib(MEMORY_GROWTH_MAX)} allowed; file ${mib(fileGrown)} MiB, ${mib(FILE_GROWTH_MAX)} allowed`);
  for (const bytes of grown) expect(bytes).toBeLessThan(MEMORY_GROWTH_MAX);
  expect(fileGrown).toBeLessThan(FILE_GROWTH_MAX);
  expect(Math.max(...samples.map(([{ walBytes }]) => walBytes))).toBeLessThan(BUSY_LOG_MAX);
}, 60_000 * (MINUTES + 3));

test('the log stays bounded while much is written beside a scan that is open, and beside a process that reads all the time', async () => {
  const file = folder.file('log.db');
  const peers = ['singles', 'reader'].map((role, i) => startPeer('soak-peer.js', [file, role, SEED + i], { nodeArgs: ['--expose-gc'] }));
  await Promise.all(peers.map(({ ready }) => ready));
  peers[1].child.send({ call: 'start' });
  const db = await open(file);
  const c = await db.collection('large');
  const ids = Array.from({ length: LARGE.records }, (_, i) => `r${i}`);
  const write = (letter) => c.upsertMany({ ids, texts: ids.map((id) => id.padEnd(LARGE.textBytes, letter)) });
  await write('-');
  const scan = c.scan({ batchSize: 10 });
  expect((await scan.next()).value.id).toBe('r0');
  let largest = 0;
  for (let i = 0; i < LARGE.calls; i++) {
    await write(String(i % 10));
    largest = Math.max(largest, (await db.stats()).walBytes);
  }
  const written = LARGE.calls * LARGE.records * LARGE.textBytes;
  report(`${mib(written)} MiB written in ${LARGE.calls} calls beside an open scan and a reader: the log was at most ${mib(largest)} MiB`);
  let scanned = 1;
  for await (const { text } of scan) scanned += text.length === LARGE.textBytes ? 1 : 0;
  expect(scanned).toBe(LARGE.records);
  expect(largest).toBeLessThan(LOG_MAX);
  expect(written).toBeGreaterThan(1.5 * LOG_MAX);
  await peers[1].ask('stop');
  await db.close();
  await Promise.all(peers.map(({ ask }) => ask('close')));
}, 300_000);
