'use strict';

const { buildProgram, runProgram } = require('../programs');
const { fixed, times, thousands } = require('../table');

// Ours with the kernels that the CPU would get, and with those that almost every CPU has; hnswlib always compiled for the CPU.
const KERNELS = { widest: {}, avx2: { AGENTMEMDB_CPU: 'avx2' } };

function run(context) {
  const { data, options } = context;
  const { n, dim, queries, k, rounds, efConstruction, threads } = options;
  buildProgram('core_bench');
  return Object.entries(KERNELS).flatMap(([kernels, environment]) => {
    context.progress(`core_bench, kernels: ${kernels}`);
    const args = [data.file, n, dim, queries, k, rounds, efConstruction, threads, 1];
    return runProgram('core_bench', args, environment).map((row) => ({ kernels, ...row }));
  });
}

function tables(rows) {
  const search = [
    ['our kernels', 'kernels'],
    ['recall', 'target', fixed(2)],
    ['our ef', 'oursEf'],
    ['us', 'oursMicros', fixed(1)],
    ['hnswlib ef', 'plainEf'],
    ['us', 'plainMicros', fixed(1)],
    ['ours is faster by', 'ratio', times],
  ];
  // hnswlib's is built once for each of our kernel sets, and is the same each time.
  const built = rows.filter(({ step, engine, kernels }) => step === 'build' && (engine === 'ours' || kernels === 'widest'));
  const build = [
    ['engine', 'engine'],
    ['our kernels', 'kernels'],
    ['linked vec/s', 'linkedPerSecond', thousands],
    ['per CPU second', 'linkedPerCpuSecond', thousands],
    ['coded vec/s', 'codedPerSecond', thousands],
  ];
  return [
    { title: 'C++ core against plain hnswlib compiled for this CPU', columns: search, rows: rows.filter(({ step }) => step === 'search') },
    {
      title: 'Building the graph in C++',
      columns: build,
      rows: built.map((row) => (row.engine === 'ours' ? row : { ...row, kernels: undefined })),
    },
  ];
}

function notes() {
  return ['one process, one thread; thread CPU time per query, 200 MB read before every slot; lower quartile of the rounds'];
}

module.exports = { name: 'core', about: 'The C++ core', run, tables, notes };
