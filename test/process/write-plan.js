'use strict';

// Writes that a child makes until it is killed, and what must be stored after each of them. Child and parent draw the same
// plan from the same seed, so an acknowledgment is one line: "one more of this chain".

const { createRandom, randomVector, randomMatrix } = require('./vectors');

const DIMENSIONS = 16;
const CHAINS = 4;

/** One sequence of writes, each awaited before the next, on ids that no other chain touches. */
class Chain {
  #random;
  #prefix;
  #made = 0;
  /** id -> record, as it must be once every write so far is acknowledged. */
  records = new Map();

  constructor(seed, prefix) {
    this.#random = createRandom(seed);
    this.#prefix = prefix;
  }

  /** The next write: { method, argument }. `records` then holds its effect. */
  next() {
    const dice = this.#random();
    if (dice < 0.35 || this.records.size === 0) return this.#put('add', [this.#make(this.#newId())]);
    if (dice < 0.6) return this.#put('upsert', [this.#make(this.#random() < 0.7 ? this.#someId() : this.#newId())]);
    if (dice < 0.75) return this.#delete();
    if (dice < 0.85) return this.#put('addMany', this.#times(20 + 180 * this.#random(), () => this.#make(this.#newId())));
    if (dice < 0.92) return this.#columns();
    const ids = new Set(this.#times(10 + 50 * this.#random(), () => (this.#random() < 0.5 ? this.#someId() : this.#newId())));
    return this.#put('upsertMany', [...ids].map((id) => this.#make(id)));
  }

  #put(method, records) {
    for (const record of records) this.records.set(record.id, record);
    return { method, argument: method.endsWith('Many') ? records : records[0] };
  }

  #columns() {
    const ids = this.#times(20 + 180 * this.#random(), () => this.#newId());
    const vectors = randomMatrix(this.#random, ids.length, DIMENSIONS);
    ids.forEach((id, i) => this.records.set(id, { id, vector: vectors.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS) }));
    return { method: 'addMany', argument: { ids, vectors } };
  }

  #delete() {
    const id = this.#someId();
    this.records.delete(id);
    return { method: 'delete', argument: id };
  }

  #make(id) {
    const record = { id, vector: randomVector(this.#random, DIMENSIONS) };
    if (this.#random() < 0.7) record.text = `text of ${id}, ${this.#random()}`;
    if (this.#random() < 0.5) record.metadata = { id, number: this.#random() };
    return record;
  }

  #times(count, make) {
    return Array.from({ length: Math.floor(count) }, make);
  }

  #newId() {
    return `${this.#prefix}-${this.#made++}`;
  }

  #someId() {
    const ids = [...this.records.keys()];
    return ids[Math.floor(this.#random() * ids.length)];
  }
}

/** The chains of one run: `run` keeps its ids apart from those of other runs on the same file. */
function chainsOf(seed, run) {
  return Array.from({ length: CHAINS }, (_, i) => new Chain(seed * 1000 + run * 10 + i, `r${run}c${i}`));
}

module.exports = { chainsOf, DIMENSIONS };
