'use strict';

// npm run test:crash -- --runs N, npm run test:soak -- --minutes N: a test that runs in CI too, for as long as one likes.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const TESTS = {
  crash: { file: 'test/process/kill.test.js', option: 'runs', variable: 'AGENTMEMDB_KILL_RUNS' },
  soak: { file: 'test/process/soak.test.js', option: 'minutes', variable: 'AGENTMEMDB_SOAK_MINUTES' },
};

function fail(message) {
  console.error(message);
  process.exit(2);
}

function main([name, ...rest]) {
  const { file, option, variable } = TESTS[name] ?? fail('usage: node scripts/test-long.js crash|soak [...]');
  let values;
  try {
    ({ values } = parseArgs({ args: rest, options: { [option]: { type: 'string' }, seed: { type: 'string' } } }));
  } catch (error) {
    fail(`${error.message}\nusage: npm run test:${name} -- [--${option} N] [--seed N]`);
  }
  for (const [key, value] of Object.entries(values)) if (!(Number(value) > 0)) fail(`--${key} must be a number above 0`);
  const env = { ...process.env };
  if (values[option]) env[variable] = values[option];
  if (values.seed) env.AGENTMEMDB_SEED = values.seed;
  const jest = path.join('node_modules', 'jest', 'bin', 'jest.js');
  const { status } = spawnSync(process.execPath, [jest, file], { cwd: path.join(__dirname, '..'), env, stdio: 'inherit' });
  process.exit(status ?? 1);
}

main(process.argv.slice(2));
