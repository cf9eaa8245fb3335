'use strict';

// An old backup copied over a database, with the index image of what was there before still beside it.

const fs = require('node:fs');

const { clusteredVectors, exactHits, expectHits, pick, randomVector, rowOf, seeded, useDatabases } = require('./support/database');

const databases = useDatabases();
const DIMENSIONS = 16;
const COUNT = 1200;
const OPTIONS = { dimensions: DIMENSIONS, metric: 'l2', hnsw: { minSize: 0 } };

/** What has to be there: id -> { id, vector }, in the order in which they were first stored. */
const asRecords = (model) => [...model.values()];

async function load(c, random, model, prefix) {
  const vectors = clusteredVectors(random, COUNT, DIMENSIONS);
  const ids = Array.from({ length: COUNT }, (_, i) => `${prefix}${i}`);
  await c.addMany({ ids, vectors });
  ids.forEach((id, i) => model.set(id, { id, vector: rowOf(vectors, DIMENSIONS, i) }));
}

/** One write, which raises the version by one. */
async function change(c, random, model, i) {
  const id = pick(random, [...model.keys()]);
  if (i % 3 === 0) {
    await c.delete(id);
    model.delete(id);
    return;
  }
  const record = { id: i % 3 === 1 ? id : `after ${i}`, vector: randomVector(random, DIMENSIONS) };
  await c.upsert(record);
  model.set(record.id, record);
}

async function expectRight(file, random, model) {
  const db = await databases.open(file);
  const c = await db.getCollection('c');
  expect(await c.count()).toBe(model.size);
  const records = asRecords(model);
  for (let i = 0; i < 20; i++) {
    const vector = i % 2 === 0 ? pick(random, records).vector : randomVector(random, DIMENSIONS);
    expectHits(await c.search({ vector, exact: true }), records, vector, 10, 'l2');
    // The graph may miss one, but not tell of what is not there, nor where it is.
    for (const { id, distance } of await c.search({ vector, ef: 200 })) {
      const [own] = exactHits([model.get(id)], vector, 1, 'l2');
      expect(Math.abs(own.distance - distance)).toBeLessThan(1e-4);
    }
  }
  expect(await db.verify()).toMatchObject({ ok: true, differences: [] });
  await db.close();
}

const savedAndReopened = async (db, file) => {
  await (await db.getCollection('c')).indexed();
  await db.close();
  return databases.open(file);
};

describe.each([
  ['made before there was an image', async (db) => db],
  ['made when there was another image', savedAndReopened],
])('a backup %s', (_, prepare) => {
  // How far beyond the version of the image the restored file has come when it is opened again.
  test.each([[-3], [0], [1], [40]])('copied over the file and written to until its version is the image\'s %i is right', (beyond) => seeded(async (random) => {
    const file = databases.file();
    const model = new Map();
    let db = await databases.open(file);
    await load(await db.collection('c', OPTIONS), random, model, 'r');
    db = await prepare(db, file);
    await db.backup(`${file}.backup`);

    const newer = new Map(model);
    let c = await db.getCollection('c');
    for (let i = 0; i < 30; i++) await change(c, random, newer, i);
    await load(c, random, newer, 'later ');
    await c.indexed();
    await db.close();
    db = await databases.open(file);
    const { image } = (await (await db.getCollection('c')).stats()).index;
    await db.close();

    fs.cpSync(`${file}-index`, `${file}.kept`, { recursive: true });
    fs.copyFileSync(`${file}.backup`, file);
    for (const ending of ['-wal', '-shm']) fs.rmSync(`${file}${ending}`, { force: true });
    await expectRight(file, random, model);
    db = await databases.open(file);
    c = await db.getCollection('c');
    for (let i = 0; (await db.stats()).changeVersion < image.version + beyond; i++) await change(c, random, model, i);
    await db.close();
    // Opening has removed the image, which was foreign. Once more it lies there.
    fs.cpSync(`${file}.kept`, `${file}-index`, { recursive: true });
    await expectRight(file, random, model);
    await expectRight(file, random, model);
  })());
});
