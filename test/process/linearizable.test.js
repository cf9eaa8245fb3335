'use strict';

// What clients in many threads and processes see of the same records could have come from one call after the other. AGENTMEMDB_HISTORIES:
// how many rounds of 960 calls each way (default 4). AGENTMEMDB_SEED: which calls.

const { startPeer, useFolder, report } = require('./children');
const { contradiction } = require('./histories');

const ROUNDS = Number(process.env.AGENTMEMDB_HISTORIES ?? 4);
const SEED = Number(process.env.AGENTMEMDB_SEED ?? Date.now() % 1e6);
const CLIENTS = 12;
const CALLS = 80;

const folder = useFolder();

function byKey(operations) {
  const keys = new Map();
  for (const operation of operations) keys.set(operation.key, [...(keys.get(operation.key) ?? []), operation]);
  return keys;
}

test.each([
  ['4 threads of one process', 1, 4],
  ['4 processes', 4, 1],
  ['2 processes with 2 threads each', 2, 2],
])('every history of a record is linearizable, and a batch of 100 is seen whole: %s', async (_, processes, threads) => {
  const file = folder.file('shared.db');
  const peers = Array.from({ length: processes }, (__, i) => startPeer('history-clients.js', [file, i + 1, threads], { timeoutMs: 60_000 * ROUNDS }));
  await Promise.all(peers.map(({ ready }) => ready));
  let operations = 0;
  let histories = 0;
  const wrong = [];
  for (let round = 0; round < ROUNDS; round++) {
    const how = { seed: SEED + 100_000 * round, round, clients: CLIENTS / (processes * threads), calls: CALLS };
    const all = (await Promise.all(peers.map(({ ask }) => ask('play', how)))).flat();
    for (const [key, history] of byKey(all)) {
      const found = contradiction(history);
      if (found) wrong.push({ round, key, ...found });
      histories++;
    }
    operations += all.length;
  }
  await Promise.all(peers.map(({ ask }) => ask('close')));
  report(`${processes} x ${threads} threads, seed ${SEED}: ${operations} calls of ${CLIENTS} clients, ${histories} histories, ${wrong.length} not linearizable`);
  expect({ seed: SEED, wrong }).toEqual({ seed: SEED, wrong: [] });
}, 60_000 + 60_000 * ROUNDS);

describe('the search for an order', () => {
  const at = (start, end, kind, result, more) => ({ client: 0, kind, start, end, result, ...more });
  const upsert = (start, end, value, version) => at(start, end, 'upsert', version, { value });
  const get = (start, end, value, version) => at(start, end, 'get', { value, version });

  test.each([
    ['one after the other', [upsert(0, 1, 'x', 1), get(2, 3, 'x', 1), at(4, 5, 'delete', true), get(6, 7, null)]],
    ['a read beside a write, of what was before', [upsert(0, 9, 'x', 1), get(2, 3, null), get(4, 5, 'x', 1)]],
    ['two writes beside one another', [upsert(0, 9, 'x', 2), upsert(0, 9, 'y', 1), get(10, 11, 'x', 2)]],
    ['a condition that fails', [upsert(0, 1, 'x', 1), at(2, 3, 'patch', 'ERR_CONFLICT', { value: 'y', ifVersion: 5 }), get(4, 5, 'x', 1)]],
  ])('finds one: %s', (_, history) => {
    expect(contradiction(history)).toBe(undefined);
  });

  test.each([
    ['a read that misses a write', [upsert(0, 1, 'x', 1), get(2, 3, null)]],
    ['a read of what was before, after one of what came', [upsert(0, 9, 'x', 1), get(2, 3, 'x', 1), get(4, 5, null)]],
    ['a write that is lost', [upsert(0, 1, 'x', 1), upsert(2, 3, 'y', 2), get(4, 5, 'x', 1)]],
    ['a version that falls', [upsert(0, 1, 'x', 2), upsert(2, 3, 'y', 1)]],
    ['two conditions on one version that hold', [
      upsert(0, 1, 'x', 1), at(2, 5, 'patch', 2, { value: 'y', ifVersion: 1, seen: 'x' }), at(2, 5, 'patch', 3, { value: 'z', ifVersion: 1, seen: 'x' }),
    ]],
    ['a condition that holds for another value', [
      upsert(0, 1, 'x', 1), upsert(0, 1, 'y', 2), at(2, 3, 'patch', 3, { value: 'z', ifVersion: 2, seen: 'x' }),
    ]],
    ['two that added', [at(0, 5, 'add', 1, { value: 'x' }), at(0, 5, 'add', 2, { value: 'y' })]],
    ['two that deleted', [upsert(0, 1, 'x', 1), at(2, 5, 'delete', true), at(2, 5, 'delete', true)]],
  ])('finds none: %s', (_, history) => {
    expect(contradiction(history)).toMatchObject({ of: history.length });
  });
});
