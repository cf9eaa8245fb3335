'use strict';

// handle-storm.js <folder> <steps> <seed>: (--expose-gc) this thread and three workers open, use, close and forget handles on two
// paths and in memory, several on each at once, with calls of every kind in flight, and garbage is collected in between. Prints
// { written, wrong, engines }: records whose write resolved, and how many of those are not there in the end as they were written.

const assert = require('node:assert');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker, isMainThread, parentPort, threadId, workerData } = require('node:worker_threads');

const { open, openSync } = require('agentmemdb');
const { createRandom, randomVector } = require('../vectors');

const WORKERS = 3;
const DIMENSIONS = 16;
const OPTIONS = { dimensions: DIMENSIONS, hnsw: { minSize: 20 } };
const FILES = ['a.db', 'b.db'];
// What a call may answer when its handle is closed under it.
const EXPECTED = ['ERR_CLOSED'];

class Storm {
  #random;
  #folder;
  #handles = [];
  #made = 0;
  /** "file id" -> text: what has to be there. */
  written = {};

  constructor(folder, seed) {
    this.#folder = folder;
    this.#random = createRandom(seed);
  }

  async run(steps) {
    for (let step = 0; step < steps; step++) await this.#step();
    await Promise.all(this.#handles.map(({ db }) => db.close()));
  }

  async #step() {
    const dice = this.#random();
    if (this.#handles.length < 2 || (dice < 0.15 && this.#handles.length < 8)) return this.#open();
    const handle = this.#handles[this.#below(this.#handles.length)];
    if (dice < 0.25) return this.#leave(handle);
    if (dice < 0.3) return globalThis.gc();
    const calls = Array.from({ length: 1 + this.#below(20) }, () => this.#call(handle));
    // Some are awaited, some go on while handles are closed and forgotten.
    const settled = Promise.all(calls);
    if (dice < 0.6) return settled;
    this.#handles = this.#handles.filter((each) => each !== handle);
    this.#close(handle);
    return dice < 0.8 ? undefined : settled;
  }

  async #open() {
    const name = [...FILES, ':memory:'][this.#below(3)];
    const target = name === ':memory:' ? name : path.join(this.#folder, name);
    const db = this.#random() < 0.3 ? openSync(target, { durability: 'normal' }) : await open(target, { durability: 'normal' });
    const collection = await db.collection('shared', OPTIONS);
    this.#handles.push({ db, collection, name });
  }

  #leave(handle) {
    this.#handles = this.#handles.filter((each) => each !== handle);
    return this.#random() < 0.5 ? undefined : this.#close(handle); // Or nobody can reach it any more.
  }

  #close({ db }) {
    const dice = this.#random();
    if (dice < 0.4) return db.close();
    if (dice < 0.7) return db.closeSync();
    return undefined;
  }

  async #call({ db, collection, name }) {
    const vector = randomVector(this.#random, DIMENSIONS);
    const id = `${threadId}-${this.#made++}`;
    const record = (suffix) => ({ id: `${id}${suffix}`, vector, text: `text of ${id}${suffix}` });
    const calls = [
      [() => collection.add(record('')), ['']],
      [() => collection.addMany([record('x'), record('y')]), ['x', 'y']],
      [() => db.batch([{ type: 'upsert', collection, record: record('b') }]), ['b']],
      [() => collection.search({ vector, k: 5, include: ['text', 'vector'] }), []],
      [() => collection.searchMany({ vectors: vector, k: 3, filter: { a: 1 } }), []],
      [() => collection.find({ limit: 50 }), []],
      [() => collection.count({ $id: { $gt: 'a' } }), []],
      [() => collection.indexed(), []],
      [() => db.stats(), []],
    ];
    const [call, suffixes] = calls[this.#below(calls.length)];
    try {
      await call();
    } catch (error) {
      assert(EXPECTED.includes(error.code), error);
      return;
    }
    if (name === ':memory:') return;
    for (const suffix of suffixes) this.written[`${name} ${id}${suffix}`] = `text of ${id}${suffix}`;
  }

  #below(end) {
    return Math.floor(this.#random() * end);
  }
}

async function look(folder, written) {
  let wrong = 0;
  for (const name of FILES) {
    const db = await open(path.join(folder, name));
    const collection = await db.collection('shared', OPTIONS);
    for (const [key, text] of Object.entries(written)) {
      const [file, id] = key.split(' ');
      if (file === name && (await collection.get(id))?.text !== text) wrong++;
    }
    await db.close();
  }
  return wrong;
}

async function inWorker({ folder, steps, seed }) {
  const storm = new Storm(folder, seed + threadId);
  await storm.run(steps);
  parentPort.postMessage(storm.written);
}

async function main(folder, steps, seed) {
  const results = Array.from({ length: WORKERS }, () => {
    const worker = new Worker(__filename, { workerData: { folder, steps, seed } });
    return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  });
  const storm = new Storm(folder, seed);
  await storm.run(steps);
  const written = Object.assign(storm.written, ...(await Promise.all(results)));
  const wrong = await look(folder, written);

  const last = await open(':memory:');
  let engines = Infinity;
  // Forgotten handles are collected, and engines freed on pool threads.
  for (let i = 0; i < 500 && engines > 1; i++) {
    globalThis.gc();
    await sleep(10);
    engines = (await last.stats()).engines;
  }
  await last.close();
  console.log(JSON.stringify({ written: Object.keys(written).length, wrong, engines }));
}

if (isMainThread) main(process.argv[2], Number(process.argv[3]), Number(process.argv[4]));
else inWorker(workerData);
