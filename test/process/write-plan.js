'use strict';

// Writes that a process makes until it is killed, and what must be stored after each of them. Child and parent draw the same
// plan from the same seed, so an acknowledgment is one word: "one more of this chain". What concerns all chains at once has two: one
// before the call, and one when it was acknowledged. Snapshots are taken and deleted while no chain of the process writes; while
// everything goes back to one, all of them do, and say the version of each write: what is later than going back stays.

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
/** Those that come off whatever is gone back to meanwhile, and whose answer has a version. */
const KINDS_BESIDE = ['add', 'upsert', 'addMany', 'columns', 'upsertMany', 'batch'];

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

function apply(stored, write) {
  EFFECTS[write.kind](stored, write);
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

/** Searches by words, so that the keyword index has to be kept right, and its words are in the index image. Returns the hits. */
async function searchByWords(db, text) {
  return (await db.getCollection('log')).search({ text, k: 3, include: [] });
}

/** The version of a write that is one of KINDS_BESIDE, by its answer. */
function versionOf(answer) {
  return Array.isArray(answer) ? answer.at(-1).version : answer.version;
}

/** The records that a write gives. */
function recordsOf({ record, records, operations }) {
  return records ?? operations?.flatMap(recordsOf) ?? (record ? [record] : []);
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

  /** The next write. `stored` then holds its effect. `isBeside`: whether everything may go back to a snapshot meanwhile. */
  next(isBeside = false) {
    const write = this.draw(isBeside);
    apply(this.stored, write);
    return write;
  }

  /** The next write, for who wants to know what it would be. Draws no other after it. */
  draw(isBeside = false) {
    return this.#load ? this.#loading() : this.#draw(isBeside);
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

  #draw(isBeside) {
    const kind = this.#pick(isBeside ? KINDS_BESIDE : KINDS);
    const collection = this.#pick(isBeside ? Object.keys(COLLECTIONS) : [...this.stored.keys()]);
    const some = () => this.#someId(collection);
    switch (kind) {
      case 'add': return { kind, collection, record: this.#make(collection, this.#newId()) };
      case 'upsert': return { kind, collection, record: this.#make(collection, some()) };
      case 'patch': return this.#patch(collection) ?? this.#draw(isBeside);
      case 'delete': return { kind, collection, id: some() };
      case 'addMany': return { kind, collection, records: this.#many(180, () => this.#make(collection, this.#newId())) };
      case 'columns': return { kind, collection: 'log', records: this.#many(180, () => ({ id: this.#newId(), vector: this.#vector() })) };
      case 'upsertMany': {
        const ids = new Set(this.#many(50, () => (this.#random() < 0.5 ? some() : this.#newId())));
        return { kind, collection, records: [...ids].map((id) => this.#make(collection, id)) };
      }
      case 'batch': return this.#batch(isBeside);
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
  #batch(isBeside) {
    const operations = this.#many(8, () => {
      const collection = this.#pick(['log', 'facts']);
      const id = this.#someId(collection);
      const isThere = this.stored.get(collection).has(id);
      if (this.#random() < 0.3) return { kind: 'delete', collection, id };
      if (!isBeside && isThere && this.#random() < 0.4) return { kind: 'patch', collection, id, fields: { metadata: { chain: this.prefix, number: this.#random() } } };
      return { kind: 'upsert', collection, record: this.#make(collection, this.#random() < 0.5 ? id : this.#newId()) };
    });
    if (isBeside) operations.push({ kind: 'upsert', collection: 'facts', record: this.#make('facts', this.#newId()) }); // It has a version.
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

/** The chains of a process, `count` of them, and the snapshots that they take and go back to together, one after the other. */
class Chains {
  #prefix;
  #taken = 0;
  #deleted = 0;
  /** Of each snapshot that is there: what every chain had stored, by its name. */
  snapshots = new Map();
  /** While everything goes back: { name, floor, version, writes }: to which snapshot; the change version before, and when it had gone back,
   *  once that is known; and the writes beside it: { i, version, write }. */
  goingBack;
  /** { name, version } of the last time. */
  lastBack;

  constructor(seed, run, load = false, count = CHAINS) {
    this.#prefix = `r${run}-all-`;
    this.chains = Array.from({ length: count }, (_, i) => chainOf(seed, run, i, load));
  }

  /** The snapshot that a word is about: the next to take, the last taken, the oldest. */
  nameFor(word) {
    return this.#prefix + { S: this.#taken, R: this.#taken - 1, D: this.#deleted }[word];
  }

  /** What every chain has stored. */
  copies() {
    return this.chains.map((chain) => chain.copy());
  }

  /** What chain `i` has stored, `back` = { name, version } being the last time that everything went back. */
  storedAfter(i, back) {
    if (this.goingBack === undefined || back === this.lastBack) return this.chains[i].stored;
    const stored = copyOf(this.snapshots.get(back.name)[i]);
    for (const each of this.goingBack.writes) if (each.i === i && each.version > back.version) apply(stored, each.write);
    return stored;
  }

  /** A write that was acknowledged while everything goes back. */
  noteBeside(i, write, version) {
    this.goingBack.writes.push({ i, write, version });
  }

  /** Plays a word that was said. Returns the write of a chain that it acknowledges:
   *  0, 1, ...: of that chain, with the version, as in 1@23, while everything goes back;
   *  S, s: before and after a snapshot; D, d: before and after the oldest is deleted;
   *  R@22: before everything goes back to the last, and the change version then; r@25: after it; e: after the last write beside it. */
  play(said) {
    const [word, version] = said.split('@');
    switch (word) {
      case 'S': case 'D': return undefined;
      case 's': this.snapshots.set(this.nameFor('S'), this.copies()); this.#taken++; return undefined;
      case 'd': this.snapshots.delete(this.nameFor('D')); this.#deleted++; return undefined;
      case 'R': this.goingBack = { name: this.nameFor('R'), floor: Number(version), writes: [] }; return undefined;
      case 'r': this.goingBack.version = Number(version); return undefined;
      case 'e': return this.#endGoingBack();
      default: return this.#acknowledge(Number(word), version);
    }
  }

  #acknowledge(i, version) {
    const write = this.chains[i].next(this.goingBack !== undefined);
    if (this.goingBack !== undefined) this.noteBeside(i, write, Number(version));
    return write;
  }

  #endGoingBack() {
    const back = { name: this.goingBack.name, version: this.goingBack.version };
    const stored = this.chains.map((_, i) => this.storedAfter(i, back));
    stored.forEach((each, i) => this.chains[i].goBackTo(each));
    this.goingBack = undefined;
    this.lastBack = back;
  }
}

module.exports = { Chains, chainOf, carryOut, apply, copyOf, versionOf, recordsOf, searchByWords, COLLECTIONS, CHAINS };
