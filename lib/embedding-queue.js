'use strict';

// Texts that wait to be embedded. What is asked for in one turn of the event loop shares batches, whoever asked; one text asked for
// twice is embedded once; a batch that nobody waits for any more is aborted.

// Not the global one: that may be a test's fake clock by the time it is used.
const { setImmediate } = require('node:timers');
const { isPassing } = require('./retry');

let requests = 0;

/** What one call wants: the vectors of `count` texts, in its `vectors`, when `made` has resolved. */
class Request {
  number = ++requests;
  vectors;
  batches = new Set();
  isGone = false;
  #left;

  constructor(count) {
    this.#left = count;
    this.vectors = new Array(count);
    this.made = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.made.catch(() => {}); // It may fail before it is awaited.
    if (count === 0) this.resolve();
  }

  take(i, vector) {
    this.vectors[i] = vector;
    if (--this.#left === 0) this.resolve();
  }
}

/** A text, and who wants its vector. */
class Item {
  takers = []; // { request, i }

  constructor(text, key) {
    this.text = text;
    this.key = key;
  }

  get isWanted() {
    return this.takers.some(({ request }) => !request.isGone);
  }
}

class EmbeddingQueue {
  #embed;
  #onMade;
  #batchMax;
  #concurrency;
  #urgent = new Line();
  #patient = new Line();
  #alone = []; // lists of items, parts of a batch that was refused
  #byKey = new Map(); // items that are not settled
  #running = 0;
  #isDue = false;

  /**
   * @param embed   (texts, signal) => a promise of their vectors.
   * @param onMade  (key, vector) => void.
   */
  constructor({ embed, onMade, batchMax, concurrency }) {
    this.#embed = embed;
    this.#onMade = onMade;
    this.#batchMax = batchMax;
    this.#concurrency = concurrency;
  }

  /** Wants the vector of a text, as the i-th of a request. Items of equal keys are one; undefined is equal to none. */
  add(request, i, { text, key, isUrgent }) {
    let item = key === undefined ? undefined : this.#byKey.get(key);
    if (item === undefined || item.batch?.signal.aborted) {
      item = new Item(text, key);
      if (key !== undefined) this.#byKey.set(key, item);
      (isUrgent ? this.#urgent : this.#patient).push(item);
    }
    item.takers.push({ request, i });
    item.batch?.add(request);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#run();
    });
  }

  /** A request no longer wants anything. */
  leave(request) {
    request.isGone = true;
    for (const batch of request.batches) batch.noticeGone();
  }

  #run() {
    while (this.#running < this.#concurrency) {
      const items = this.#take();
      if (items.length === 0) return;
      this.#embedBatch(new Batch(items));
    }
  }

  // Queries of searches go first: somebody waits for each of them.
  #take() {
    if (this.#alone.length > 0) return this.#alone.shift();
    const items = [];
    for (const line of [this.#urgent, this.#patient]) {
      while (items.length < this.#batchMax && line.length > 0) {
        const item = line.shift();
        if (item.isWanted) items.push(item);
        else this.#settle(item);
      }
    }
    return items;
  }

  async #embedBatch(batch) {
    this.#running++;
    try {
      const vectors = await this.#embed(batch.items.map(({ text }) => text), batch.signal);
      batch.items.forEach((item, i) => {
        this.#settle(item);
        this.#onMade(item.key, vectors[i]);
        for (const taker of item.takers) taker.request.take(taker.i, vectors[i]);
      });
    } catch (error) {
      this.#fail(batch, error);
    } finally {
      batch.end();
      this.#running--;
      this.#run();
    }
  }

  // A text of one call for which a batch is refused must not fail the others.
  #fail(batch, error) {
    const wanted = batch.items.filter((item) => item.isWanted);
    const parts = isPassing(error) ? [wanted] : byTakers(wanted);
    if (parts.length > 1) {
      this.#alone.push(...parts);
    } else {
      for (const item of wanted) this.#settle(item);
      for (const request of batch.requests) request.reject(error);
    }
    for (const item of batch.items) if (!item.isWanted) this.#settle(item);
  }

  #settle(item) {
    if (this.#byKey.get(item.key) === item) this.#byKey.delete(item.key);
  }
}

/** Items, parted so that those of a part are wanted by the same requests. */
function byTakers(items) {
  const parts = new Map();
  for (const item of items) {
    const numbers = item.takers.filter(({ request }) => !request.isGone).map(({ request }) => request.number);
    const key = [...new Set(numbers)].join();
    if (!parts.has(key)) parts.set(key, []);
    parts.get(key).push(item);
  }
  return [...parts.values()];
}

/** Items that are embedded together. */
class Batch {
  requests = new Set();
  #controller = new AbortController();

  constructor(items) {
    this.items = items;
    for (const item of items) {
      item.batch = this;
      for (const { request } of item.takers) this.add(request);
    }
  }

  get signal() {
    return this.#controller.signal;
  }

  add(request) {
    this.requests.add(request);
    request.batches.add(this);
  }

  noticeGone() {
    if ([...this.requests].every(({ isGone }) => isGone)) this.#controller.abort();
  }

  end() {
    for (const request of this.requests) request.batches.delete(this);
    for (const item of this.items) if (item.batch === this) item.batch = undefined;
  }
}

/** First in, first out, however long. */
class Line {
  #items = [];
  #head = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  push(item) {
    this.#items.push(item);
  }

  shift() {
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    }
    return item;
  }
}

module.exports = { Request, EmbeddingQueue };
