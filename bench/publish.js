'use strict';

// node publish.js [--keep] RESULT.json...: writes what was measured into docs/benchmarks.md, between its markers, and the plots into
// docs/benchmarks/. With --keep, sections of other titles stay as they are. No figure there is ever typed by hand.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { plotRecall } = require('./plot');
const { titleOf, tablesOf, notesOf } = require('./report');
const { markdownTable } = require('./table');

const ROOT = path.join(__dirname, '..');
const PAGE = path.join(ROOT, 'docs', 'benchmarks.md');
const PLOTS = path.join(ROOT, 'docs', 'benchmarks');
const BEGIN = '<!-- figures: written by bench/publish.js -->';
const END = '<!-- end of figures -->';

/** Where and with what a run was made. */
function originOf({ machine, options, results }) {
  const versions = Object.entries(Object.assign({}, ...results.map((result) => result.versions)));
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, node ${machine.node}`,
    `${machine.date.slice(0, 10)}, commit ${machine.commit}, seed ${options.seed}, load average ${machine.loadAverage.toFixed(1)} before`,
    versions.map((pair) => pair.join(' ')).join(', '),
  ];
  return lines.filter((line) => line !== '');
}

/** The plot of a curve result, as { file, svg }. */
function plotOf(result, run) {
  const engines = [...new Set(result.rows.map(({ engine }) => engine))];
  const series = engines.map((name) => ({ name, points: result.rows.filter(({ engine }) => engine === name) }));
  const shape = `${result.n.toLocaleString('en-US')} x ${result.dim}`;
  const title = `Recall against speed, ${shape}, k ${run.options.k}, ${run.options.metric}`;
  return { file: `${result.n}x${result.dim}.svg`, title, svg: plotRecall(series, { title, caption: originOf(run) }) };
}

/** One result as Markdown; the table of a curve is its plot's, so it is folded away. */
function sectionOf(result, run, plot) {
  const tables = tablesOf(result, run.options).map(markdownTable).join('\n\n');
  const notes = notesOf(result).map((note) => `- ${note}`).join('\n');
  const origin = `<sub>${originOf(run).join('<br>')}</sub>`;
  const body = plot
    ? [`![${plot.title}](benchmarks/${plot.file})`, `<details><summary>The figures</summary>\n\n${tables}\n\n</details>`]
    : [tables];
  return [`## ${titleOf(result)}`, ...body, ...(notes ? [notes] : []), origin].join('\n\n');
}

/** Where `page` has its figures. @throws Error if it has no markers. */
function markersOf(page) {
  const [start, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`the page has no "${BEGIN}" before "${END}"`);
  return [start + BEGIN.length, end];
}

/** `page` with `content` between its markers. */
function between(page, content) {
  const [start, end] = markersOf(page);
  return `${page.slice(0, start)}\n\n${content}\n\n${page.slice(end)}`;
}

/** The sections of `page`, those of the same title replaced, others added at the end. */
function keeping(page, sections) {
  const titleIn = (section) => section.split('\n', 1)[0];
  const there = page.slice(...markersOf(page)).trim().split(/\n+(?=## )/).filter((section) => section !== '');
  const byTitle = new Map([...there, ...sections].map((section) => [titleIn(section), section]));
  return [...byTitle.values()];
}

/** What is published names no machine and no folder of it. @throws Error naming what it found. */
function assertPublic(content) {
  const found = [os.hostname(), os.homedir(), os.tmpdir(), ROOT].find((name) => name.length > 1 && content.includes(name));
  if (found) throw new Error(`the results name '${found}', which is nobody's business: leave that result out`);
}

function main(argv) {
  const keep = argv[0] === '--keep';
  const files = keep ? argv.slice(1) : argv;
  if (files.length === 0) throw new Error('usage: node publish.js [--keep] RESULT.json...');
  const sections = [];
  const plots = [];
  for (const run of files.map((file) => JSON.parse(fs.readFileSync(file, 'utf8')))) {
    for (const result of run.results) {
      const plot = result.scenario === 'curve' && result.rows.length > 0 ? plotOf(result, run) : undefined;
      if (plot) plots.push(plot);
      sections.push(sectionOf(result, run, plot));
    }
  }
  const old = fs.readFileSync(PAGE, 'utf8');
  const page = between(old, (keep ? keeping(old, sections) : sections).join('\n\n'));
  for (const content of [page, ...plots.map(({ svg }) => svg)]) assertPublic(content);
  fs.mkdirSync(PLOTS, { recursive: true });
  // What else lies there was written by others.
  for (const name of keep ? [] : fs.readdirSync(PLOTS)) if (name.endsWith('.svg')) fs.rmSync(path.join(PLOTS, name));
  for (const { file, svg } of plots) fs.writeFileSync(path.join(PLOTS, file), svg);
  fs.writeFileSync(PAGE, page);
  process.stdout.write(`${path.relative(process.cwd(), PAGE)}: ${sections.length} sections, ${plots.length} plots\n`);
}

if (require.main === module) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

module.exports = { between, keeping, sectionOf, plotOf, assertPublic };
