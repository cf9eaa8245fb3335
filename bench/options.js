'use strict';

const { parseArgs } = require('node:util');

const USAGE = `node bench/ann.js [flags]

  --n 10000          vectors
  --dim 384          numbers per vector
  --queries 1000     held-out queries
  --k 10             neighbours wanted
  --rounds 5         interleaved rounds; the tables show medians over them
  --seed 1           of the data and of the engines that take one
  --engines LIST     default ours,hnswlib-node,usearch,zvec
  --metric cosine    cosine or ip (all vectors have length 1: the right answers are the same)
  --in-flight 64     searches going at once in the concurrent part
  --slot-ms 300      least time of each measured part of a round
  --dir FOLDER       where the engines write their files (a new folder in it, removed after); default: the temp folder
  --json FILE        write everything that was measured
  --help
`;

// 'ours' is what the flag says; the file is called like the package.
const ADAPTERS = { ours: 'agentmemdb', 'hnswlib-node': 'hnswlib-node', usearch: 'usearch', zvec: 'zvec' };

const FLAGS = {
  n: { type: 'string', default: '10000' },
  dim: { type: 'string', default: '384' },
  queries: { type: 'string', default: '1000' },
  k: { type: 'string', default: '10' },
  rounds: { type: 'string', default: '5' },
  seed: { type: 'string', default: '1' },
  engines: { type: 'string', default: Object.keys(ADAPTERS).join(',') },
  metric: { type: 'string', default: 'cosine' },
  'in-flight': { type: 'string', default: '64' },
  'slot-ms': { type: 'string', default: '300' },
  dir: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
};

/** @throws Error with a message for people, naming the flag. */
function parseOptions(argv) {
  const { values } = parseArgs({ args: argv, options: FLAGS });
  const options = {
    n: positive(values, 'n'),
    dim: positive(values, 'dim'),
    queries: positive(values, 'queries'),
    k: positive(values, 'k'),
    rounds: positive(values, 'rounds'),
    seed: positive(values, 'seed'),
    inFlight: positive(values, 'in-flight'),
    slotMs: positive(values, 'slot-ms'),
    engines: oneOf('engines', values.engines.split(','), Object.keys(ADAPTERS)),
    metric: oneOf('metric', [values.metric], ['cosine', 'ip'])[0],
    dir: values.dir,
    json: values.json,
    help: values.help,
  };
  if (options.k > options.n) throw new Error('--k must not be larger than --n');
  return options;
}

function positive(values, flag) {
  const number = Number(values[flag]);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new Error(`--${flag} must be a whole number from 1 on, got '${values[flag]}'`);
  }
  return number;
}

function oneOf(flag, given, allowed) {
  const unknown = given.find((value) => !allowed.includes(value));
  if (unknown !== undefined) throw new Error(`--${flag} knows ${allowed.join(', ')}, got '${unknown}'`);
  return given;
}

module.exports = { parseOptions, ADAPTERS, USAGE };
