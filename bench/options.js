'use strict';

const { parseArgs } = require('node:util');

const USAGE = `node ann.js [flags]

  --scenarios LIST   default build,search; 'all' for build,search,curve,filters,deletes,ingest,mixed,reopen
  --n LIST           vectors, default 10000; with --dims, every combination is run
  --texts 100000     what 'text' calls --n: texts of 20 to 60 words, each with a vector
  --dims LIST        numbers per vector, default 384
  --queries 1000     held-out queries
  --k 10             neighbours wanted
  --rounds 5         interleaved rounds; the tables show medians over them
  --seed 1           of the data and of the engines that take one
  --engines LIST     default ours,hnswlib-node,usearch,usearch-i8,zvec; of text.js: ours,zvec,lancedb (which knows 'text' only)
  --metric cosine    cosine or ip (all vectors have length 1: the right answers are the same)
  --in-flight 64     searches going at once in the concurrent parts
  --slot-ms 300      least time of each measured part of a round
  --phase-ms 3000    of each phase of 'mixed'
  --write-rate 1000  rows a second of the paced writer of 'mixed'
  --batch 1000       rows a call in 'ingest'
  --one-thread LIST  engines that 'build' also builds on one thread, or none; default ours
  --threads 1        that link our graph in 'core'
  --dir FOLDER       where the engines write their files (a new folder in it, removed after); default: the temp folder
  --json FILE        write everything that was measured
  --help
`;

// 'ours' is what the flag says; the file is called like the package.
const ADAPTERS = {
  ours: 'agentmemdb',
  'hnswlib-node': 'hnswlib-node',
  usearch: 'usearch',
  'usearch-i8': 'usearch-i8',
  zvec: 'zvec',
  lancedb: 'lancedb',
};
const VECTOR_ENGINES = Object.keys(ADAPTERS).filter((name) => name !== 'lancedb');

// In the order they run: 'reopen' closes the engines that were built, so it comes last.
const SCENARIOS = ['build', 'search', 'curve', 'filters', 'deletes', 'ingest', 'mixed', 'reopen'];
// Started by commands of their own: core.js, kernels.js, text.js.
const OTHER_SCENARIOS = ['core', 'kernels', 'text'];

const FLAGS = {
  scenarios: { type: 'string', default: 'build,search' },
  n: { type: 'string', default: '10000' },
  texts: { type: 'string' },
  dims: { type: 'string', default: '384' },
  queries: { type: 'string', default: '1000' },
  k: { type: 'string', default: '10' },
  rounds: { type: 'string', default: '5' },
  seed: { type: 'string', default: '1' },
  engines: { type: 'string', default: VECTOR_ENGINES.join(',') },
  metric: { type: 'string', default: 'cosine' },
  'in-flight': { type: 'string', default: '64' },
  'slot-ms': { type: 'string', default: '300' },
  'phase-ms': { type: 'string', default: '3000' },
  'write-rate': { type: 'string', default: '1000' },
  batch: { type: 'string', default: '1000' },
  'one-thread': { type: 'string', default: 'ours' },
  threads: { type: 'string', default: '1' },
  dir: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
};

/**
 * @param {Record<string, string>} defaults of flags, where a command has others
 * @throws Error with a message for people, naming the flag.
 */
function parseOptions(argv, defaults = {}) {
  const { values: given } = parseArgs({ args: argv, options: FLAGS });
  const usual = (flag) => given[flag] === FLAGS[flag].default && !argv.some((word) => word.split('=')[0] === `--${flag}`);
  const values = { ...given };
  for (const [flag, value] of Object.entries(defaults)) if (usual(flag)) values[flag] = value;
  if (values.texts !== undefined) values.n = values.texts;
  const options = {
    scenarios: oneOf('scenarios', named(values.scenarios), [...SCENARIOS, ...OTHER_SCENARIOS]),
    shapes: shapesOf(values),
    queries: positive(values, 'queries'),
    k: positive(values, 'k'),
    rounds: positive(values, 'rounds'),
    seed: positive(values, 'seed'),
    inFlight: positive(values, 'in-flight'),
    slotMs: positive(values, 'slot-ms'),
    phaseMs: positive(values, 'phase-ms'),
    writeRate: positive(values, 'write-rate'),
    batch: positive(values, 'batch'),
    engines: oneOf('engines', values.engines.split(','), Object.keys(ADAPTERS)),
    oneThread: values['one-thread'] === 'none' ? [] : oneOf('one-thread', values['one-thread'].split(','), Object.keys(ADAPTERS)),
    threads: positive(values, 'threads'),
    metric: oneOf('metric', [values.metric], ['cosine', 'ip'])[0],
    dir: values.dir,
    json: values.json,
    help: values.help,
  };
  if (options.shapes.some(({ n }) => options.k > n)) throw new Error('--k must not be larger than --n');
  return options;
}

function named(scenarios) {
  return scenarios === 'all' ? SCENARIOS : scenarios.split(',');
}

function shapesOf(values) {
  const list = (flag) => values[flag].split(',').map((value) => positive({ [flag]: value }, flag));
  return list('n').flatMap((n) => list('dims').map((dim) => ({ n, dim })));
}

function positive(values, flag) {
  const number = Number(values[flag]);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new Error(`--${flag} must be a whole number from 1 on, got '${values[flag]}'`);
  }
  return number;
}

/** In the order of `allowed`, each once. */
function oneOf(flag, given, allowed) {
  const unknown = given.find((value) => !allowed.includes(value));
  if (unknown !== undefined) throw new Error(`--${flag} knows ${allowed.join(', ')}, got '${unknown}'`);
  return allowed.filter((value) => given.includes(value));
}

module.exports = { parseOptions, ADAPTERS, USAGE };
