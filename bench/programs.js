'use strict';

// The C++ programs of bench/core: built when they are needed, and run.

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const BUILD = path.join(ROOT, 'build', 'bench');

/** Builds a program; resolves to nothing new if it is up to date. @throws Error when there is no compiler. */
function buildProgram(name) {
  const run = (...args) => execFileSync('cmake', args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  run('-S', '.', '-B', BUILD, '-G', 'Ninja', '--log-level=WARNING', '-DAGENTMEMDB_BENCH=ON', '-DAGENTMEMDB_TESTS=OFF');
  run('--build', BUILD, '--target', name);
}

/** Runs a program that prints one line of JSON per figure; `environment` is added to that of this process. */
function runProgram(name, args, environment = {}) {
  const env = { ...process.env, ...environment };
  const output = execFileSync(path.join(BUILD, name), args.map(String), { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] });
  return output.trim().split('\n').map((line) => JSON.parse(line));
}

module.exports = { buildProgram, runProgram };
