'use strict';

// open-at-once.js <file> <name>: opens the file when told to, writes a record, finds it, closes.

const { open, AgentMemError } = require('agentmemdb');
const { serve } = require('../peer');

const [file, name] = process.argv.slice(2);

serve({
  async go() {
    const start = performance.now();
    let db;
    try {
      db = await open(file);
      const vectors = await db.collection('vectors', { dimensions: 2 });
      await vectors.add({ id: name, vector: [1, Number(name)] });
      const [hit] = await vectors.search({ vector: [1, Number(name)], filter: { $id: name }, include: [] });
      return { code: hit?.id === name ? 'ok' : 'not found', ms: performance.now() - start };
    } catch (error) {
      if (!AgentMemError.isError(error)) throw error;
      return { code: error.code, message: error.message, ms: performance.now() - start };
    } finally {
      await db?.close();
    }
  },
  close() {},
});
