'use strict';

// delete-beside.js <file>: adds and deletes records one by one until it is told to stop, or deletes by filter so many times.

const { open } = require('agentmemdb');
const { serve } = require('../peer');

const RECORDS = 20;

async function main(file) {
  const db = await open(file, { durability: 'normal', busyTimeoutMs: 60_000 });
  const c = await db.collection('c');
  let stopped = false;
  serve({
    async churn() {
      let made = 0;
      for (; !stopped; made++) {
        const ids = Array.from({ length: RECORDS }, (_, i) => `r${i}`);
        await c.upsertMany(ids.map((id) => ({ id, metadata: { made } })));
        for (const id of ids) c.deleteSync(id);
      }
      return made;
    },
    stop() {
      stopped = true;
    },
    // The field is another each time, so that all records are read.
    async deleteNone(times) {
      for (let i = 0; i < times; i++) await c.deleteWhere({ [`none${i}`]: true });
    },
    close: () => db.close(),
  });
}

main(process.argv[2]);
