'use strict';

// Runs scenarios over shapes of data: what ann.js, core.js and kernels.js share.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Context } = require('./context');
const { prepareData } = require('./data');
const { describeMachine } = require('./machine');
const { parseOptions, USAGE } = require('./options');
const { report } = require('./report');

/** @param {Record<string, string>} defaults of flags, where the command has others than USAGE says */
async function main(argv, defaults) {
  const options = parseOptions(argv, defaults);
  if (options.help) return void process.stdout.write(USAGE);
  const scenarios = options.scenarios.map((name) => require(`./scenarios/${name}`));
  // Before anything needs tidying up: it blocks, so a signal must be able to end it the plain way.
  const shapes = options.shapes.map((shape) => withData({ ...options, ...shape }, scenarios));
  const folder = fs.mkdtempSync(path.join(options.dir ?? os.tmpdir(), 'agentmemdb-bench-'));
  const running = stopOnSignal(folder);
  try {
    const run = { machine: describeMachine(folder), options, results: [] };
    for (const shape of shapes) run.results.push(...(await runShape(shape, scenarios, folder, running)));
    process.stdout.write(`${report(run)}\n`);
    if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(publicPart(run), null, 2)}\n`);
  } finally {
    removeFolder(folder);
  }
}

function withData(options, scenarios) {
  if (scenarios.every((scenario) => scenario.withoutData)) return { options };
  const generating = (file) => progress(`generating data and exact answers: ${path.basename(file)} (kept in the temp folder)`);
  return { options, data: prepareData(options, generating) };
}

/** Every scenario on one data set. A scenario that cannot run is told among the failures, and the next one goes on. */
async function runShape({ options, data }, scenarios, folder, running) {
  const context = new Context(options, data, fs.mkdtempSync(path.join(folder, 'shape-')), progress);
  running.context = context;
  const results = [];
  try {
    for (const scenario of scenarios) scenario.before?.(context);
    for (const scenario of scenarios) results.push(await runOne(scenario, context));
  } finally {
    await context.stop();
    running.context = undefined;
  }
  return results;
}

async function runOne(scenario, context) {
  const { n, dim } = context.options;
  const start = performance.now();
  const told = context.failures.length;
  let rows = [];
  try {
    rows = await scenario.run(context);
  } catch (error) {
    context.failures.push({ engine: scenario.name, what: error.message.split('\n')[0] });
  }
  const seconds = Math.round((performance.now() - start) / 1000);
  const failures = context.failures.slice(told);
  const shape = scenario.withoutData ? {} : { n, dim };
  return { scenario: scenario.name, ...shape, seconds, versions: { ...context.versions }, failures, rows };
}

// Results may be published, so folders of this machine stay out of them.
function publicPart({ machine, options, results }) {
  return { machine, options: { ...options, dir: undefined, json: undefined }, results };
}

function stopOnSignal(folder) {
  const running = {};
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      running.context?.kill();
      removeFolder(folder);
      process.exit(1);
    });
  }
  return running;
}

// Again and again, because a process just killed may still be writing.
function removeFolder(folder) {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function progress(line) {
  process.stderr.write(`${line}\n`);
}

/** main(), as a command: errors become a message and an exit code. */
function command(defaults) {
  main(process.argv.slice(2), defaults).catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}

module.exports = { command };
