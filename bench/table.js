'use strict';

// Tables as data: { title, columns: [[header, path, format]], rows }. `path` names a figure in a row ('sequential.qps'),
// `format` makes it text. The same table is printed for people and published as Markdown.

/** The value at a dotted path, or undefined. */
function at(row, path) {
  return path.split('.').reduce((value, key) => value?.[key], row);
}

function whole(number) {
  return Number.isFinite(number) ? String(Math.round(number)) : '-';
}

function thousands(number) {
  return Number.isFinite(number) ? Math.round(number).toLocaleString('en-US') : '-';
}

function fixed(digits) {
  return (number) => (Number.isFinite(number) ? number.toFixed(digits) : '-');
}

function percent(share) {
  return Number.isFinite(share) ? `${Number((100 * share).toFixed(1))} %` : '-';
}

function times(ratio) {
  if (!Number.isFinite(ratio)) return '-';
  return `${ratio >= 0.1 ? ratio.toFixed(2) : ratio.toPrecision(2)}x`;
}

function plain(value) {
  return value === undefined || value === null ? '-' : String(value);
}

function cellsOf({ columns, rows }) {
  return rows.map((row) => columns.map(([, path, format = plain]) => format(at(row, path))));
}

/** The first column to the left, all others to the right. */
function textTable(table) {
  const lines = [table.columns.map(([header]) => header), ...cellsOf(table)];
  const widths = table.columns.map((_, i) => Math.max(...lines.map((cells) => cells[i].length)));
  const pad = (cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  const text = lines.map((cells) => cells.map(pad).join('  ').trimEnd());
  return [table.title, '-'.repeat(Math.max(...text.map((line) => line.length))), ...text].join('\n');
}

function markdownTable(table) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const headers = table.columns.map(([header]) => header);
  const rule = headers.map((_, i) => (i === 0 ? '---' : '---:'));
  return [`**${table.title}**`, '', line(headers), line(rule), ...cellsOf(table).map(line)].join('\n');
}

/**
 * Ours beside the best peer, one row per figure: `ratios` is [{ label, rows, path, larger }], where `rows` are those of all
 * engines and `larger` says whether more is better. More than 1x is better for us in every row.
 */
function ratioTable(ratios) {
  const rows = ratios.flatMap(({ label, rows: all, path, larger }) => {
    const known = all.filter((row) => at(row, path) > 0);
    const ours = known.find(({ engine }) => engine === 'ours');
    const peers = known.filter((row) => row !== ours).sort((a, b) => at(b, path) - at(a, path));
    const best = larger ? peers[0] : peers.at(-1);
    if (!ours || !best) return [];
    const [mine, theirs] = [at(ours, path), at(best, path)];
    return { label, mine, theirs, peer: best.engine, ratio: larger ? mine / theirs : theirs / mine };
  });
  const columns = [
    ['what', 'label'],
    ['ours', 'mine', significant],
    ['best peer', 'theirs', significant],
    ['which', 'peer'],
    ['ours is better by', 'ratio', times],
  ];
  return { title: 'Ours against the best peer', columns, rows };
}

function significant(number) {
  return number >= 100 ? thousands(number) : String(Number(number.toPrecision(3)));
}

module.exports = { at, whole, thousands, fixed, percent, times, textTable, markdownTable, ratioTable };
