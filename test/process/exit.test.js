'use strict';

// Ending while work is under way: the process, a handle, the last reference to one.

const { open, openSync } = require('agentmemdb');
const { runScript, runWell, useFolder, report } = require('./children');

const SEED = Number(process.env.AGENTMEMDB_SEED ?? Date.now() % 1e6);
const STORM_STEPS = 400;

const folder = useFolder();

describe('the process', () => {
  const kinds = ['search', 'searchMany', 'results', 'scan', 'add', 'bulk', 'records', 'batch', 'deleteWhere', 'backup', 'indexing', 'open', 'close'];

  test.each(kinds)('process.exit during %s ends with its code and without a word', async (kind) => {
    const file = folder.file('left.db');
    const { code, signal, stderr } = await runScript('exit-in-mid-call.js', [file, kind, 'exit']);
    expect({ code, signal, stderr }).toEqual({ code: 7, signal: null, stderr: '' });

    const db = await open(file);
    const { records, vectors, damaged } = await (await db.getCollection('vectors')).stats();
    expect({ vectors, damaged }).toEqual({ vectors: records, damaged: 0 });
    // Bulk writes are of 5,000 each: those under way are there as a whole, or not.
    if (kind !== 'add') expect(records % 5000).toBe(0);
    expect(records).toBeGreaterThanOrEqual(kind === 'deleteWhere' ? 0 : 5000);
    await db.close();
  });

  test.each(['throw', 'reject'])('an error that nobody catches (%s) in mid-call ends it with that error', async (way) => {
    const { code, signal, stderr } = await runScript('exit-in-mid-call.js', [folder.file('left.db'), 'bulk', way]);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stderr).toContain(`Error: ${way === 'throw' ? 'thrown' : 'rejected'} in mid-call`);
    expect(stderr).not.toMatch(/fatal|napi|terminate called|Assertion/i);
  });

  test('a script that loads data and ends without close() exits by itself, long before linking would end', async () => {
    const file = folder.file('loaded.db');
    const { linked, tail, loadedAt } = await runWell('load-and-end.js', [file]);
    report(`gone ${Date.now() - loadedAt} ms after its last line, 1,000 allowed: 100,000 vectors loaded, ${linked} of them linked`);
    expect(linked + tail).toBe(100_000);
    expect(linked).toBeLessThan(50_000);
    expect(await runWell('look-into-loaded.js', [file])).toEqual({ count: 100_000, notFound: { exact: 0, tail: 0 } });
  });

  test('calls that nobody awaits settle before it ends', async () => {
    const { code, stdout, stderr } = await runScript('unawaited.js');
    expect({ code, stderr, lines: stdout.trim().split('\n').sort() }).toEqual({ code: 0, stderr: '', lines: ['add second', 'search first'] });
  });
});

describe('a handle', () => {
  test('collected in mid-call lets its calls settle right and frees its engine', async () => {
    const result = await runWell('collect-in-mid-call.js', [], { nodeArgs: ['--expose-gc'] });
    expect(result).toEqual({ rounds: 100, engines: 1 });
  });

  test('is opened, used, closed, forgotten and collected in any order, on shared paths and in four threads, and loses nothing', async () => {
    const { written, ...rest } = await runWell('handle-storm.js', [folder.path, STORM_STEPS, SEED], { nodeArgs: ['--expose-gc'] });
    report(`${STORM_STEPS} steps in each of 4 threads, seed ${SEED}: ${written} records written`);
    expect(rest).toEqual({ wrong: 0, engines: 1 });
    expect(written).toBeGreaterThan(0);
  });

  test('closed with calls in flight settles each of them right, and refuses later ones', async () => {
    const db = await open(folder.file('closing.db'));
    const collection = await db.collection('vectors', { dimensions: 8, hnsw: { minSize: 0 } });
    await collection.add({ id: 'first', vector: [1, 1, 1, 1, 1, 1, 1, 1] });
    const vectorOf = (i) => [1, 2, 3, 4, 5, 6, 7, i];
    const adds = Array.from({ length: 500 }, (_, i) => collection.add({ id: `n${i}`, vector: vectorOf(i) }));
    const searches = Array.from({ length: 500 }, () => collection.search({ vector: [1, 1, 1, 1, 1, 1, 1, 1], k: 1 }));
    const closed = db.close();
    expect(db.isOpen).toBe(false);
    const late = [collection.count(), collection.add({ id: 'late' }), db.stats(), collection.indexed()];
    const refused = await Promise.allSettled(late);
    expect(refused.map(({ status, reason }) => [status, reason?.code])).toEqual(Array(4).fill(['rejected', 'ERR_CLOSED']));
    expect((await Promise.all(adds)).map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, i) => `n${i}`));
    for (const [hit] of await Promise.all(searches)) expect(hit.id).toBe('first');
    await closed;

    const again = await open(folder.file('closing.db'));
    expect(await (await again.collection('vectors')).count()).toBe(501);
    await again.close();
  });

  test('closed by closeSync() with calls in flight settles each of them right', async () => {
    const file = folder.file('closing-sync.db');
    const db = openSync(file);
    const collection = db.collectionSync('vectors', { dimensions: 2 });
    const calls = Array.from({ length: 300 }, (_, i) => collection.add({ id: `n${i}`, vector: [1, i] }));
    db.closeSync();
    expect((await Promise.all(calls)).map(({ id }) => id)).toEqual(Array.from({ length: 300 }, (_, i) => `n${i}`));
    const again = openSync(file);
    expect(again.collectionSync('vectors').countSync()).toBe(300);
    again.closeSync();
  });

  test('closed while its aborted calls still wait in the queue of the pool is not touched by them', async () => {
    // Memory that was freed is overwritten, so that using it shows.
    const result = await runWell('close-behind-busy-pool.js', [], { env: { MALLOC_PERTURB_: '165' } });
    expect(result).toEqual({ rejected: 4, engines: 1 });
  });
});
