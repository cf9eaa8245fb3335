'use strict';

// What a run found, as text for people. Everything here reads the object that --json writes, and changes nothing.

const { ratioTable, textTable } = require('./table');

function header({ machine, options, results }) {
  const { metric, queries, k, seed, rounds } = options;
  const { cpu, cores, memoryGiB, system, loadAverage, node, commit, date } = machine;
  const versions = Object.entries(Object.assign({}, ...results.map((result) => result.versions)));
  const lines = [
    `agentmemdb bench of ${date}, commit ${commit}`,
    `data       ${metric}, ${queries} queries, k ${k}, seed ${seed}`,
    `machine    ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, load average ${loadAverage.toFixed(1)} before`,
    `software   node ${node}${versions.map(([name, version]) => `, ${name} ${version}`).join('')}`,
  ];
  if (versions.length > 0) {
    lines.push(`method     one process per engine, one at work at a time; order rotated each round; medians over up to ${rounds} rounds`);
  }
  if (machine.filesInMemory) {
    lines.push('caution    files are on tmpfs, where a sync costs nothing: give --dir a folder on a disk');
  }
  return lines.join('\n');
}

/** What a result is about, in a line. */
function titleOf({ scenario, n, dim }) {
  const { about } = require(`./scenarios/${scenario}`);
  return n === undefined ? about : `${about}: ${n.toLocaleString('en-US')} x ${dim}`;
}

/** The tables of one result, the comparison with the best peer last. */
function tablesOf(result, options) {
  const scenario = require(`./scenarios/${result.scenario}`);
  const ratios = ratioTable(scenario.ratios?.(result.rows, options) ?? []);
  const tables = scenario.tables(result.rows, options).filter(({ rows }) => rows.length > 0);
  return ratios.rows.length > 0 ? [...tables, ratios] : tables;
}

/** What a reader of a result has to know, line by line. */
function notesOf(result) {
  const { notes = () => [] } = require(`./scenarios/${result.scenario}`);
  return [...notes(result.rows), ...result.failures.map(({ engine, what }) => `${engine} was left out: ${what}`)];
}

function report(run) {
  const parts = run.results.map((result) => {
    const title = `== ${titleOf(result)} (${result.seconds} s)`;
    const tables = tablesOf(result, run.options).map(textTable);
    const notes = notesOf(result).map((note) => `  ${note}`);
    return [title, ...tables, ...(notes.length > 0 ? [notes.join('\n')] : [])].join('\n\n');
  });
  return [header(run), ...parts].join('\n\n');
}

module.exports = { report, titleOf, tablesOf, notesOf };
