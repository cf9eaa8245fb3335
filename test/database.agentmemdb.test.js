'use strict';

// importAgentMemDB: episodes as AgentMemDB saves them.

const { collect, errorOf, useDatabases } = require('./support/database');

const databases = useDatabases();

const UUIDS = ['0b9a9c4e-6a0e-4f3b-9c77-0f1d6a1c2b01', '0b9a9c4e-6a0e-4f3b-9c77-0f1d6a1c2b02'];
// What its serialiser writes: every field, null where there is nothing.
const FULL = {
  id: UUIDS[0],
  task_id: 'weather',
  state_embedding: [0.1, 0.2, -0.30000001192092896],
  reward: -0.5,
  metadata: { city: 'Oslo', nested: { list: [1, null] } },
  steps: [{ index: 0, action: 'ask', observation: 'rain', step_reward: 0.25 }],
  timestamp: 1_700_000_000_123,
  tags: ['outdoor', 'short'],
  source: 'api',
  user_id: 'u1',
};
const BARE = { id: UUIDS[1], task_id: 't', state_embedding: [1, 0, 0], reward: 1, metadata: null, steps: null, timestamp: null, tags: null, source: null, user_id: null };
const document = (...episodes) => JSON.stringify({ dim: 3, episodes });

async function imported(text, options) {
  const db = await databases.open();
  const result = await db.importAgentMemDB([text], { collection: 'episodes', ...options });
  return { db, result, episodes: await db.getCollection('episodes') };
}

test.each([
  ['a document', document(FULL, BARE)],
  ['a document over many lines', JSON.stringify({ dim: 3, episodes: [FULL, BARE] }, null, 4)],
  ['a checkpoint', JSON.stringify({ episodes: [FULL, BARE] })],
  ['a log', `${JSON.stringify(FULL)}\n${JSON.stringify(BARE)}\n`],
])('%s is imported with everything that is in it', async (_, text) => {
  const before = Date.now();
  const { result, episodes } = await imported(text);
  expect(result).toEqual({ collections: ['episodes'], inserted: 2, updated: 0, skipped: 0, episodes: 2 });
  expect([episodes.dimensions, episodes.metric]).toEqual([3, 'l2']);
  const [full, bare] = await collect(episodes.scan({ include: ['vector', 'text', 'metadata'] }));
  const { id, state_embedding, timestamp, ...rest } = FULL;
  expect(full).toEqual({ id, vector: Float32Array.from(state_embedding), metadata: { ...rest, timestamp }, createdAt: timestamp, updatedAt: timestamp, version: expect.any(Number) });
  expect(Object.keys(full.metadata)).toEqual(Object.keys(FULL).filter((key) => key !== 'id' && key !== 'state_embedding'));
  expect(bare).toMatchObject({ id: UUIDS[1], metadata: { task_id: 't', reward: 1 } });
  expect(bare.createdAt).toBeGreaterThanOrEqual(before);
  expect((await episodes.search({ vector: [1, 0, 0], k: 1, filter: { reward: { $gt: 0 } } }))[0].id).toBe(UUIDS[1]);
  expect(await episodes.count({ tags: 'outdoor', 'metadata.city': 'Oslo', $createdAt: { $lt: 1_700_000_000_124 } })).toBe(1);
});

test('a collection that is there keeps its options, and must have the dimensions', async () => {
  const db = await databases.open();
  const own = await db.collection('own', { dimensions: 3, metric: 'cosine' });
  await db.importAgentMemDB([document(FULL)], { collection: 'own' });
  expect(await own.count()).toBe(1);
  await db.collection('other', { dimensions: 4 });
  const error = await errorOf(db.importAgentMemDB([document(FULL)], { collection: 'other' }));
  expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.dimensions', resumeAfter: 0 });
  expect(error.message).toMatch(/^Database\.importAgentMemDB\(\): options\.dimensions differs/);
});

test('an empty document makes an empty collection', async () => {
  const { result, episodes } = await imported('{"dim":16,"episodes":[]}');
  expect(result).toMatchObject({ collections: ['episodes'], inserted: 0, episodes: 0 });
  expect(episodes.dimensions).toBe(16);
});

test('episodes without an id get one', async () => {
  const { episodes } = await imported(document({ ...FULL, id: null }, { ...BARE, id: undefined }));
  const ids = (await collect(episodes.scan())).map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
});

test('an episode that comes twice is refused, left or replaced', async () => {
  const text = document(FULL, BARE, { ...FULL, reward: 1 });
  const db = await databases.open();
  expect(await errorOf(db.importAgentMemDB([text], { collection: 'c' }))).toMatchObject({ code: 'ERR_ALREADY_EXISTS', argument: 'episode 3: record.id', id: FULL.id });
  expect(await db.importAgentMemDB([text], { collection: 'c', onConflict: 'replace' })).toMatchObject({ inserted: 2, updated: 1 });
  expect((await (await db.getCollection('c')).get(FULL.id)).metadata.reward).toBe(1);
});

test.each([
  ['nothing', '', 'ERR_CORRUPT', 'source'],
  ['a list', `[${JSON.stringify(FULL)}]`, 'ERR_CORRUPT', 'episode 1'],
  ['an export of ours', '{"agentmemdb":1}\n', 'ERR_CORRUPT', 'episode 1'],
  ['no embedding', document(FULL, { id: 'x' }), 'ERR_CORRUPT', 'episode 2'],
  ['null in an embedding', document({ ...FULL, state_embedding: [1, null, 2] }), 'ERR_CORRUPT', 'episode 1'],
  ['another length', document(FULL, { ...BARE, state_embedding: [1, 2] }), 'ERR_INVALID_ARGUMENT', 'episode 2: record.vector'],
  ['an id that is too long', document({ ...FULL, id: 'x'.repeat(513) }), 'ERR_INVALID_ARGUMENT', 'episode 1: record.id'],
  ['an integer that JavaScript would change', '{"dim":1,"episodes":[{"state_embedding":[1],"metadata":{"n":9007199254740993}}]}', 'ERR_INVALID_ARGUMENT', 'episode 1: record.metadata'],
  ['metadata that is too deep', `{"dim":1,"episodes":[{"state_embedding":[1],"metadata":${'['.repeat(40)}${']'.repeat(40)}}]}`, 'ERR_INVALID_ARGUMENT', 'episode 1: record.metadata'],
  ['the end missing', document(FULL).slice(0, -1), 'ERR_CORRUPT', 'source'],
  ['something behind it', `${document(FULL)}{}`, 'ERR_CORRUPT', 'episode 2'],
])('%s is refused by name', async (_, text, code, argument) => {
  const db = await databases.open();
  expect(await errorOf(db.importAgentMemDB([text], { collection: 'c' }))).toMatchObject({ code, argument });
});

test('it goes on after the episodes that are there', async () => {
  const db = await databases.open();
  const text = document(...Array.from({ length: 300 }, (_, i) => ({ ...FULL, id: `e${i}`, metadata: { text: 'x'.repeat(10_000) } })));
  const progress = [];
  const error = await errorOf(db.importAgentMemDB([text.slice(0, 2_500_000)], { collection: 'c', onProgress: (told) => progress.push(told) }));
  expect(error).toMatchObject({ code: 'ERR_CORRUPT', argument: 'source' });
  expect(progress.at(-1).done).toBe(error.resumeAfter);
  expect(progress.length).toBeGreaterThan(1);
  const c = await db.getCollection('c');
  expect(await c.count()).toBe(error.resumeAfter);
  expect(await db.importAgentMemDB([text], { collection: 'c', resumeAfter: error.resumeAfter })).toMatchObject({ inserted: 300 - error.resumeAfter, episodes: 300 });
});

test('the name of the collection is needed', async () => {
  const db = await databases.open();
  for (const options of [undefined, {}, { collection: 5 }, { collection: '..' }]) {
    expect(await errorOf(db.importAgentMemDB([document(FULL)], options))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.collection' });
  }
});
