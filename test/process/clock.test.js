'use strict';

// A test of our users' that stops the clock must not stop the database: its timers belong to it.

const { open } = require('agentmemdb');

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('a fake clock (jest.useFakeTimers) holds up neither bulk loads, nor linking, nor deadlines', async () => {
  const db = await open(':memory:');
  const collection = await db.collection('vectors', { dimensions: 64, hnsw: { minSize: 0 } });
  const records = Array.from({ length: 20_000 }, (_, i) => ({ vector: new Float32Array(64).fill(i + 1) }));
  // Long enough to be converted in slices, with turns of the loop between.
  expect((await collection.addMany(records)).inserted).toBe(20_000);
  while ((await collection.stats()).index.linked === 0) await collection.count();

  const slow = Array.from({ length: 300 }, () => collection.search({ vector: new Float32Array(64).fill(1), exact: true }));
  const late = collection.search({ vector: new Float32Array(64).fill(1), exact: true, timeoutMs: 1 });
  await expect(late).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  await Promise.all(slow);
  await db.close();
});
