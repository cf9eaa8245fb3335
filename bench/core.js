'use strict';

// node core.js [flags]: the C++ core against plain hnswlib compiled for this CPU, on the data of ann.js. Builds itself first.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { prepareData } = require('./data');

const ROOT = path.join(__dirname, '..');
const BUILD = path.join(ROOT, 'build', 'bench');
const USAGE = `node core.js [flags]

  --n 100000              vectors
  --dim 384               numbers per vector
  --queries 1000          held-out queries
  --k 10                  neighbours wanted
  --rounds 8              interleaved rounds
  --seed 1                of the data
  --ef-construction 200   of both
  --threads 1             that link our graph
  --no-baseline           without hnswlib
`;

const number = (fallback) => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({
  options: {
    n: number(100_000),
    dim: number(384),
    queries: number(1000),
    k: number(10),
    rounds: number(8),
    seed: number(1),
    'ef-construction': number(200),
    threads: number(1),
    'no-baseline': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(USAGE);
  process.exit();
}
const shape = Object.fromEntries(['n', 'dim', 'queries', 'k', 'seed'].map((name) => [name, Number(values[name])]));
const data = prepareData(shape, (file) => console.log(`making the data and its exact answers: ${file}`));
const run = (command, args, stdio) => execFileSync(command, args.map(String), { cwd: ROOT, stdio });
run('cmake', ['-S', '.', '-B', BUILD, '-G', 'Ninja', '-DAGENTMEMDB_BENCH=ON', '-DAGENTMEMDB_TESTS=OFF'], 'ignore');
run('cmake', ['--build', BUILD, '--target', 'core_bench'], ['ignore', 'ignore', 'inherit']);
const { n, dim, queries, k } = shape;
const baseline = values['no-baseline'] ? 0 : 1;
run(path.join(BUILD, 'core_bench'), [data.file, n, dim, queries, k, values.rounds, values['ef-construction'], values.threads, baseline], 'inherit');
