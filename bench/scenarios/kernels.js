'use strict';

const { buildProgram, runProgram } = require('../programs');
const { fixed } = require('../table');

function run(context) {
  context.progress('building and running kernels_bench');
  buildProgram('kernels_bench');
  return runProgram('kernels_bench', []);
}

function tables(rows) {
  const dims = [...new Set(rows.map(({ dim }) => dim))];
  const columns = [['kernels', 'kernels'], ...dims.map((dim) => [`${dim} dims`, `nanos.${dim}`, fixed(1)])];
  return [...new Set(rows.map(({ what }) => what))].map((what) => {
    const these = rows.filter((row) => row.what === what);
    const names = [...new Set(these.map(({ kernels }) => kernels))];
    const nanosOf = (name) => Object.fromEntries(these.filter(({ kernels }) => kernels === name).map(({ dim, nanos }) => [dim, nanos]));
    return { title: `Nanoseconds per distance: ${what}`, columns, rows: names.map((name) => ({ kernels: name, nanos: nanosOf(name) })) };
  });
}

function notes() {
  return [
    'one query against vectors in the first-level cache; thread CPU time, lower quartile of 15 interleaved rounds',
    'high plane: what a walk reads of a vector from 384 dimensions on; both planes: what building and comparing again read',
  ];
}

module.exports = { name: 'kernels', about: 'Kernels', withoutData: true, run, tables, notes };
