'use strict';

// npm run eval -- FOLDER ... [--settings keyword,hybrid] [--compare reference,keyword] [--limit 1000] [--k 1000] [--calibrate 30]
// Prints how well the product retrieves on folders of judged queries (dataset.js), a line for each setting; with --compare also the
// queries on which two settings differ most; with --calibrate what so many judged queries are worth, over 20 draws. --k is the number of
// hits asked for: fusion looks at 2 k records of each arm, so for what a user of 10 hits gets, ask for 10.

const { parseArgs } = require('node:util');
const { readDataset } = require('./dataset');
const { SETTINGS, evaluate, calibrated } = require('./evaluate');
const { meansOf } = require('./metrics');

const SHOWN = 10;
const METRIC = 'nDCG@10';

/** The settings named in `list` that the dataset allows. @throws Error naming one that there is not, or that needs vectors. */
function settingsOf(list, dataset) {
  const hasVectors = dataset.records.some(({ vector }) => vector !== undefined);
  const isPossible = (name) => hasVectors || !SETTINGS[name].needsVectors || SETTINGS[name].random;
  if (list === undefined) return Object.keys(SETTINGS).filter(isPossible);
  for (const name of list) {
    if (!Object.hasOwn(SETTINGS, name)) throw new Error(`there is no setting '${name}'; known: ${Object.keys(SETTINGS).join(', ')}`);
    if (!isPossible(name)) throw new Error(`${name} needs vectors, and ${dataset.name} has none`);
  }
  return list;
}

function printTable(title, rows) {
  console.log(`\n${title}`);
  const columns = Object.keys(rows[0]);
  const text = (value) => (typeof value === 'number' ? value.toFixed(4) : value);
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => text(row[column]).length)));
  const line = (cells) => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  console.log(line(columns));
  for (const row of rows) console.log(line(columns.map((column) => text(row[column]))));
}

function printDifferences({ queries }, [before, after], results) {
  const rows = queries.map((query, i) => {
    const [from, to] = [results[before][i][METRIC], results[after][i][METRIC]];
    return { difference: to - from, [before]: from, [after]: to, query: query.text.slice(0, 80) };
  });
  rows.sort((a, b) => a.difference - b.difference);
  const better = rows.filter(({ difference }) => difference > 0.002).length;
  const worse = rows.filter(({ difference }) => difference < -0.002).length;
  console.log(`\n${after} against ${before}, ${METRIC}: better on ${better} queries, worse on ${worse}, the same on ${rows.length - better - worse}`);
  const shown = rows.length <= 2 * SHOWN ? rows : [...rows.slice(0, SHOWN), ...rows.slice(-SHOWN)];
  printTable('most different', shown.map(({ query, ...rest }) => ({ query, ...rest })));
}

function printCalibration(draws) {
  const rows = draws.map((each) => {
    const [keyword, vector, byDefault, chosen] = ['keyword', 'vector', 'default', 'calibrated'].map((name) => each[name][METRIC]);
    return { alpha: each.alpha, keyword, vector, default: byDefault, calibrated: chosen, 'against the better arm': chosen - Math.max(keyword, vector) };
  });
  printTable(`calibrated on other queries, ${METRIC}, means over ${rows.length} draws`, [meansOf(rows)]);
}

const USAGE = 'usage: npm run eval -- FOLDER ... [--settings a,b] [--compare a,b] [--limit N] [--k N] [--calibrate N]';

function count(values, name, byDefault) {
  const value = Number(values[name] ?? byDefault);
  if (values[name] !== undefined && !(Number.isInteger(value) && value >= 1)) throw new Error(`--${name} must be a whole number from 1 on, got '${values[name]}'`);
  return value;
}

function optionsOf(values) {
  const compare = values.compare?.split(',');
  if (compare !== undefined && compare.length !== 2) throw new Error(`--compare must name two settings, got '${values.compare}'`);
  return { settings: values.settings?.split(','), compare, limit: count(values, 'limit', Infinity), k: count(values, 'k', 1000), calibrate: count(values, 'calibrate', 0) };
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: Object.fromEntries(['settings', 'compare', 'limit', 'k', 'calibrate'].map((name) => [name, { type: 'string' }])),
  });
  if (positionals.length === 0) throw new Error(USAGE);
  const { settings, compare, limit, k, calibrate } = optionsOf(values);
  for (const folder of positionals) {
    const dataset = readDataset(folder, limit);
    const names = settingsOf(settings, dataset);
    const results = {};
    for (const name of new Set([...names, ...settingsOf(compare ?? [], dataset)])) results[name] = await evaluate(dataset, name, { k });
    const rows = names.map((name) => ({ setting: name, ...meansOf(results[name]) }));
    printTable(`${dataset.name}: ${dataset.records.length} records, ${dataset.queries.length} judged queries`, rows);
    if (compare !== undefined) printDifferences(dataset, compare, results);
    if (calibrate > 0) printCalibration(await calibrated(dataset, { count: calibrate, k }));
  }
}

main().catch((error) => {
  console.error(`eval: ${error.message}`);
  process.exitCode = 1;
});
