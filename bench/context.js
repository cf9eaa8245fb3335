'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { EngineClient } = require('./engine-client');
const { remembering, smallestEf } = require('./smallest-ef');
const { ADAPTERS } = require('./options');

const GRAPH = { M: 16, efConstruction: 200 };
const EF_LIMIT = 4096; // an engine that needs more is far from usable at that recall

/**
 * What a scenario works with: the options of this shape (n, dim), the data set, and the engines. An engine that fails is told
 * in `failures` and left out from then on; the others go on.
 */
class Context {
  failures = [];
  versions = {};
  fields; // numbers to filter by, where a scenario asks for them before the engines are built
  #folder;
  #progress;
  #engines;
  #clients = new Set();
  #folders = 0;

  constructor(options, data, folder, progress) {
    this.options = { ...options, ...GRAPH };
    this.data = data;
    this.#folder = folder;
    this.#progress = progress;
  }

  progress(line) {
    this.#progress(line);
  }

  /** Runs one step of one engine; undefined if it went wrong, or had before. */
  async attempt(engine, step, work) {
    if (engine.failed) return undefined;
    this.progress(`${step}: ${engine.name}`);
    try {
      return await work();
    } catch (error) {
      engine.failed = `${step} failed: ${error.message.split('\n')[0]}`;
      this.failures.push({ engine: engine.name, what: engine.failed });
      this.progress(`${engine.name}: ${engine.failed}`);
      return undefined;
    }
  }

  /** The engines asked for, built with all the data on all cores: once, however many scenarios want them. */
  async built() {
    if (!this.#engines) {
      this.#engines = [];
      for (const name of this.options.engines) this.#engines.push(await this.build(name));
    }
    return this.#engines.filter((engine) => !engine.failed);
  }

  /** Those of built() that know how to `verb`. */
  async builtThatCan(verb) {
    return (await this.built()).filter((engine) => engine.can.includes(verb));
  }

  /** A fresh engine, built with the first `rows` of the data, all of them by default, by `threads` where it can be told. */
  async build(name, { rows, threads } = {}) {
    const engine = { name, folder: this.newFolder() };
    await this.attempt(engine, threads ? `build on ${threads} thread` : 'build', async () => {
      await this.load(engine, { threads });
      engine.build = await engine.client.call('build', { rows });
    });
    return engine;
  }

  /** Gives the engine a process of its own that has loaded its package. */
  async load(engine, { threads } = {}) {
    // libuv's pool is where our work is done; the other engines that have threads are told how many.
    engine.client = new EngineClient(threads ? { UV_THREADPOOL_SIZE: String(threads) } : {});
    this.#clients.add(engine.client);
    const { dim, metric, k, seed } = this.options;
    const { data, fields } = this;
    const settings = { adapter: ADAPTERS[engine.name], folder: engine.folder, data, fields, threads, dim, metric, k, seed, ...GRAPH };
    const loaded = await engine.client.call('load', settings);
    this.versions[engine.name] = loaded.version;
    engine.can = loaded.can;
    engine.efMax = Math.min(EF_LIMIT, loaded.efMax);
  }

  /** Ends the engine's process; its files stay. */
  async unload(engine) {
    if (!engine.client) return;
    await engine.client.stop();
    this.#clients.delete(engine.client);
    engine.client = undefined;
  }

  /** The smallest ef of the engine with that recall, as { ef, recall }; undefined: it never gets there. */
  efFor(engine, target) {
    engine.recallAt ??= remembering((ef) => engine.client.call('recall', ef));
    return smallestEf(engine.recallAt, Number(target), this.options.k, engine.efMax);
  }

  newFolder() {
    const folder = path.join(this.#folder, String(++this.#folders));
    fs.mkdirSync(folder);
    return folder;
  }

  /** What is in it and not on the disk yet need not be written any more, beside what is measured next. */
  removeFolder(folder) {
    fs.rmSync(folder, { recursive: true });
  }

  async stop() {
    await Promise.all([...this.#clients].map((client) => client.stop()));
  }

  kill() {
    for (const client of this.#clients) client.kill();
  }
}

/** `items`, another one first in each round: whoever comes first finds colder caches than the others. */
function rotated(items, round) {
  return items.map((_, i) => items[(i + round) % items.length]);
}

module.exports = { Context, GRAPH, rotated };
