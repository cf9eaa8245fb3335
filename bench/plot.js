'use strict';

// A plot of recall against speed as SVG, by hand: axes with ticks, a logarithmic axis for QPS, a legend, and colours that can
// be read on light and on dark pages.

const WIDTH = 760;
const HEIGHT = 480;
const MARGIN = { left: 70, right: 24, top: 62, bottom: 90 };
// Light, dark. Chosen so that neighbours in the list differ in brightness too, for those who see few colours.
const COLOURS = [
  ['#c0392b', '#ff7b6b'],
  ['#1f5fa8', '#6cb2ff'],
  ['#2e7d32', '#7bd67f'],
  ['#8e44ad', '#d39bf0'],
  ['#b26a00', '#ffc15a'],
  ['#555555', '#bbbbbb'],
];
const MARKS = [
  (x, y) => `<circle cx="${x}" cy="${y}" r="4"/>`,
  (x, y) => `<rect x="${x - 3.5}" y="${y - 3.5}" width="7" height="7"/>`,
  (x, y) => `<path d="M${x} ${y - 4.5}l4.5 8h-9z"/>`,
  (x, y) => `<path d="M${x} ${y - 5}l5 5l-5 5l-5 -5z"/>`,
  (x, y) => `<path d="M${x} ${y + 4.5}l4.5 -8h-9z"/>`,
  (x, y) => `<path d="M${x - 4} ${y - 4}l8 8m0 -8l-8 8" fill="none" stroke-width="2.5"/>`,
];

/**
 * @param {{ name: string, points: { recall: number, qps: number }[] }[]} series one line each, from the least ef to the largest
 * @param {{ title: string, caption: string[] }} words the caption is printed below, line by line
 * @returns {string} an SVG document
 */
function plotRecall(series, { title, caption }) {
  const points = series.flatMap((each) => each.points);
  if (points.length === 0) throw new Error('there is nothing to plot');
  const x = recallAxis(points.map(({ recall }) => recall));
  const y = speedAxis(points.map(({ qps }) => qps));
  const lines = series.map((each, i) => lineOf(each, i, x, y));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escape(title)}</title>`,
    style(series.length),
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    text(WIDTH / 2, 22, title, 'middle', 'font-size="15" font-weight="bold"'),
    ...axes(x, y),
    ...lines,
    ...legend(series),
    ...caption.map((line, i) => text(MARGIN.left, HEIGHT - 34 + 13 * i, line, 'start', 'class="quiet" font-size="10"')),
    '</svg>',
    '',
  ].join('\n');
}

function recallAxis(values) {
  const step = tickStep(Math.max(0.02, 1 - Math.min(...values)));
  const low = Math.max(0, step * Math.floor(Math.min(...values, 1 - step) / step + 1e-9));
  const span = WIDTH - MARGIN.left - MARGIN.right;
  const ticks = Array.from({ length: Math.round((1 - low) / step) + 1 }, (_, i) => Number((low + i * step).toFixed(4)));
  return { ticks, place: (value) => round(MARGIN.left + (span * (value - low)) / (1 - low)), label: String };
}

/** A step of 1, 2 or 5 of some power of ten that gives five to ten ticks. */
function tickStep(span) {
  const power = 10 ** Math.floor(Math.log10(span / 5));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => span / step <= 10);
}

function speedAxis(values) {
  const ticks = logTicks(Math.min(...values), Math.max(...values));
  const [low, high] = [ticks[0], ticks.at(-1)].map(Math.log10);
  const span = HEIGHT - MARGIN.top - MARGIN.bottom;
  const place = (value) => round(HEIGHT - MARGIN.bottom - (span * (Math.log10(value) - low)) / (high - low));
  return { ticks, place, label: (value) => value.toLocaleString('en-US') };
}

/** 1, 2 and 5 times powers of ten, from the last that is not above `least` to the first that is not below `most`. */
function logTicks(least, most) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(least)); ticks.length < 2 || ticks.at(-1) < most; power++) {
    ticks.push(...[1, 2, 5].map((factor) => factor * 10 ** power));
  }
  const from = ticks.findLastIndex((tick) => tick <= least);
  const to = ticks.findIndex((tick, i) => tick >= most && i > from);
  return ticks.slice(from, to + 1);
}

function axes(x, y) {
  const [left, right, top, bottom] = [MARGIN.left, WIDTH - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
  const middle = (top + bottom) / 2;
  return [
    ...x.ticks.map((tick) => `<path class="grid" d="M${x.place(tick)} ${top}V${bottom}"/>`),
    ...y.ticks.map((tick) => `<path class="grid" d="M${left} ${y.place(tick)}H${right}"/>`),
    `<path class="axis" d="M${left} ${top}V${bottom}H${right}"/>`,
    ...x.ticks.map((tick) => text(x.place(tick), bottom + 17, x.label(tick), 'middle')),
    ...y.ticks.map((tick) => text(left - 8, y.place(tick) + 4, y.label(tick), 'end')),
    text((left + right) / 2, bottom + 35, 'recall@10', 'middle'),
    text(0, 0, 'queries per second, one by one (log)', 'middle', `transform="translate(16 ${middle}) rotate(-90)"`),
  ];
}

function lineOf({ points }, i, x, y) {
  const places = points.map(({ recall, qps }) => [x.place(recall), y.place(qps)]);
  const path = places.map(([px, py], j) => `${j === 0 ? 'M' : 'L'}${px} ${py}`).join('');
  const marks = places.map(([px, py]) => MARKS[i % MARKS.length](px, py)).join('');
  return `<g class="s${i}"><path d="${path}" fill="none" stroke-width="2"/>${marks}</g>`;
}

function legend(series) {
  const step = (WIDTH - MARGIN.left - MARGIN.right) / series.length;
  return series.flatMap(({ name }, i) => {
    const px = round(MARGIN.left + i * step + 8);
    return [`<g class="s${i}">${MARKS[i % MARKS.length](px, 42)}</g>`, text(px + 12, 46, name, 'start')];
  });
}

function style(count) {
  const rules = (shade) => COLOURS.slice(0, count).map((colour, i) => `.s${i}{stroke:${colour[shade]};fill:${colour[shade]}}`).join('');
  const page = (back, ink, grid, quiet) =>
    `.page{fill:${back}}text{fill:${ink}}.axis{stroke:${ink};fill:none}.grid{stroke:${grid}}.quiet{fill:${quiet}}`;
  const dark = `${page('#0d1117', '#e6edf3', '#2b313a', '#9aa4af')}${rules(1)}`;
  return `<style>${page('#ffffff', '#1f2328', '#e3e6ea', '#59636e')}${rules(0)}@media(prefers-color-scheme:dark){${dark}}</style>`;
}

function text(x, y, words, anchor, more = '') {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${more && ` ${more}`}>${escape(words)}</text>`;
}

function escape(words) {
  return words.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
}

function round(number) {
  return Math.round(number * 10) / 10;
}

module.exports = { plotRecall, tickStep, logTicks };
