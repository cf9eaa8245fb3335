'use strict';

// The installed package as a program sees it, in a moment: run by every runtime in a folder where `agentmemdb` is installed.

const assert = require('node:assert/strict');
const diagnostics = require('node:diagnostics_channel');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

/** Fails unless the library does what it promises here. */
async function smoke({ open, openSync, Database, Collection, AgentMemError }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'agentmemdb-smoke-'));
  const file = path.join(folder, 'memory.db');
  const isCode = (code) => (error) => AgentMemError.isError(error) && error instanceof Error && error.code === code;
  try {
    const db = await open(file);
    assert.ok(db instanceof Database);
    const notes = await db.collection('notes', { dimensions: 3 });
    assert.ok(notes instanceof Collection);
    await notes.add({ id: 'a', vector: [1, 0, 0], text: 'hello', metadata: { topic: 'x' } });
    await notes.addMany({ ids: ['b', 'c'], vectors: new Float32Array([0, 1, 0, 0, 0, 1]) });
    const hits = await Promise.all(Array.from({ length: 64 }, () => notes.search({ vector: [0.9, 0.1, 0], k: 2 })));
    for (const [first, second] of hits) assert.deepEqual([first.id, first.text, second.id], ['a', 'hello', 'b']);

    assert.equal(notes.countSync({ topic: 'x' }), 1);
    assert.equal(notes.searchSync({ vector: [0, 0, 1], k: 1, include: ['vector'] })[0].vector[2], 1);
    await assert.rejects(notes.add({ id: 'a' }), isCode('ERR_ALREADY_EXISTS'));
    await assert.rejects(notes.search({ vector: [1] }), isCode('ERR_INVALID_ARGUMENT'));
    assert.throws(() => notes.getSync(5), isCode('ERR_INVALID_ARGUMENT'));
    await assert.rejects(notes.count({}, { signal: AbortSignal.abort(new Error('enough')) }), /enough/);

    const announced = [];
    const subscriber = { asyncEnd: ({ operation }) => announced.push(operation) };
    diagnostics.tracingChannel('agentmemdb:operation').subscribe(subscriber);
    await inWorker(file);
    assert.equal((await notes.get('from a worker')).text, 'written in another thread');
    await db[Symbol.asyncDispose]();
    diagnostics.tracingChannel('agentmemdb:operation').unsubscribe(subscriber);
    assert.deepEqual(announced, ['Collection.get', 'Database.close']);
    await assert.rejects(notes.count(), isCode('ERR_CLOSED'));

    const again = openSync(file);
    assert.equal(again.getCollectionSync('notes').countSync(), 4);
    again.closeSync();
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs worker.cjs, and waits for its end. */
function inWorker(file) {
  const worker = new Worker(path.join(__dirname, 'worker.cjs'), { workerData: file });
  return new Promise((resolve, reject) => {
    let failed;
    worker.once('error', (error) => {
      failed = error;
    });
    worker.once('exit', (code) => {
      if (failed === undefined && code === 0) resolve();
      else reject(failed ?? new Error(`the worker ended with ${code}`));
    });
  });
}

module.exports = { smoke };

if (require.main === module) {
  smoke(require('agentmemdb')).then(
    () => console.log('require: right'),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
