'use strict';

// The process of one engine. Every engine has its own, so that memory, CPU time, thread pools, garbage and crashes are
// its own too; one process works at a time. Messages: { id, verb, args } -> { id, result } or { id, error }. A verb is one
// of those below, or 'scenario.verb': one of a scenario's own.

const fs = require('node:fs');
const path = require('node:path');
const { readData, recall } = require('./data');
const measure = require('./measure');
const { searchOnce } = require('./passes');

const IDLE_BASELINE_MS = 1000;
const WARM_UP_SEARCHES = 200;
const OPTIONAL_VERBS = ['filter', 'remove', 'insert', 'reopen', 'keywords'];

// What every verb works on.
const session = { options: undefined, engine: undefined, data: undefined, prepared: undefined };

const verbs = {
  /** Loads the package; tells its version, its largest ef and what it can do. */
  load(_session, given) {
    session.options = given;
    const adapter = require(`./engines/${given.adapter}`);
    // Through the package's own folder: a package that cannot be loaded must fail here, with its own message.
    require(adapter.package);
    session.engine = adapter.create(given);
    const can = OPTIONAL_VERBS.filter((verb) => typeof session.engine[verb] === 'function');
    return { version: versionOf(adapter.package), efMax: adapter.efMax, can };
  },

  /** Builds the index of the first `rows` rows; tells time, event-loop delay and memory. */
  async build(_session, { rows = session.options.data.n }) {
    readQueries();
    const { engine, data, options } = session;
    const idle = await measure.idleLoopDelay(IDLE_BASELINE_MS);
    const before = await measure.residentMemory();
    const work = () => engine.build(data.base.subarray(0, rows * options.dim));
    const { result: clock, loop } = await measure.withLoopDelay(() => measure.timed(work));
    await engine.use(100);
    await warmUp();
    const after = await measure.residentMemory();
    // Not needed from here on; the difference above is taken with it on both sides.
    data.base = undefined;
    const perSecond = (ms) => ms && (rows * 1000) / ms;
    return {
      settings: clock.result.settings,
      loadPerSecond: perSecond(clock.result.loadMs),
      builtPerSecond: perSecond(clock.wallMs),
      builtPerCpuSecond: perSecond(clock.processCpuMs),
      loop: measure.besideIdle(loop, idle),
      bytesPerVector: { anon: (after.anon - before.anon) / rows, file: (after.file - before.file) / rows },
    };
  },

  /** Share of the exact answers that the engine finds with this ef, over all queries. */
  async recall({ engine, prepared, data, options }, ef) {
    await engine.use(ef);
    return recall(await searchOnce(engine, prepared), data.truth, options.k);
  },

  async facts({ engine }) {
    return (await engine.facts?.()) ?? {};
  },

  async close({ engine }) {
    await engine?.close();
  },
};

/** Reads the data and has the queries ready in the engine's form. */
function readQueries() {
  const { options, engine } = session;
  session.data = readData(options.data);
  const queryAt = (i) => session.data.queries.subarray(i * options.dim, (i + 1) * options.dim);
  session.prepared = Array.from({ length: options.data.queries }, (_, i) => engine.prepare(queryAt(i)));
}

function warmUp() {
  return searchOnce(session.engine, session.prepared.slice(0, WARM_UP_SEARCHES));
}

function verbNamed(name) {
  const [scenario, verb] = name.split('.');
  return verb ? require(`./scenarios/${scenario}`).verbs[verb] : verbs[name];
}

function versionOf(name) {
  // Some packages do not export their package.json, so it is read as a file.
  const folders = path.isAbsolute(name) ? [name] : require.resolve.paths(name).map((folder) => path.join(folder, name));
  const file = folders.map((folder) => path.join(folder, 'package.json')).find((place) => fs.existsSync(place));
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
}

Object.assign(session, { readQueries, warmUp });
process.on('message', async ({ id, verb, args }) => {
  try {
    process.send({ id, result: (await verbNamed(verb)(session, args)) ?? null });
  } catch (error) {
    process.send({ id, error: String(error?.message ?? error) });
  }
});
process.on('disconnect', () => process.exit());
