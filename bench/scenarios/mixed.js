'use strict';

const { setTimeout: sleep } = require('node:timers/promises');
const { readData } = require('../data');
const { percentile } = require('../measure');
const { fixed, thousands, times, whole } = require('../table');

const ENGINE = 'ours';
const TARGET = 0.95;
const ROWS_PER_CALL = 1000;
const ROWS_PER_PACED_CALL = 10;
const SAMPLE_MS = 20;
const DRAIN_LIMIT_MS = 120_000;

/**
 * Searches beside writes, in a collection that holds half of the data when it begins: idle; beside a writer at a given rate;
 * beside a load at full speed; while what was loaded is being linked; and idle again. Then searches in flight without end
 * beside another load: does the tail drain?
 */
async function run(context) {
  const { options } = context;
  if (!options.engines.includes(ENGINE)) return [];
  const rows = Math.ceil(options.n / 2);
  const engine = await context.build(ENGINE, { rows });
  const phases = await context.attempt(engine, 'searches beside writes', async () => {
    const { ef } = (await context.efFor(engine, TARGET)) ?? { ef: 100 };
    const { phaseMs, writeRate, inFlight } = options;
    return engine.client.call('mixed.phases', { ef, rows, phaseMs, writeRate, inFlight });
  });
  await context.unload(engine);
  if (!phases) return [];
  const idle = phases[0].p99;
  return phases.map((phase) => ({ engine: ENGINE, ...phase, p99OfIdle: phase.p99 / idle }));
}

const verbs = {
  async phases({ engine, prepared, options, warmUp }, { ef, rows, phaseMs, writeRate, inFlight }) {
    const writer = new Writer(engine, options, rows);
    await engine.use(ef);
    await warmUp();
    const measured = (name, lanes, during) => phase(name, { engine, prepared, lanes, writer }, during);
    const phases = [await measured('idle', 1, () => sleep(phaseMs))];
    phases.push(await measured(`writer at ${writeRate} rows/s`, 1, () => writer.paced(phaseMs, writeRate)));
    await engine.settle();
    // Half of what is left at full speed, the other half under pressure.
    const bulk = Math.floor(writer.left / 2);
    phases.push(await measured('load at full speed', 1, () => writer.write(bulk)));
    phases.push(await measured('until linked', 1, () => engine.settle()));
    phases.push(await measured('idle again', 1, () => sleep(phaseMs)));
    phases.push(
      await measured(`${inFlight} in flight, load, until linked`, inFlight, async () => {
        await writer.write(writer.left);
        // settle() would link eagerly; the question is what the background does by itself.
        const end = performance.now() + DRAIN_LIMIT_MS;
        while ((await engine.tail()) > 0 && performance.now() < end) await sleep(SAMPLE_MS);
      }),
    );
    return phases;
  },
};

/** Writes the rows of the data that the index was not built with. */
class Writer {
  #engine;
  #dim;
  #base;
  #next;

  constructor(engine, options, next) {
    this.#engine = engine;
    this.#dim = options.dim;
    this.#base = readData(options.data).base;
    this.#next = next;
  }

  get left() {
    return this.#base.length / this.#dim - this.#next;
  }

  async write(count, rowsPerCall = ROWS_PER_CALL) {
    const end = this.#next + Math.min(count, this.left);
    while (this.#next < end) {
      const upTo = Math.min(end, this.#next + rowsPerCall);
      await this.#engine.insert(this.#next, this.#base.subarray(this.#next * this.#dim, upTo * this.#dim));
      this.#next = upTo;
    }
  }

  /** Small calls at a rate, for a time, but not more than a third of what is left. */
  async paced(ms, rowsPerSecond) {
    const start = performance.now();
    const most = Math.floor(this.left / 3);
    for (let written = 0; written < most; written += ROWS_PER_PACED_CALL) {
      const due = start + (1000 * written) / rowsPerSecond;
      if (due > start + ms) break;
      await sleep(Math.max(0, due - performance.now()));
      await this.write(ROWS_PER_PACED_CALL, ROWS_PER_PACED_CALL);
    }
  }
}

/** Searches without a pause in `lanes` while `during` runs, and the longest tail seen meanwhile. */
async function phase(name, { engine, prepared, lanes, writer }, during) {
  const before = writer.left;
  const start = performance.now();
  let running = true;
  let next = 0;
  let tailMax = 0;
  const micros = [];
  const search = async () => {
    while (running) {
      const begin = performance.now();
      await engine.search(prepared[next++ % prepared.length]);
      micros.push((performance.now() - begin) * 1000);
    }
  };
  const sample = async () => {
    while (running) {
      tailMax = Math.max(tailMax, await engine.tail());
      await sleep(SAMPLE_MS);
    }
  };
  const others = [...Array.from({ length: lanes }, search), sample()];
  try {
    await during();
  } finally {
    running = false;
    await Promise.all(others);
  }
  const seconds = (performance.now() - start) / 1000;
  const { loopStepMaxMs } = await engine.facts();
  const figures = { seconds, qps: micros.length / seconds, p50: percentile(micros, 0.5), p99: percentile(micros, 0.99) };
  return { phase: name, ...figures, rowsPerSecond: (before - writer.left) / seconds, tailMax, tail: await engine.tail(), loopStepMaxMs };
}

function tables(rows) {
  const columns = [
    ['phase', 'phase'],
    ['seconds', 'seconds', fixed(1)],
    ['rows written/s', 'rowsPerSecond', thousands],
    ['QPS', 'qps', thousands],
    ['p50 us', 'p50', whole],
    ['p99 us', 'p99', whole],
    ['p99 to idle', 'p99OfIdle', times],
    ['longest tail', 'tailMax', thousands],
    ['tail after', 'tail', thousands],
    ['own step max ms so far', 'loopStepMaxMs', fixed(2)],
  ];
  return [{ title: 'Searches of ours beside writes of ours', columns, rows }];
}

function notes() {
  return ['tail: vectors that are searchable by a scan but not linked yet; own step: the longest of ours on the event loop, CPU time'];
}

module.exports = { name: 'mixed', about: 'Reading and writing at once', run, verbs, tables, notes };
