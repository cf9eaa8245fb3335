'use strict';

// Nearest-neighbour search: agentmemdb and its peers, in one run, on one data set, at matched recall.
// bench/README.md says what is measured and how to read it.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { prepareData } = require('./data');
const { EngineClient } = require('./engine-client');
const { describeMachine } = require('./machine');
const { medianOf } = require('./measure');
const { parseOptions, ADAPTERS, USAGE } = require('./options');
const { report } = require('./report');
const { remembering, smallestEf } = require('./smallest-ef');

const GRAPH = { M: 16, efConstruction: 200 };
const TARGETS = ['0.95', '0.99'];
const EF_LIMIT = 4096; // an engine that needs more is far from usable at that recall

async function main() {
  const options = { ...parseOptions(process.argv.slice(2)), ...GRAPH, targets: TARGETS };
  if (options.help) return void process.stdout.write(USAGE);
  // Before anything needs tidying up: it blocks, so a signal must be able to end it the plain way.
  const data = prepareData(options, () => progress('generating data and exact answers (kept in the temp folder)'));
  const folder = fs.mkdtempSync(path.join(options.dir ?? os.tmpdir(), 'agentmemdb-bench-'));
  const engines = [];
  stopOnSignal(engines, folder);
  try {
    const results = await run(options, data, folder, engines);
    process.stdout.write(`${report(results)}\n`);
    if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  } finally {
    await Promise.all(engines.map((engine) => engine.client.stop()));
    removeFolder(folder);
  }
}

async function run(options, data, folder, engines) {
  const machine = describeMachine(folder);
  for (const name of options.engines) engines.push(start(name));
  for (const engine of engines) await attempt(engine, 'build', () => build(engine, options, data, folder));
  for (const engine of engines) await attempt(engine, 'find ef', () => findEfs(engine));
  for (let round = 0; round < options.rounds; round++) await measureRound(engines, options, round);
  for (const engine of engines) await attempt(engine, 'close', () => finish(engine));
  return { machine, options, engines: engines.map(plainResult) };
}

function start(name) {
  const slots = Object.fromEntries(TARGETS.map((target) => [target, []]));
  return { name, client: new EngineClient(), targets: {}, slots };
}

/** Runs one step of one engine. What goes wrong is told in the report, and the other engines go on. */
async function attempt(engine, step, work) {
  if (engine.failed) return;
  progress(`${step}: ${engine.name}`);
  try {
    await work();
  } catch (error) {
    engine.failed = `${step} failed: ${error.message.split('\n')[0]}`;
    progress(`${engine.name}: ${engine.failed}`);
  }
}

async function build(engine, options, data, folder) {
  const own = path.join(folder, engine.name);
  fs.mkdirSync(own);
  const { dim, metric, k, seed, n } = options;
  const settings = { adapter: ADAPTERS[engine.name], data, folder: own, dim, metric, k, seed, ...GRAPH };
  const loaded = await engine.client.call('load', settings);
  engine.version = loaded.version;
  engine.efMax = Math.min(EF_LIMIT, loaded.efMax);
  engine.k = k;
  const built = await engine.client.call('build');
  const perSecond = (ms) => ms && (n * 1000) / ms;
  engine.build = { ...built, builtPerSecond: perSecond(built.wallMs), loadPerSecond: perSecond(built.loadMs) };
}

async function findEfs(engine) {
  const recallAt = remembering((ef) => engine.client.call('recall', ef));
  for (const target of TARGETS) {
    engine.targets[target] = await smallestEf(recallAt, Number(target), engine.k, engine.efMax);
  }
}

async function measureRound(engines, { slotMs, inFlight }, round) {
  // Rotated: whoever comes first in a round finds colder caches than the others.
  const order = engines.map((_, i) => engines[(i + round) % engines.length]);
  for (const target of TARGETS) {
    for (const engine of order.filter(({ targets }) => targets[target])) {
      await attempt(engine, `round ${round + 1}, recall ${target}`, async () => {
        const { ef } = engine.targets[target];
        engine.slots[target].push(await engine.client.call('slot', { ef, ms: slotMs, inFlight }));
      });
    }
  }
}

async function finish(engine) {
  for (const target of TARGETS) {
    const slots = engine.slots[target];
    if (slots.length > 0) Object.assign(engine.targets[target], medianOf(slots));
  }
  engine.facts = await engine.client.call('facts');
}

function plainResult({ name, version, failed, build, targets, slots, facts }) {
  return { name, version, failed, build, targets, rounds: slots, facts };
}

function stopOnSignal(engines, folder) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      for (const engine of engines) engine.client.kill();
      removeFolder(folder);
      process.exit(1);
    });
  }
}

// Again and again, because a process just killed may still be writing.
function removeFolder(folder) {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function progress(line) {
  process.stderr.write(`${line}\n`);
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
