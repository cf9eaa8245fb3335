'use strict';

// 100,000 random calls, in memory and on a file that is closed and opened again in between, against plain Maps and searches
// by brute force. Vectors are small integers and the metrics l2 and ip, so that every distance is exact, and so is the order
// of equals. Calls come one after the other, in both forms, or many at once: writes, whose order is that of the calls, or
// reads. AGENTMEMDB_SEED: which.

const { collect, integer, pick, seeded, SEED, useDatabases } = require('./support/database');
const { Model } = require('./support/model');
const { Calls, expectRecord, expectSame, expectTrue } = require('./support/model-calls');

const databases = useDatabases();
const CALLS = 50_000;
const COLLECTIONS = {
  l2: { dimensions: 6, metric: 'l2', hnsw: { minSize: 50 } },
  ip: { dimensions: 3, metric: 'ip', hnsw: { minSize: 5000 } },
  plain: {},
};
const WRITES = { add: 6, upsert: 6, addMany: 1, upsertMany: 2, patch: 6, delete: 8, deleteWhere: 1, batch: 2 };
const READS = { get: 5, has: 2, count: 2, find: 2, scan: 1, search: 5, searchMany: 1, words: 3, stats: 1 };
const CONVERTED = ['addMany', 'upsertMany', 'batch'];
const ALL = { include: ['text', 'metadata', 'vector'] };

const weighted = (weights) => Object.entries(weights).flatMap(([name, weight]) => Array(weight).fill(name));
const KINDS = { writes: weighted(WRITES), reads: weighted(READS), all: weighted({ ...WRITES, ...READS }) };

const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Two handles on one database (one when it is in memory), a model of it, and the calls that are made on both. */
class Run {
  #random;
  #target;
  #handles = [];
  #model = new Model(Object.keys(COLLECTIONS));
  #calls;
  /** How many of each kind, and how they were made. */
  made = {};

  constructor(random, target) {
    this.#random = random;
    this.#target = target;
    this.#calls = new Calls(random, this.#model, COLLECTIONS);
  }

  async open() {
    const open = async () => {
      const db = await databases.open(this.#target, { durability: 'normal' });
      const collections = {};
      for (const [name, options] of Object.entries(COLLECTIONS)) collections[name] = await db.collection(name, options);
      return { db, collections };
    };
    this.#handles = [await open()];
    if (this.#target !== ':memory:') this.#handles.push(await open());
    this.#model.version = this.#changeVersion();
  }

  /** One step: a call, many at once, or one of the things that come rarely. Returns how many calls it made. */
  async step() {
    const dice = this.#random();
    if (dice < 0.01) return this.#rare();
    if (dice < 0.03) return this.#atOnce(KINDS.writes, false);
    if (dice < 0.05) return this.#atOnce(KINDS.reads, true);
    const call = this.#calls[this.#count(pick(this.#random, KINDS.all))](true);
    const isSync = call.twin !== undefined && this.#random() < 0.5;
    this.#count(isSync ? 'in the sync form' : 'one by one');
    const outcome = isSync ? this.#callTwin(call) : await this.#callAsync(call);
    const before = this.#model.version;
    if (call.changed) this.#model.version++;
    const version = call.check(outcome);
    if (version !== undefined) expectSame(version, this.#model.version, 'version of a write');
    if (call.writes) expectSame(this.#changeVersion(), this.#model.version, `change version, before ${before}`);
    return 1;
  }

  async #atOnce(known, calm) {
    const kinds = Array.from({ length: 1 + integer(this.#random, 80) }, () => pick(this.#random, known));
    // Those that convert their input first take their place in the queue after the others.
    kinds.sort((a, b) => Number(CONVERTED.includes(a)) - Number(CONVERTED.includes(b)));
    const calls = [];
    const outcomes = [];
    for (const kind of kinds) {
      const call = this.#calls[this.#count(kind)](calm);
      calls.push(call);
      outcomes.push(this.#callAsync(call));
    }
    this.#count('at once', calls.length);
    let last = this.#model.version;
    for (const [i, outcome] of (await Promise.all(outcomes)).entries()) {
      const version = calls[i].check(outcome) ?? last;
      expectTrue(version >= last, 'versions in the order of the calls', { version, last });
      last = version;
    }
    const changes = calls.filter((call) => call.changed).length;
    const version = this.#changeVersion();
    expectTrue(version >= last, 'change version', { version, last });
    expectSame(version, this.#model.version + changes, 'change version, which each call that changes something raises');
    this.#model.version = version;
    return calls.length;
  }

  #rare() {
    const kinds = { pages: 3, expire: 3, indexed: 2, remake: 1, ...(this.#target !== ':memory:' && { reopen: 5 }) };
    const kind = this.#count(pick(this.#random, weighted(kinds)));
    return { pages: () => this.#pages(), expire: () => this.#expire(), indexed: () => this.#indexed(), remake: () => this.#remake(), reopen: () => this.reopen() }[kind]();
  }

  /** All pages of a find, one after the other. */
  async #pages() {
    const [name, { collections }] = [pick(this.#random, Object.keys(COLLECTIONS)), this.#handle()];
    const limit = 1 + integer(this.#random, 50);
    const wanted = this.#model.all(name);
    let calls = 0;
    let cursor;
    do {
      const page = await collections[name].find({ limit, cursor });
      page.records.forEach((record, i) => expectRecord(record, wanted[calls * limit + i]));
      calls++;
      ({ cursor } = page);
      expectTrue((cursor === undefined) === calls * limit >= wanted.length, 'a cursor on all pages but the last', { calls, limit });
    } while (cursor !== undefined);
    return calls;
  }

  /** A record that expires while we wait for it. */
  async #expire() {
    const name = pick(this.#random, Object.keys(COLLECTIONS));
    const [id, ttlMs] = [`id ${integer(this.#random, 250)}`, 1 + integer(this.#random, 3)];
    this.#model.attempt(() => this.#model.put(name, { id, expiresAt: 1 }, 'replace'));
    const { version } = await this.#handle().collections[name].upsert({ id, text: 'soon gone', ttlMs });
    const written = Date.now();
    expectSame(version, ++this.#model.version, 'version');
    while (Date.now() <= written + ttlMs) await sleep(1);
    expectSame(await this.#handle().collections[name].has(id), false, 'has, of an expired record');
    return 2;
  }

  async #indexed() {
    await this.#handle().collections.l2.indexed();
    const { linked, tail } = this.#handle().collections.l2.statsSync().index;
    expectTrue(tail === 0, 'nothing waits to be linked', { linked, tail });
    return 1;
  }

  /** Deletes a collection and makes it again: what was opened before is not the new one. */
  async #remake() {
    const { db, collections } = this.#handle();
    expectSame(await db.deleteCollection('plain'), true, 'deleteCollection');
    const made = await db.createCollection('plain');
    const { code } = await collections.plain.count().catch((error) => error);
    expectSame(code, 'ERR_NOT_FOUND', 'a call on a deleted collection');
    for (const handle of this.#handles) handle.collections.plain = handle.db === db ? made : await handle.db.getCollection('plain');
    this.#model.attempt(() => this.#model.deleteWhere('plain', {}));
    this.#model.forget('plain');
    this.#model.version += 2;
    return 3;
  }

  async reopen() {
    const before = this.#model.version;
    await Promise.all(this.#handles.map(({ db }) => db.close()));
    await this.open();
    expectSame(this.#model.version, before, 'change version after reopening');
    return 1;
  }

  /** Everything, record by record. */
  async compareAll() {
    for (const [name, { dimensions }] of Object.entries(COLLECTIONS)) {
      const collection = this.#handle().collections[name];
      const wanted = this.#model.all(name);
      for (const record of wanted) expectRecord(await collection.get(record.id, ALL), record, ALL.include);
      expectSame(await collection.count(), wanted.length, 'count');
      if (dimensions === undefined) continue;
      const withVector = wanted.filter((record) => record.vector !== undefined).length;
      expectSame((await collection.search({ vector: Array(dimensions).fill(0), k: 10_000 })).length, withVector, 'hits');
    }
  }

  async #callAsync(call) {
    const { target, args } = this.#prepare(call, call.args);
    try {
      if (call.method === 'scan') return { value: await collect(target.scan(...args)) };
      return { value: await target[call.method](...args) };
    } catch (error) {
      return { error };
    }
  }

  #callTwin(call) {
    const { target, args } = this.#prepare(call, call.twin);
    try {
      return { value: target[`${call.method}Sync`](...args) };
    } catch (error) {
      return { error };
    }
  }

  #prepare({ on, method }, args) {
    const { db, collections } = this.#handle();
    if (on !== undefined) return { target: collections[on], args };
    if (method !== 'batch') return { target: db, args };
    return { target: db, args: [args[0].map((operation) => ({ ...operation, collection: collections[operation.collection] }))] };
  }

  #handle() {
    return pick(this.#random, this.#handles);
  }

  #changeVersion() {
    return this.#handles[0].db.statsSync().changeVersion;
  }

  #count(kind, calls = 1) {
    this.made[kind] = (this.made[kind] ?? 0) + calls;
    return kind;
  }
}

test.each([[':memory:'], ['a file']])(
  `${CALLS} random calls give what plain Maps and brute force give, in %s`,
  (where) =>
    seeded(async (random) => {
      const run = new Run(random, where === ':memory:' ? where : databases.file());
      await run.open();
      let calls = 0;
      try {
        while (calls < CALLS) calls += await run.step();
        if (where !== ':memory:') await run.reopen();
        await run.compareAll();
      } catch (error) {
        error.message += `\n\nafter ${calls} calls`;
        throw error;
      }
      const kinds = Object.entries(run.made).map(([kind, count]) => `${kind} ${count}`);
      process.stdout.write(`  ${where}, seed ${SEED}: ${kinds.join(', ')}\n`);
    })(),
  600_000,
);
