'use strict';

// How well search retrieves: the metrics and the command that prints them on a small folder made here, and the promised figures on real
// judged queries where the data folder is there.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const { useDatabases } = require('./support/database');
const { readDataset } = require('../scripts/eval/dataset');
const { evaluate } = require('../scripts/eval/evaluate');
const { meansOf, metricsOf } = require('../scripts/eval/metrics');

const run = promisify(execFile);
const ROOT = path.join(__dirname, '..');
const DATA = process.env.AGENTMEMDB_DATA ?? path.join(ROOT, '..', 'shared', 'data');
const databases = useDatabases();
// A whole set is loaded and asked several times over.
jest.setTimeout(240_000);

test('metrics are those of trec_eval, worked out by hand', () => {
  const judged = new Map([['a', 2], ['b', 1], ['c', 0], ['d', 1]]);
  const metrics = metricsOf(['c', 'a', 'x', 'b'], judged);
  const ideal = 2 + 1 / Math.log2(3) + 1 / Math.log2(4);
  expect(metrics['nDCG@10']).toBeCloseTo((2 / Math.log2(3) + 1 / Math.log2(5)) / ideal, 10);
  expect(metrics.MAP).toBeCloseTo((1 / 2 + 2 / 4) / 3, 10);
  expect(metrics['R@5']).toBeCloseTo(2 / 3, 10);
  expect(metricsOf([], judged)['nDCG@10']).toBe(0);
  expect(meansOf([{ MAP: 1 }, { MAP: 0 }])).toEqual({ MAP: 0.5 });
});

function fvecs(rows) {
  return Buffer.concat(rows.map((row) => Buffer.concat([Buffer.from(Int32Array.of(row.length).buffer), Buffer.from(Float32Array.from(row).buffer)])));
}

function makeSet(folder) {
  const lines = (rows) => rows.map((row) => JSON.stringify(row)).join('\n') + '\n';
  const write = (name, content) => fs.writeFileSync(path.join(folder, name), content);
  // Neither need have a title or a text, nor a vector.
  write('corpus.jsonl', lines([{ _id: 'nothing' }, { _id: 'fox', title: 'Foxes', text: 'a fox ran' }, { _id: 'dog', text: 'a dog slept' }, { _id: 'cat', text: 'cats' }]));
  write('queries.jsonl', lines([{ _id: 'q1', text: 'how do foxes run' }, { _id: 'q2', text: 'dog' }, { _id: 'q3', text: 'not judged' }, { _id: 'q4', text: 'cats' }]));
  write('qrels.tsv', 'query-id\tcorpus-id\tscore\nq1\tfox\t1\nq2\tdog\t2\nq2\tcat\t1\nq4\tcat\t1\n');
  write('dense.fvecs', fvecs([[0, 0], [1, 0], [0, 1], [0.1, 0.9]]));
  write('dense_q.fvecs', fvecs([[1, 0.1], [0, 1], [1, 1], [0, 0]]));
  return folder;
}

const evalOf = (...args) => run(process.execPath, [path.join(ROOT, 'scripts', 'eval', 'main.js'), ...args]);

test('npm run eval prints a table for a folder, what two settings differ in, and what judged queries are worth', async () => {
  const folder = makeSet(databases.folder());
  const { stdout, stderr } = await evalOf(folder, '--settings', 'reference,keyword,vector,hybrid', '--compare', 'keyword,hybrid', '--calibrate', '1');
  expect(stderr).toBe('');
  expect(stdout).toContain('4 records, 3 judged queries');
  const row = (setting) => stdout.split('\n').find((line) => line.startsWith(`${setting} `)).trim().split(/\s+/);
  const dcg = 2 + 1 / Math.log2(3);
  expect(row('keyword').slice(0, 2)).toEqual(['keyword', ((1 + 2 / dcg + 1) / 3).toFixed(4)]);
  expect(row('vector').slice(0, 2)).toEqual(['vector', (2 / 3).toFixed(4)]); // The last query has none.
  expect(row('hybrid')[1]).toBe('1.0000');
  expect(stdout).toContain('hybrid against keyword, nDCG@10: better on 1 queries, worse on 0, the same on 2');
  expect(stdout).toContain('calibrated on other queries, nDCG@10, means over 20 draws');
});

test.each([
  [['--settings', 'magic'], "there is no setting 'magic'"],
  [['--compare', 'keyword,toString'], "there is no setting 'toString'"],
  [['--compare', 'keyword'], '--compare must name two settings'],
  [['--limit', 'all'], "--limit must be a whole number from 1 on, got 'all'"],
  [['--settings', 'keyword', '--calibrate', '2'], '2 queries to calibrate with leave none of 2 to ask'],
])('npm run eval refuses %j', async (args, message) => {
  const failed = await evalOf(makeSet(databases.folder()), ...args).catch((error) => error);
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining(message)]);
});

const withData = fs.existsSync(path.join(DATA, 'cranfield')) ? describe : describe.skip;

withData.each([['cranfield', 0.3589], ['cacm', 0.4727]])('on %s', (name, expected) => {
  const dataset = () => readDataset(path.join(DATA, name));
  const nDcg = async (setting, set = dataset()) => meansOf(await evaluate(set, setting))['nDCG@10'];

  // On sets as small as these, differences below 0.01 are noise.
  test('the reference analyzer is plain BM25, and the default is not clearly worse', async () => {
    const reference = await nDcg('reference');
    expect(Math.abs(reference - expected)).toBeLessThan(0.005);
    expect(await nDcg('keyword')).toBeGreaterThan(reference - 0.01);
  });

  test('hybrid search is at least the better arm - 0.02, and noise for vectors costs at most 0.01', async () => {
    const set = dataset();
    const [words, vectors] = [await nDcg('keyword', set), await nDcg('vector', set)];
    expect(await nDcg('hybrid', set)).toBeGreaterThanOrEqual(Math.max(words, vectors) - 0.02);
    expect(await nDcg('hybrid-random', set)).toBeGreaterThanOrEqual(words - 0.01);
  });
});
