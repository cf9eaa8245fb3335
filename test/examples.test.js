'use strict';

// The examples as their reader runs them. What they are made of: examples.support and examples.embedders.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { open } = require('agentmemdb');
const { DEFAULT_FOLDER, evaluate, generateConversations, loadFolder } = require('../examples/conversations');
const { startEmbeddingServer } = require('./support/embedding-server');
const { runExample } = require('./support/run-example');
const { vecs } = require('./support/vecs');

const CHILD_TIMEOUT_MS = 130_000;

let folder;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'agentmemdb-test-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function write(name, content) {
  const file = path.join(folder, name);
  fs.writeFileSync(file, content);
  return file;
}

function writeNotes() {
  write('garden.md', '# Garden\n\n## Watering\n\nTomatoes want water every morning.\n\n## Pests\n\nSnails eat the lettuce at night.\n');
  write('bikes.md', '# Bikes\n\n## Tyres\n\nPump the tyres to four bar.\n\n## Chain\n\nOil the chain once a month.\n');
}

/** The line of a table whose first cell is `first`, as cells. */
function tableRow(stdout, first) {
  const lines = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
  return lines.find((cells) => cells[0] === first);
}

describe('quickstart', () => {
  test('answers questions from the project documents and says how long each step took', async () => {
    const { code, stdout, stderr } = await runExample('quickstart.js', [], { TMPDIR: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/^rank +score +from +text$/gm)).toHaveLength(3);
    expect(stdout).toMatch(/^ +1 +0\.\d{3} +\S+\.md/m);
    for (const step of ['embed', 'load, durable and searchable', 'open again', 'search, p50', '(idle']) {
      expect(stdout.split('\n').some((line) => line.startsWith(step))).toBe(true);
    }
    expect(stdout).toContain('event loop late by: p99');
    expect(stdout).toContain('Try next');
  }, CHILD_TIMEOUT_MS);

  test('finds the right section for each question given', async () => {
    writeNotes();
    const questions = ['How do I water a tomato?', 'Who eats my lettuces?', 'When should I oil a chain?', 'tyre pressure in bar'];
    const { code, stdout } = await runExample('quickstart.js', ['--docs', folder, ...questions]);
    expect(code).toBe(0);
    const best = [...stdout.matchAll(/^ +1 +0\.\d{3} +(\S+ > \S+)/gm)].map((match) => match[1]);
    expect(best).toEqual(['garden.md > Watering', 'garden.md > Pests', 'bikes.md > Chain', 'bikes.md > Tyres']);
  }, CHILD_TIMEOUT_MS);

  test('uses the endpoint EMBEDDINGS_URL names', async () => {
    writeNotes();
    const server = await startEmbeddingServer();
    try {
      const env = { EMBEDDINGS_URL: server.url, EMBEDDINGS_MODEL: 'letters', EMBEDDINGS_DIMENSIONS: '26', EMBEDDINGS_API_KEY: 'test-key' };
      const { code, stdout } = await runExample('quickstart.js', ['--docs', folder, 'Pump the tyres to four bar.'], env);
      expect(code).toBe(0);
      expect(stdout).toContain('Embedder: letters');
      expect(stdout).toMatch(/^ +1 +\S+ +bikes\.md > Tyres/m);
      expect(server.requests[0].body.model).toBe('letters');
      expect(server.requests[0].headers.authorization).toBe('Bearer test-key');
    } finally {
      await server.close();
    }
  }, CHILD_TIMEOUT_MS);

  test('says what the endpoint said when it refuses', async () => {
    writeNotes();
    const server = await startEmbeddingServer({ answer: () => ({ status: 401, body: 'no such key' }) });
    try {
      const { code, stderr } = await runExample('quickstart.js', ['--docs', folder], { EMBEDDINGS_URL: server.url });
      expect(code).toBe(1);
      expect(stderr).toMatch(/401.*no such key/);
    } finally {
      await server.close();
    }
  }, CHILD_TIMEOUT_MS);

  test('removes its database, unless told to keep it', async () => {
    writeNotes();
    const temp = path.join(folder, 'temp');
    fs.mkdirSync(temp);
    const kept = path.join(folder, 'kept.db');
    expect((await runExample('quickstart.js', ['--docs', folder], { TMPDIR: temp })).code).toBe(0);
    expect((await runExample('quickstart.js', ['--docs', folder, '--keep', kept], { TMPDIR: temp })).code).toBe(0);
    expect(fs.readdirSync(temp)).toEqual([]);

    const db = await open(kept);
    try {
      expect(await (await db.getCollection('docs')).count()).toBe(4);
    } finally {
      await db.close();
    }
    const again = await runExample('quickstart.js', ['--docs', folder, '--keep', kept]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('exists already') });
  }, CHILD_TIMEOUT_MS);

  test('says so when there is nothing to read', async () => {
    const { code, stderr } = await runExample('quickstart.js', ['--docs', folder]);
    expect(code).toBe(1);
    expect(stderr).toContain('no markdown text found');
  }, CHILD_TIMEOUT_MS);
});

describe('recall', () => {
  test('prints recall per ef for generated vectors, answered by the graph', async () => {
    const { code, stdout, stderr } = await runExample('recall.js', ['--ef', '20,200']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('seed 1');
    expect(Number(tableRow(stdout, 'ef 200')[1])).toBeGreaterThanOrEqual(0.98);
    expect(Number(tableRow(stdout, 'exact')[1])).toBe(1);
  }, CHILD_TIMEOUT_MS);

  test('reads fvecs files and compares with the neighbours given', async () => {
    const points = Array.from({ length: 200 }, (_, i) => [i, (i * i) % 17]);
    const base = write('base.fvecs', vecs(points));
    const query = write('query.fvecs', vecs([points[3], points[150]]));
    const truth = write('truth.ivecs', vecs([[3], [150]], 'Int32LE'));
    const { code, stdout, stderr } = await runExample('recall.js', [base, query, '--truth', truth, '--k', '1', '--ef', '50']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tableRow(stdout, 'ef 50').slice(1, 3)).toEqual(['1.0000', '1.0000']);
  }, CHILD_TIMEOUT_MS);

  test('names the file that is not fvecs, and ends with an error', async () => {
    const bad = write('bad.fvecs', 'not a vector file');
    const { code, stderr } = await runExample('recall.js', [bad, bad]);
    expect(code).toBe(1);
    expect(stderr).toContain('bad.fvecs');
  }, CHILD_TIMEOUT_MS);
});

describe('conversations', () => {
  const hasLocomo = fs.existsSync(DEFAULT_FOLDER);

  test('prints the recall of the conversations at hand', async () => {
    const { code, stdout, stderr } = await runExample('conversations.js');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n');
    const header = lines.findIndex((line) => /^recall@1 +recall@5 +recall@10 +recall@20$/.test(line.trim()));
    const recallAt10 = Number(lines[header + 1].trim().split(/ +/)[2]);
    if (hasLocomo) expect(Math.abs(recallAt10 - 0.304)).toBeLessThan(0.001);
    else expect(recallAt10).toBeGreaterThan(0.95);
    expect(stdout).toContain('event loop late by');
  }, CHILD_TIMEOUT_MS);

  test('generates conversations where there is no data', async () => {
    const { code, stdout } = await runExample('conversations.js', [], { AGENTMEMDB_DATA: folder });
    expect(code).toBe(0);
    expect(stdout).toContain('generated conversations (seed 1): 240 turns, 240 questions');
  }, CHILD_TIMEOUT_MS);

  test('loads a folder; recall counts evidence, and only questions that have some', async () => {
    const lines = (items) => items.map((item) => JSON.stringify(item)).join('\n') + '\n';
    const turn = (id, conv) => ({ _id: id, text: `turn ${id}`, metadata: { conv } });
    write('corpus.jsonl', lines([turn('a1', 'a'), turn('a2', 'a'), turn('b1', 'b')]));
    write('queries.jsonl', lines([turn('q1', 'a'), turn('q2', 'b'), turn('q3', 'b')]));
    write('qrels.tsv', 'query-id\tcorpus-id\tscore\nq1\ta1\t1\nq1\ta2\t1\nq2\tb1\t1\nq3\tb1\t0\n');
    write('lsa256.fvecs', vecs([[1, 0], [0, 1], [1, 1]]));
    write('lsa256_q.fvecs', vecs([[1, 0.1], [1, 0], [0, 1]]));

    const data = await loadFolder(folder);
    expect(data.questions.map((question) => question.evidence)).toEqual([['a1', 'a2'], ['b1'], []]);
    const db = await open(':memory:');
    try {
      const { recall, scored } = await evaluate(db, data);
      expect(scored).toBe(2);
      expect(recall).toEqual({ 1: 0.75, 5: 1, 10: 1, 20: 1 });
    } finally {
      await db.close();
    }
  });

  test('refuses a folder whose vectors and lines do not match', async () => {
    write('corpus.jsonl', '{"_id":"a1","text":"","metadata":{"conv":"a"}}\n');
    write('queries.jsonl', '');
    write('qrels.tsv', 'query-id\tcorpus-id\tscore\n');
    for (const file of ['lsa256.fvecs', 'lsa256_q.fvecs']) write(file, vecs([[1, 0], [0, 1]]));
    await expect(loadFolder(folder)).rejects.toThrow(/queries.jsonl: 0 lines, but 2 vectors/);
  });

  test('the generated conversations are the same every time', () => {
    expect(generateConversations()).toEqual(generateConversations());
    expect(generateConversations({ seed: 2 })).not.toEqual(generateConversations());
  });
});
