'use strict';

// Writes that a process makes until it is killed, and what must be stored after each of them. Child and parent draw the same
// plan from the same seed, so an acknowledgment is one word: "one more of this chain". What concerns all chains at once, and is
// called while none of them writes, has two: one before the call, and one when it was acknowledged.

const { createRandom, randomVector, randomMatrix } = require('./vectors');

const DIMENSIONS = 16;
const CHAINS = 4;
const LOAD = 6000; // Enough that the image is saved in the background, too.
/** What every run finds and shares. */
const COLLECTIONS = { log: { dimensions: DIMENSIONS, hnsw: { minSize: 0 } }, facts: {} };

// How often each comes. Calls that change no record (from `backup` on) still have to leave all of them alone.
const KINDS = Object.entries({
  add: 25, upsert: 20, patch: 14, delete: 12, addMany: 5, columns: 5, upsertMany: 6, batch: 8, deleteWhere: 3, remake: 4, backup: 1, snapshot: 1, compact: 1,
}).flatMap(([kind, weight]) => Array(weight).fill(kind));

/** What `write` makes of `stored`, a Map of Maps: collection -> id -> record. Records are replaced, never changed. */
const EFFECTS = {
  add: (stored, { collection, record }) => stored.get(collection).set(record.id, record),
  upsert: (stored, { collection, record }) => stored.get(collection).set(record.id, record),
  patch: (stored, { collection, id, fields }) => stored.get(collection).set(id, patched(stored.get(collection).get(id), fields)),
  delete: (stored, { collection, id }) => stored.get(collection).delete(id),
  addMany: (stored, { collection, records }) => records.forEach((record) => stored.get(collection).set(record.id, record)),
  columns: (stored, write) => EFFECTS.addMany(stored, write),
  upsertMany: (stored, write) => EFFECTS.addMany(stored, write),
  batch: (stored, { operations }) => operations.forEach((operation) => EFFECTS[operation.kind](stored, operation)),
  deleteWhere(stored, { collection, below }) {
    for (const { id, metadata } of stored.get(collection).values()) if (metadata?.number < below) stored.get(collection).delete(id);
  },
  createCollection: (stored, { collection }) => stored.set(collection, new Map()),
  deleteCollection: (stored, { collection }) => stored.delete(collection),
  backup() {},
  snapshot() {},
  compact() {},
};

function patched(record, { vector, text, metadata }) {
  const { vector: before, ...rest } = record;
  const kept = vector === null ? undefined : (vector ?? before);
  return { ...rest, ...(kept && { vector: kept }), ...(text && { text }), metadata: { ...record.metadata, ...metadata } };
}

/** Makes the call. `file`: of the database, beside which backups go. */
async function carryOut(db, file, write) {
  if (write.kind === 'batch') {
    const operations = await Promise.all(write.operations.map(async ({ kind, collection, ...rest }) => (
      { type: kind, collection: await db.getCollection(collection), ...rest }
    )));
    return db.batch(operations);
  }
  if (write.kind === 'backup') return db.backup(`${file}.${write.name}`);
  if (write.kind === 'snapshot') return db.createSnapshot(write.name);
  if (write.kind === 'compact') return db.compact();
  if (write.kind === 'createCollection') return db.createCollection(write.collection, { dimensions: DIMENSIONS });
  if (write.kind === 'deleteCollection') return db.deleteCollection(write.collection);
  const collection = await db.getCollection(write.collection);
  switch (write.kind) {
    case 'patch': return collection.patch(write.id, write.fields);
    case 'delete': return collection.delete(write.id);
    case 'addMany':
    case 'upsertMany': return collection[write.kind](write.records);
    case 'columns': return collection.addMany(columnsOf(write.records));
    case 'deleteWhere': return collection.deleteWhere({ chain: write.chain, number: { $lt: write.below } });
    default: return collection[write.kind](write.record);
  }
}

function columnsOf(records) {
  const vectors = new Float32Array(records.length * DIMENSIONS);
  records.forEach(({ vector }, i) => vectors.set(vector, i * DIMENSIONS));
  return { ids: records.map(({ id }) => id), vectors };
}

function copyOf(stored) {
  return new Map([...stored].map(([name, records]) => [name, new Map(records)]));
}

/** One sequence of writes, each awaited before the next, on ids, and on a collection of its own, that no other chain touches. */
class Chain {
  #random;
  #load;
  #made = 0;
  /** collection -> id -> record, as it must be once every write so far is acknowledged. */
  stored = new Map(Object.keys(COLLECTIONS).map((name) => [name, new Map()]));

  constructor(seed, prefix, load) {
    this.#random = createRandom(seed);
    this.#load = load;
    this.prefix = prefix;
  }

  /** The next write. `stored` then holds its effect. */
  next() {
    const write = this.#load ? this.#loading() : this.#draw();
    EFFECTS[write.kind](this.stored, write);
    return write;
  }

  /** A copy of `stored` that later writes leave alone. */
  copy() {
    return copyOf(this.stored);
  }

  /** To what copy() returned. Ids that were given since are not given again. */
  goBackTo(stored) {
    this.stored = copyOf(stored);
  }

  #loading() {
    this.#load = false;
    const vectors = randomMatrix(this.#random, LOAD, DIMENSIONS);
    const row = (i) => vectors.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
    return { kind: 'columns', collection: 'log', records: Array.from({ length: LOAD }, (_, i) => ({ id: this.#newId(), vector: row(i) })) };
  }

  #draw() {
    const kind = this.#pick(KINDS);
    const collection = this.#pick([...this.stored.keys()]);
    const some = () => this.#someId(collection);
    switch (kind) {
      case 'add': return { kind, collection, record: this.#make(collection, this.#newId()) };
      case 'upsert': return { kind, collection, record: this.#make(collection, some()) };
      case 'patch': return this.#patch(collection) ?? this.#draw();
      case 'delete': return { kind, collection, id: some() };
      case 'addMany': return { kind, collection, records: this.#many(180, () => this.#make(collection, this.#newId())) };
      case 'columns': return { kind, collection: 'log', records: this.#many(180, () => ({ id: this.#newId(), vector: this.#vector() })) };
      case 'upsertMany': {
        const ids = new Set(this.#many(50, () => (this.#random() < 0.5 ? some() : this.#newId())));
        return { kind, collection, records: [...ids].map((id) => this.#make(collection, id)) };
      }
      case 'batch': return this.#batch();
      case 'deleteWhere': return { kind, collection, chain: this.prefix, below: 0.3 * this.#random() };
      case 'remake': return this.#remake();
      default: return { kind, name: `${this.prefix}-${this.#made++}.${kind}` };
    }
  }

  #patch(collection) {
    const id = this.#someId(collection);
    if (!this.stored.get(collection).has(id)) return undefined;
    const fields = { metadata: { chain: this.prefix, number: this.#random() } };
    if (this.#random() < 0.3) fields.text = `new text, ${this.#random()}`;
    if (collection !== 'facts' && this.#random() < 0.5) fields.vector = this.#random() < 0.3 ? null : this.#vector();
    return { kind: 'patch', collection, id, fields };
  }

  /** Each id once, so that the order within does not matter to who compares. */
  #batch() {
    const operations = this.#many(8, () => {
      const collection = this.#pick(['log', 'facts']);
      const id = this.#someId(collection);
      const isThere = this.stored.get(collection).has(id);
      if (this.#random() < 0.3) return { kind: 'delete', collection, id };
      if (isThere && this.#random() < 0.4) return { kind: 'patch', collection, id, fields: { metadata: { chain: this.prefix, number: this.#random() } } };
      return { kind: 'upsert', collection, record: this.#make(collection, this.#random() < 0.5 ? id : this.#newId()) };
    });
    const byId = new Map(operations.map((operation) => [`${operation.collection}/${operation.id ?? operation.record.id}`, operation]));
    return { kind: 'batch', operations: [...byId.values()] };
  }

  #remake() {
    const collection = `${this.prefix}-own`;
    return { kind: this.stored.has(collection) ? 'deleteCollection' : 'createCollection', collection };
  }

  #make(collection, id) {
    const record = { id };
    if (collection !== 'facts') record.vector = this.#vector();
    if (this.#random() < 0.7) record.text = `text of ${id}, ${this.#random()}`;
    if (this.#random() < 0.5) record.metadata = { chain: this.prefix, number: this.#random() };
    return record;
  }

  #vector() {
    return randomVector(this.#random, DIMENSIONS);
  }

  /** 4 of them, or up to `spread` more. */
  #many(spread, make) {
    return Array.from({ length: Math.floor(4 + spread * this.#random()) }, make);
  }

  #pick(list) {
    return list[Math.floor(this.#random() * list.length)];
  }

  #newId() {
    return `${this.prefix}-${this.#made++}`;
  }

  #someId(collection) {
    return this.#pick([...this.stored.get(collection).keys()]) ?? this.#newId();
  }
}

/** One chain of one run: `run` keeps its ids apart from those of other runs on the same file. */
function chainOf(seed, run, i, load = false) {
  return new Chain(seed * 1000 + run * 10 + i, `r${run}c${i}`, load && i === 0);
}

/** What all chains do together, by the word that is said before it. */
const TOGETHER = { S: 'createSnapshot', R: 'restoreSnapshot', D: 'deleteSnapshot' };

/** The chains of a process, `count` of them, and the snapshots that they take and go back to together, one after the other. */
class Chains {
  #prefix;
  #taken = 0;
  #deleted = 0;
  /** Of each snapshot that is there: what every chain had stored, by its name. */
  snapshots = new Map();

  constructor(seed, run, load = false, count = CHAINS) {
    this.#prefix = `r${run}-all-`;
    this.chains = Array.from({ length: count }, (_, i) => chainOf(seed, run, i, load));
  }

  /** The snapshot that a word is about: the next to take, the last taken, the oldest. */
  nameFor(word) {
    return this.#prefix + { S: this.#taken, R: this.#taken - 1, D: this.#deleted }[word];
  }

  /** What every chain has stored when the word has come true. */
  after(word) {
    return word === 'R' ? this.snapshots.get(this.nameFor('R')) : this.chains.map((chain) => chain.copy());
  }

  /** Plays what was acknowledged: the number of a chain, or a word of TOGETHER. Returns the write of the chain. */
  play(word) {
    if (!(word in TOGETHER)) return this.chains[word].next();
    const name = this.nameFor(word);
    if (word === 'S') {
      this.snapshots.set(name, this.after('S'));
      this.#taken++;
    } else if (word === 'R') {
      this.after('R').forEach((stored, i) => this.chains[i].goBackTo(stored));
    } else {
      this.snapshots.delete(name);
      this.#deleted++;
    }
    return undefined;
  }
}

module.exports = { Chains, chainOf, carryOut, COLLECTIONS, CHAINS, TOGETHER };
