'use strict';

// Thousands of random calls on a file, with closing and reopening in between, against a Map and a search by brute force.
// Vectors are small integers and the metric is l2, so that every distance is exact, and so is the order of equals.

const { errorOf, exactHits, integer, pick, seeded, useDatabases } = require('./support/database');

const databases = useDatabases();
const OPERATIONS = 5000;
const DIMENSIONS = 6;
const ALL = { include: ['text', 'metadata', 'vector'] };

/** The database as it ought to be: records by id, in the order in which they were first stored. */
class Model {
  records = new Map();

  add(records) {
    const ids = records.map((record) => record.id);
    if (new Set(ids).size < ids.length || ids.some((id) => this.records.has(id))) return false;
    this.upsert(records);
    return true;
  }

  upsert(records) {
    let inserted = 0;
    for (const record of records) {
      if (!this.records.has(record.id)) inserted++;
      this.records.set(record.id, record);
    }
    return { inserted, updated: records.length - inserted };
  }

  search(vector, k) {
    const withVector = [...this.records.values()].filter((record) => record.vector !== undefined);
    return exactHits(withVector, vector, k, 'l2');
  }
}

function makeRandom(random) {
  const id = () => `id ${integer(random, 300)}`;
  const vector = () => Array.from({ length: DIMENSIONS }, () => integer(random, 5) - 2);
  const record = () => ({
    id: id(),
    ...(random() < 0.85 && { vector: vector() }),
    ...(random() < 0.7 && { text: `text ${integer(random, 1e6)} é😀` }),
    ...(random() < 0.7 && { metadata: { n: integer(random, 1e6), tags: [pick(random, ['a', 'b'])], none: null } }),
  });
  const records = () => Array.from({ length: integer(random, 12) }, record);
  return { id, vector, record, records };
}

function toColumns(records) {
  const whole = records.every((record) => record.vector !== undefined);
  if (!whole || records.length === 0) return records;
  return {
    ids: records.map((record) => record.id),
    vectors: Float32Array.from(records.flatMap((record) => record.vector)),
    texts: records.map((record) => record.text),
    metadatas: records.map((record) => record.metadata ?? null),
  };
}

const content = ({ id, text, metadata, vector }) => ({ id, text, metadata, vector: vector && [...vector] });

/** One operation by name: carries it out on both and compares. `c` is the collection, `m` the model. */
function operations(random) {
  const make = makeRandom(random);
  return {
    async add({ c, m }) {
      const record = make.record();
      if (m.add([record])) expect((await c.add(record)).id).toBe(record.id);
      else expect(await errorOf(c.add(record))).toMatchObject({ code: 'ERR_ALREADY_EXISTS', id: record.id });
    },
    async upsert({ c, m }) {
      const record = make.record();
      m.upsert([record]);
      expect((await c.upsert(record)).id).toBe(record.id);
    },
    async addMany({ c, m }) {
      const records = make.records();
      if (m.add(records)) expect(await c.addMany(toColumns(records))).toMatchObject({ inserted: records.length, updated: 0 });
      else expect(await errorOf(c.addMany(toColumns(records)))).toMatchObject({ code: 'ERR_ALREADY_EXISTS' });
    },
    async upsertMany({ c, m }) {
      const records = make.records();
      expect(await c.upsertMany(toColumns(records))).toMatchObject(m.upsert(records));
    },
    async delete({ c, m }) {
      const id = make.id();
      expect(await c.delete(id)).toBe(m.records.delete(id));
    },
    async get({ c, m }) {
      const id = make.id();
      const [record, expected] = [await c.get(id, ALL), m.records.get(id)];
      expect(record && content(record)).toEqual(expected && content(expected));
      expect(await c.has(id)).toBe(expected !== undefined);
    },
    async count({ c, m }) {
      expect(await c.count()).toBe(m.records.size);
    },
    async search({ c, m }) {
      const [vector, k] = [make.vector(), 1 + integer(random, 40)];
      const hits = await c.search({ vector, k, exact: true, include: ['text', 'metadata'] });
      const expected = m.search(vector, k);
      expect(hits.map((hit) => hit.id)).toEqual(expected.map((hit) => hit.id));
      hits.forEach((hit, rank) => {
        const { text, metadata } = m.records.get(hit.id);
        expect({ ...hit, distance: 0, score: 0 }).toEqual({ id: hit.id, distance: 0, score: 0, text, metadata });
        expect(hit.distance).toBeCloseTo(expected[rank].distance, 5);
        expect(hit.score).toBeCloseTo(expected[rank].score, 5);
      });
    },
  };
}

test(
  `${OPERATIONS} random operations give what a plain Map and brute force give, also after reopening`,
  seeded(async (random) => {
    const file = databases.file();
    const m = new Model();
    const known = operations(random);
    const weighted = Object.keys(known).flatMap((name) => Array({ add: 3, upsert: 3, delete: 4, get: 3, search: 3 }[name] ?? 1).fill(name));
    const reopen = async () => {
      const db = await databases.open(file, { durability: 'normal' });
      return { db, c: await db.collection('c', { dimensions: DIMENSIONS, metric: 'l2', hnsw: { minSize: 50 } }) };
    };

    let { db, c } = await reopen();
    const trail = [];
    try {
      for (let step = 0; step < OPERATIONS; step++) {
        if (random() < 0.004) {
          trail.push('reopen');
          await db.close();
          ({ db, c } = await reopen());
        }
        const name = pick(random, weighted);
        trail.push(name);
        await known[name]({ c, m });
      }
    } catch (error) {
      error.message += `\n\nat step ${trail.length}, after ${trail.slice(-8).join(', ')}`;
      throw error;
    }

    await db.close();
    ({ db, c } = await reopen());
    for (const expected of m.records.values()) expect(content(await c.get(expected.id, ALL))).toEqual(content(expected));
    const withVector = [...m.records.values()].filter((record) => record.vector !== undefined).length;
    expect(await c.stats()).toMatchObject({ records: m.records.size, vectors: withVector, damaged: 0 });
    expect(await c.search({ vector: Array(DIMENSIONS).fill(0), k: 10_000 })).toHaveLength(withVector);
  }),
);
