'use strict';

// npm run eval -- FOLDER ... [--settings keyword,hybrid] [--compare reference,keyword] [--limit 1000] [--calibrate 30]
// Prints how well the product retrieves on folders of judged queries (dataset.js), a line for each setting; with --compare also the
// queries on which two settings differ most; with --calibrate what so many judged queries are worth, over 20 draws.

const { parseArgs } = require('node:util');
const { readDataset } = require('./dataset');
const { SETTINGS, evaluate, calibrated } = require('./evaluate');
const { meansOf } = require('./metrics');

const SHOWN = 10;
const METRIC = 'nDCG@10';

function settingsOf(list, dataset) {
  const names = list?.split(',') ?? Object.keys(SETTINGS);
  const unknown = names.find((name) => !(name in SETTINGS));
  if (unknown !== undefined) throw new Error(`there is no setting '${unknown}'; known: ${Object.keys(SETTINGS).join(', ')}`);
  const hasVectors = dataset.records[0].vector !== undefined;
  return names.filter((name) => hasVectors || !SETTINGS[name].needsVectors || SETTINGS[name].random);
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

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { settings: { type: 'string' }, compare: { type: 'string' }, limit: { type: 'string' }, calibrate: { type: 'string' } },
  });
  if (positionals.length === 0) throw new Error('usage: npm run eval -- FOLDER ... [--settings a,b] [--compare a,b] [--limit N]');
  const compare = values.compare?.split(',');
  for (const folder of positionals) {
    const dataset = readDataset(folder, Number(values.limit ?? Infinity));
    const names = settingsOf(values.settings, dataset);
    const results = {};
    for (const name of new Set([...names, ...(compare ?? [])])) results[name] = await evaluate(dataset, name);
    const rows = names.map((name) => ({ setting: name, ...meansOf(results[name]) }));
    printTable(`${dataset.name}: ${dataset.records.length} records, ${dataset.queries.length} judged queries`, rows);
    if (compare !== undefined) printDifferences(dataset, compare, results);
    if (values.calibrate !== undefined) printCalibration(await calibrated(dataset, { count: Number(values.calibrate) }));
  }
}

main().catch((error) => {
  console.error(`eval: ${error.message}`);
  process.exitCode = 1;
});
