'use strict';

// What the benchmarks are computed and written with; what they measure is not asserted.

const fs = require('node:fs');
const path = require('node:path');
const { agreement, bm25 } = require('../bench/bm25');
const { makeCorpus } = require('../bench/corpus');
const { exactNeighbours, Mixture } = require('../bench/generate');
const { fieldsOf, filtersOf } = require('../bench/fields');
const { parseOptions } = require('../bench/options');
const { logTicks, plotRecall, tickStep } = require('../bench/plot');
const { between, keeping, sectionOf } = require('../bench/publish');
const { smallestEf, remembering } = require('../bench/smallest-ef');
const { at, markdownTable, ratioTable, textTable, thousands } = require('../bench/table');
const { metadataOf, textOf } = require('../bench/texts');

describe('flags', () => {
  test('lists of sizes and dimensions are run in every combination', () => {
    const { shapes } = parseOptions(['--n', '10,20', '--dims', '3,4']);
    expect(shapes).toEqual([
      { n: 10, dim: 3 },
      { n: 10, dim: 4 },
      { n: 20, dim: 3 },
      { n: 20, dim: 4 },
    ]);
  });

  test("a command's own defaults hold only where the flag is not given", () => {
    expect(parseOptions([], { n: '77' }).shapes[0].n).toBe(77);
    expect(parseOptions(['--n', '10000'], { n: '77' }).shapes[0].n).toBe(10000);
    expect(parseOptions(['--n=10000'], { n: '77' }).shapes[0].n).toBe(10000);
  });

  test("of 'text', the size is a number of texts", () => {
    expect(parseOptions([], { texts: '77' }).shapes[0].n).toBe(77);
    expect(parseOptions(['--texts', '5000'], { texts: '77' }).shapes[0].n).toBe(5000);
  });

  test('what is wrong is named by its flag', () => {
    expect(() => parseOptions(['--n', '0'])).toThrow('--n must be');
    expect(() => parseOptions(['--dims', '8,x'])).toThrow('--dims must be');
    expect(() => parseOptions(['--scenarios', 'walk'])).toThrow("--scenarios knows build, search");
    expect(() => parseOptions(['--n', '5'])).toThrow('--k must not be larger');
  });
});

describe('data', () => {
  const dim = 16;
  const mixture = new Mixture(dim, 7);
  const base = mixture.draw(500);
  const queries = mixture.draw(5);

  test('the numbers to filter by are spread evenly, and one of them is a side of a plane', () => {
    const fields = fieldsOf(base, dim, 7);
    for (const field of Object.values(fields)) {
      expect(field.filter((value) => value < 500)).toHaveLength(250);
      expect(field.filter((value) => value < 100)).toHaveLength(50);
    }
    // The means of the two sides lie apart for the one that follows from the vector, and hardly for the other.
    const apart = (field) => {
      const sums = [new Float64Array(dim), new Float64Array(dim)];
      field.forEach((value, row) => sums[value < 500 ? 0 : 1].forEach((_, d, sum) => (sum[d] += base[row * dim + d] / 250)));
      return Math.hypot(...sums[0].map((x, d) => x - sums[1][d]));
    };
    expect(apart(fields.correlated)).toBeGreaterThan(3 * apart(fields.independent));
  });

  test('the exact answers of a filter are those among the rows that it allows', () => {
    const fields = fieldsOf(base, dim, 7);
    const filters = filtersOf(fields, base, queries, dim, 10);
    expect(filters).toHaveLength(8);
    const everything = exactNeighbours(base, queries, dim, 500);
    for (const { field, below, matching, wanted, truth } of filters) {
      expect(wanted).toBe(Math.min(10, matching));
      const ranked = [...everything.subarray(0, 500)].filter((row) => fields[field][row] < below);
      expect(ranked).toHaveLength(matching);
      expect([...truth.subarray(0, wanted)]).toEqual(ranked.slice(0, wanted));
    }
  });

  test('the rows of the ingest scenario are made of the same words in JavaScript and in C++', () => {
    const program = fs.readFileSync(path.join(__dirname, '..', 'bench', 'core', 'insert.cc'), 'utf8');
    const words = [textOf(301), JSON.stringify(metadataOf(301)).replaceAll('"', '\\"')].flatMap((row) => row.split(/\d+/));
    expect(words).toHaveLength(6);
    expect(words.filter((part) => !program.includes(part))).toEqual([]);
  });
});

describe('texts', () => {
  const dim = 16;
  const mixture = new Mixture(dim, 7);
  const { texts, stems, queries } = makeCorpus({ base: mixture.draw(300), queries: mixture.draw(20) }, dim, 7);
  const wordsOf = (text) => text.toLowerCase().replaceAll('.', '').split(' ');
  const stemOf = (word) => word.replace(/(s|ed|ing)$/, '');

  test('are the stems that they say, some more frequent than others', () => {
    const spelled = new Map();
    texts.forEach((text, i) => {
      const words = wordsOf(text);
      expect(words.length).toBe(stems[i].length);
      words.forEach((word, at) => spelled.set(stems[i][at], [...(spelled.get(stems[i][at]) ?? []), stemOf(word)]));
    });
    for (const forms of spelled.values()) expect(new Set(forms).size).toBe(1);
    expect(new Set([...spelled.values()].map(([stem]) => stem)).size).toBe(spelled.size);
    expect(spelled.get(0).length).toBeGreaterThan(3 * spelled.get(30).length);
  });

  test('are asked for by words that one of them has, or by one that none has', () => {
    const known = new Set(texts.flatMap(wordsOf).map(stemOf));
    for (const query of queries) {
      expect(stems.some((text) => query.stems.every((stem) => text.includes(stem)))).toBe(true);
      expect(wordsOf(query.mistyped).filter((word) => !known.has(stemOf(word)))).toHaveLength(1);
    }
  });

  test('have the scores that BM25 gives them, and a text as good as the last of the best is one of them', () => {
    const [scores] = bm25([[1, 2], [1, 1, 3, 4], [5, 6], [2, 1]], [[1, 2]]);
    const idf = (n) => Math.log(1 + (4 - n + 0.5) / (n + 0.5));
    const part = (n, tf, length) => (idf(n) * tf * 2.2) / (tf + 1.2 * (0.25 + (0.75 * length) / 2.5));
    expect(scores[0]).toBeCloseTo(part(3, 1, 2) + part(2, 1, 2), 12);
    expect(scores[1]).toBeCloseTo(part(3, 2, 4), 12);
    expect(scores[2]).toBe(0);
    expect(agreement([[0]], [scores], 1)).toBe(1);
    expect(agreement([[3]], [scores], 1)).toBe(1);
    expect(agreement([[1]], [scores], 1)).toBe(0);
    expect(agreement([[1, 0]], [scores], 10)).toBe(2 / 3);
  });
});

test('the smallest ef that reaches a recall is found, each ef asked once', async () => {
  const asked = [];
  const recallAt = remembering(async (ef) => asked.push(ef) && Math.min(0.97, ef / 100));
  expect(await smallestEf(recallAt, 0.95, 10, 4096)).toEqual({ ef: 95, recall: 0.95 });
  expect(await smallestEf(recallAt, 0.99, 10, 4096)).toBeUndefined();
  expect(new Set(asked).size).toBe(asked.length);
});

describe('tables', () => {
  const columns = [
    ['engine', 'engine'],
    ['QPS', 'speed.qps', thousands],
  ];
  const rows = [{ engine: 'ours', speed: { qps: 12345.6 } }, { engine: 'a|b' }];

  test('are the same for people and in Markdown', () => {
    expect(textTable({ title: 'Speed', columns, rows }).split('\n')).toEqual([
      'Speed',
      '--------------',
      'engine     QPS',
      'ours    12,346',
      'a|b          -',
    ]);
    expect(markdownTable({ title: 'Speed', columns, rows })).toBe(
      '**Speed**\n\n| engine | QPS |\n| --- | ---: |\n| ours | 12,346 |\n| a\\|b | - |',
    );
  });

  test('ours is compared with the best peer of each figure, more than 1 being better', () => {
    const all = [
      { engine: 'ours', qps: 300, ms: 4 },
      { engine: 'x', qps: 100, ms: 2 },
      { engine: 'y', qps: 60, ms: 1 },
      { engine: 'z' },
    ];
    const table = ratioTable([
      { label: 'QPS', rows: all, path: 'qps', larger: true },
      { label: 'ms', rows: all, path: 'ms', larger: false },
      { label: 'none', rows: all, path: 'bytes', larger: false },
    ]);
    expect(table.rows.map(({ label, peer, ratio }) => [label, peer, ratio])).toEqual([
      ['QPS', 'x', 3],
      ['ms', 'y', 0.25],
    ]);
  });
});

describe('the plot', () => {
  test('has ticks at round numbers around all values', () => {
    expect(tickStep(0.1)).toBeCloseTo(0.01);
    expect(tickStep(0.3)).toBeCloseTo(0.05);
    expect(logTicks(150, 1100)).toEqual([100, 200, 500, 1000, 2000]);
    expect(logTicks(1000, 1000)).toEqual([1000, 2000]);
  });

  test('places more recall to the right and more speed higher, and names every series', () => {
    const points = [
      { recall: 0.8, qps: 5000 },
      { recall: 0.9, qps: 900 },
    ];
    const svg = plotRecall([{ name: 'a & b', points }], { title: 'T < U', caption: ['machine', 'commit'] });
    const [first, second] = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].slice(0, 2).map(([, x, y]) => [Number(x), Number(y)]);
    expect(second[0]).toBeGreaterThan(first[0]);
    expect(second[1]).toBeGreaterThan(first[1]);
    expect(svg).toContain('>a &amp; b</text>');
    expect(svg).toContain('<title>T &lt; U</title>');
    expect(svg).toContain('prefers-color-scheme:dark');
  });
});

describe('publishing', () => {
  test('replaces what stands between the markers, and nothing else', () => {
    const page = 'intro\n<!-- figures: written by bench/publish.js -->\nold\n<!-- end of figures -->\noutro\n';
    const once = between(page, 'new');
    expect(once).toContain('intro');
    expect(once).toContain('outro');
    expect(once).not.toContain('old');
    expect(between(once, 'new')).toBe(once);
    expect(() => between('no markers', 'new')).toThrow('the page has no');
  });

  test('can keep the sections of other titles, in their order', () => {
    const page = 'intro\n<!-- figures: written by bench/publish.js -->\n\n## A\n\nold\n\n## B\n\nold\n\n<!-- end of figures -->\n';
    expect(keeping(page, ['## C\n\nnew', '## A\n\nnew'])).toEqual(['## A\n\nnew', '## B\n\nold', '## C\n\nnew']);
    expect(keeping(between(page, ''), ['## C\n\nnew'])).toEqual(['## C\n\nnew']);
  });

  test('a section says what was measured, where, and what was left out', () => {
    const hardware = { cpu: 'a cpu', cores: 2, memoryGiB: 24, system: 'linux x64', loadAverage: 0.04 };
    const machine = { ...hardware, node: 'v20', commit: 'abc', date: '2026-11-21T00:00:00Z' };
    const rows = [{ kernels: 'scalar', what: 'float32 ip', dim: 128, nanos: 12.34 }];
    const result = { scenario: 'kernels', rows, versions: {}, failures: [{ engine: 'x', what: 'build failed: no' }] };
    const section = sectionOf(result, { machine, options: { seed: 1 }, results: [result] });
    expect(section).toContain('| scalar | 12.3 |');
    expect(section).toContain('- x was left out: build failed: no');
    expect(section).toContain('a cpu, 2 cores, 24 GiB, linux x64, node v20<br>2026-11-21, commit abc, seed 1, load average 0.0 before');
  });

  test('figures are found by their path', () => {
    expect(at({ a: { b: 1 } }, 'a.b')).toBe(1);
    expect(at({}, 'a.b')).toBeUndefined();
  });
});
