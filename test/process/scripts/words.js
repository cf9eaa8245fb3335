'use strict';

// Writes texts and searches for words as it is told. Arguments: file.

const { open } = require('agentmemdb');
const { serve } = require('../peer');

async function main() {
  const db = await open(process.argv[2]);
  const texts = await db.collection('texts');
  serve({
    write: (record) => texts.upsert(record),
    remove: (id) => texts.delete(id),
    find: async (text) => (await texts.search({ text, typos: false, include: [] })).map(({ id }) => id),
    close: () => db.close(),
  });
}

main();
