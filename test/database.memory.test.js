'use strict';

// What engines hold outside of V8's heap, and what V8 is told of it.

const { runWell, report } = require('./process/children');
const { useDatabases } = require('./support/database');

const databases = useDatabases();

const MIB = 2 ** 20;
const STEP = 64 * MIB;
const DIMENSIONS = 8192;
const ROWS = 1000; // 32 MB of vectors, and a quarter as much again of codes

const matrix = new Float32Array(ROWS * DIMENSIONS).fill(1);

/** What V8 was told by the handles of this thread, seen by one that holds nothing. */
function told() {
  const probe = databases.openSync();
  const { externalBytes } = probe.statsSync();
  probe.closeSync();
  return externalBytes;
}

test.each([['a file'], [':memory:']])('the memory of %s is told in steps, and nothing is left after close()', async (where) => {
  const db = await databases.open(where === ':memory:' ? where : databases.file(), { durability: 'normal' });
  const c = await db.collection('c', { dimensions: DIMENSIONS });
  expect(told()).toBe(0);
  const amounts = new Set();
  for (let i = 1; i <= 6; i++) {
    await c.addMany({ vectors: matrix });
    const { memoryBytes, externalBytes } = await db.stats();
    expect(memoryBytes).toBeGreaterThan(i * matrix.byteLength);
    expect(Math.abs(memoryBytes - externalBytes)).toBeLessThan(STEP);
    amounts.add(externalBytes);
  }
  const steps = [...amounts].sort((a, b) => a - b).map((amount, i, all) => amount - (all[i - 1] ?? 0));
  expect(steps.filter((step) => step !== 0 && step < STEP)).toEqual([]);
  expect(Math.max(...amounts)).toBeGreaterThan(2 * STEP);
  await db.close();
  expect(told()).toBe(0);
});

test('two handles on one engine hold it once, and the last to close gives it back', async () => {
  const file = databases.file();
  const [a, b] = [await databases.open(file, { durability: 'normal' }), await databases.open(file)];
  const c = await a.collection('c', { dimensions: DIMENSIONS });
  for (let i = 0; i < 3; i++) await c.addMany({ vectors: matrix });
  const { memoryBytes, externalBytes } = await b.stats();
  expect(Math.abs(memoryBytes - externalBytes)).toBeLessThan(STEP);
  await a.close();
  expect(told()).toBe(externalBytes);
  b.closeSync();
  expect(told()).toBe(0);
});

test('a database that is opened counts, and what is deleted from it no longer does', async () => {
  const file = databases.file();
  const first = await databases.open(file, { durability: 'normal' });
  const c = await first.collection('c', { dimensions: DIMENSIONS });
  for (let i = 0; i < 3; i++) await c.addMany({ vectors: matrix });
  await first.close();

  const db = databases.openSync(file);
  expect(db.getCollectionSync('c').countSync()).toBe(3 * ROWS);
  expect(told()).toBeGreaterThan(STEP);
  await db.deleteCollection('c');
  expect(db.statsSync().memoryBytes).toBeLessThan(MIB);
  expect(told()).toBeLessThan(STEP);
});

test('handles that are forgotten are collected in time: nobody has to call the collector', async () => {
  const { opened, enginesMax } = await runWell('forget-handles.js');
  report(`${opened} databases of 75 MB forgotten, at most ${enginesMax} in memory at once`);
  expect(enginesMax).toBeLessThan(opened / 2);
});
