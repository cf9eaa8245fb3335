'use strict';

// The process of one engine. Every engine has its own, so that memory, CPU time, thread pools, garbage and crashes are
// its own too; ann.js lets one process work at a time. Messages: { id, verb, args } -> { id, result } or { id, error }.

const fs = require('node:fs');
const path = require('node:path');
const { readData, recall } = require('./data');
const measure = require('./measure');

const IDLE_BASELINE_MS = 1000;
const IDLE_BETWEEN_MS = 300;
const WARM_UP_SEARCHES = 200;

let options;
let data;
let engine;
let prepared;

const verbs = {
  /** Loads the package; tells its version. */
  load(given) {
    options = given;
    const adapter = require(`./engines/${options.adapter}`);
    // Through the package's own folder: a package that cannot be loaded must fail here, with its own message.
    require(adapter.package);
    engine = adapter.create(options);
    return { version: versionOf(adapter.package), efMax: adapter.efMax };
  },

  /** Builds the index; tells time, event-loop delay and memory. */
  async build() {
    data = readData(options.data);
    prepared = Array.from({ length: options.data.queries }, (_, i) => engine.prepare(queryAt(i)));
    const idle = await measure.idleLoopDelay(IDLE_BASELINE_MS);
    const before = await measure.residentMemory();
    const { result: clock, loop } = await measure.withLoopDelay(() => measure.timed(() => engine.build(data.base)));
    await engine.use(100);
    await searchOnce(prepared.slice(0, WARM_UP_SEARCHES));
    const after = await measure.residentMemory();
    const { n } = options.data;
    // Not needed from here on; the difference above is taken with it on both sides.
    data.base = undefined;
    return {
      ...clock.result,
      wallMs: clock.wallMs,
      processCpuMs: clock.processCpuMs,
      loop: measure.besideIdle(loop, idle),
      bytesPerVector: { anon: (after.anon - before.anon) / n, file: (after.file - before.file) / n },
    };
  },

  async recall(ef) {
    await engine.use(ef);
    const found = await searchOnce(prepared);
    return recall(found, data.truth, options.data.k);
  },

  /** One slot of a round: searches one after the other, then `inFlight` at once, each for at least `ms`. */
  async slot({ ef, ms, inFlight }) {
    await engine.use(ef);
    await searchOnce(prepared.slice(0, WARM_UP_SEARCHES));
    return { sequential: await sequentialPass(ms), concurrent: await concurrentPass(ms, inFlight) };
  },

  async facts() {
    return (await engine.facts?.()) ?? {};
  },

  async close() {
    await engine?.close();
  },
};

function queryAt(i) {
  return data.queries.subarray(i * options.data.dim, (i + 1) * options.data.dim);
}

async function searchOnce(queries) {
  const found = [];
  for (const query of queries) found.push(engine.ids(await engine.search(query)));
  return found;
}

async function sequentialPass(ms) {
  const micros = [];
  const clock = await measure.timed(async () => {
    const take = taker(ms);
    for (let query = take(); query !== undefined; query = take()) {
      const start = performance.now();
      await engine.search(query);
      micros.push((performance.now() - start) * 1000);
    }
  });
  return summary(micros, clock);
}

async function concurrentPass(ms, inFlight) {
  const idle = await measure.idleLoopDelay(IDLE_BETWEEN_MS);
  const micros = [];
  const work = () => engine.searchMany(inFlight, taker(ms), (time) => micros.push(time));
  const { result: clock, loop } = await measure.withLoopDelay(() => measure.timed(work));
  return { ...summary(micros, clock), loop: measure.besideIdle(loop, idle) };
}

/** Hands out the queries, all of them at least once, round and round until `ms` have passed. */
function taker(ms) {
  const end = performance.now() + ms;
  let next = 0;
  return () => {
    if (next >= prepared.length && performance.now() >= end) return undefined;
    return prepared[next++ % prepared.length];
  };
}

function summary(micros, { wallMs, threadCpuMs, processCpuMs }) {
  return {
    qps: (micros.length * 1000) / wallMs,
    p50: measure.percentile(micros, 0.5),
    p99: measure.percentile(micros, 0.99),
    loopCpuMicros: (threadCpuMs * 1000) / micros.length,
    processCpuMicros: (processCpuMs * 1000) / micros.length,
  };
}

function versionOf(name) {
  // Some packages do not export their package.json, so it is read as a file.
  const folder = path.isAbsolute(name) ? name : path.join(__dirname, 'node_modules', name);
  return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).version;
}

process.on('message', async ({ id, verb, args }) => {
  try {
    process.send({ id, result: (await verbs[verb](args)) ?? null });
  } catch (error) {
    process.send({ id, error: String(error?.message ?? error) });
  }
});
process.on('disconnect', () => process.exit());
