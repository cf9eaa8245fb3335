'use strict';

// exit-in-mid-call.js <file> <kind of call> <exit|throw|reject>: starts calls of one kind and leaves while they run.
// An exit leaves with code 7.

const { open, openSync } = require('agentmemdb');
const { createRandom, randomMatrix, randomVector } = require('../vectors');

const DIMENSIONS = 64;
const ROWS = 5000;
const [file, kind, way] = process.argv.slice(2);
const random = createRandom(1);

const many = (count, start) => Promise.all(Array.from({ length: count }, start));

const CALLS = {
  search: ({ collection }) => many(500, () => collection.search({ vector: randomVector(random, DIMENSIONS), exact: true })),
  add: ({ collection }) => many(500, () => collection.add({ vector: randomVector(random, DIMENSIONS), text: 'some text' })),
  bulk: ({ collection }) => many(4, () => collection.addMany({ vectors: randomMatrix(random, ROWS, DIMENSIONS) })),
  records: ({ collection }) =>
    collection.addMany(Array.from({ length: ROWS }, () => ({ vector: randomVector(random, DIMENSIONS), metadata: { a: 1 } }))),
  batch: ({ db, collection }) =>
    many(4, (_, i) => db.batch(Array.from({ length: ROWS }, (__, j) => ({ type: 'add', collection, record: { id: `${i}-${j}`, vector: randomVector(random, DIMENSIONS) } })))),
  deleteWhere: ({ collection }) => collection.deleteWhere({}),
  searchMany: ({ collection }) => collection.searchMany({ vectors: randomMatrix(random, 500, DIMENSIONS), exact: true }, { concurrency: 500 }),
  results: ({ collection }) => many(4, () => collection.find({ limit: ROWS, include: ['vector'] })),
  scan: async ({ collection }) => {
    for await (const { id } of collection.scan({ batchSize: 50, filter: { $id: { $gt: '' } } })) if (id === '') throw new Error('no id');
  },
  backup: ({ db }) => many(4, (_, i) => db.backup(`${file}.copy${i}`)),
  indexing: ({ collection }) => collection.indexed(),
  open: () => many(20, (_, i) => open(i % 2 === 0 ? ':memory:' : file)),
  close: ({ db, collection }) => Promise.all([collection.count(), db.close()]),
};

const WAYS = {
  exit: () => process.exit(7),
  throw: () => {
    throw new Error('thrown in mid-call');
  },
  reject: () => Promise.reject(new Error('rejected in mid-call')),
};

const db = openSync(file);
const collection = db.collectionSync('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: 0 } });
collection.addManySync({ vectors: randomMatrix(random, ROWS, DIMENSIONS) });
CALLS[kind]({ db, collection }).then(() => console.log('settled'));
setTimeout(() => WAYS[way](), 5);
