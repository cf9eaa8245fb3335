'use strict';

// 10,000 random filters over random records give exactly the rows that a plain evaluation gives, in the string form too.

const { integer, pick, seeded, useDatabases } = require('./support/database');
const { toText } = require('./support/filter-text');
const { matches, randomFilter, randomMetadata, sorted } = require('./support/plain-filter');

const databases = useDatabases();
const FILTERS = 10_000;
const RECORDS = 80;
const ROUNDS = 50;

/** Records and what was last stored of each, in row order; some change between rounds. */
class Stored {
  #random;
  #collection;
  records = new Map();

  constructor(random, collection) {
    this.#random = random;
    this.#collection = collection;
  }

  change() {
    for (let i = 0; i < RECORDS; i++) {
      const id = `id ${i}`;
      const known = this.records.has(id);
      if (known && this.#random() < 0.7) continue;
      if (known && this.#random() < 0.1) {
        this.#collection.deleteSync(id);
        this.records.delete(id);
        continue;
      }
      const metadata = this.#random() < 0.05 ? undefined : randomMetadata(this.#random);
      const expiresAt = this.#random() < 0.2 ? 4e12 : undefined;
      const { version } = this.#collection.upsertSync({ id, ...(metadata && { metadata }), ...(expiresAt && { expiresAt }) });
      this.records.set(id, { id, metadata, expiresAt, version });
    }
  }

  matching(filter) {
    return [...this.records.values()].filter((record) => matches(filter, record));
  }
}

const idsOf = (records) => records.map((record) => record.id);

test(`${FILTERS} random filters give what a plain evaluation gives`, seeded(async (random) => {
  const c = await (await databases.open()).collection('c', { indexes: ['n', 'at.list'] });
  const stored = new Stored(random, c);
  const counts = { texts: 0, matched: 0, asked: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    stored.change();
    const version = Math.max(...[...stored.records.values()].map((record) => record.version));
    for (let i = 0; i < FILTERS / ROUNDS; i++) {
      const filter = randomFilter(random, version);
      const expected = idsOf(stored.matching(filter));
      const found = c.findSync({ filter, limit: RECORDS, include: [], total: true });
      if (idsOf(found.records).join() !== expected.join()) throw new Error(`${JSON.stringify(filter)} gave ${idsOf(found.records)}, not ${expected}`);
      expect(found.total).toBe(expected.length);
      const text = toText(filter);
      if (text !== undefined && c.countSync(text) !== expected.length) throw new Error(`${text} gave ${c.countSync(text)}, not ${expected.length}`);
      counts.texts += text === undefined ? 0 : 1;
      counts.matched += expected.length;
      counts.asked += stored.records.size;
    }
  }
  expect(counts.texts).toBeGreaterThan(FILTERS / 2);
  expect(counts.matched).toBeGreaterThan(counts.asked / 10);
  expect(counts.matched).toBeLessThan(counts.asked * 0.9);
}), 120_000);

const PATHS = ['n', 'topic', 'tags', 'at.deep', 'at.list.x', 'at.list', 'flag', 'nowhere', 'tags.0', '$id', '$version', '$expiresAt'];

function randomOrder(random) {
  const paths = [...new Set(Array.from({ length: 1 + integer(random, 3) }, () => pick(random, PATHS)))];
  return paths.map((path) => [path, random() < 0.5]);
}

test('pages in random orders are the plain sort of what matches, cut up', seeded(async (random) => {
  const c = await (await databases.open()).collection('c');
  const stored = new Stored(random, c);
  for (let round = 0; round < 20; round++) {
    stored.change();
    for (let i = 0; i < 20; i++) {
      const order = randomOrder(random);
      const filter = random() < 0.5 ? undefined : randomFilter(random, 100);
      const orderBy = order.map(([path, descending]) => (descending ? `-${path}` : path));
      const byRow = c.findSync({ limit: RECORDS, include: [] }).records.map(({ id }) => stored.records.get(id));
      const expected = idsOf(sorted(filter === undefined ? byRow : byRow.filter((record) => matches(filter, record)), order));
      const query = { ...(filter && { filter }), orderBy, limit: 1 + integer(random, 40), include: [] };
      const found = [];
      let cursor;
      do {
        const page = await c.find({ ...query, ...(cursor !== undefined && { cursor }), total: true });
        expect(page.total).toBe(expected.length);
        found.push(...idsOf(page.records));
        ({ cursor } = page);
      } while (cursor !== undefined);
      if (found.join() !== expected.join()) throw new Error(`${JSON.stringify(query)} gave ${found}, not ${expected}`);
    }
  }
}), 60_000);
