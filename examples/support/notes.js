'use strict';

// What both services keep their notes in: one collection, one embedder, and a look at how late the event loop is.

const { monitorEventLoopDelay } = require('node:perf_hooks');
const { open } = require('agentmemdb');
const { createHashingEmbedder } = require('./hashing-embedder');
const { HttpError } = require('./http');

const DIMENSIONS = 256;
const TEXT_MAX_CHARS = 4000;
const DELAY_RESOLUTION_MS = 5;

/** Opens the notes in `file`. maxPending: calls that may wait or run at once; one more is refused, and the client told. */
async function openNotes({ file, maxPending = 1000 }) {
  const db = await open(file, { maxPending });
  const notes = await db.collection('notes', { dimensions: DIMENSIONS });
  // To be replaced by a model, such as openaiEmbedder of agentmemdb/embedders.
  const embedder = createHashingEmbedder({ dimensions: DIMENSIONS });
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delay.enable();

  return {
    notes,
    /** The vector of a text that came from outside. */
    async embed(text, { signal }) {
      if (typeof text !== 'string' || text === '' || text.length > TEXT_MAX_CHARS) {
        throw new HttpError(400, `text must be a string of 1..${TEXT_MAX_CHARS} characters`);
      }
      return (await embedder.embed([text], { signal }))[0];
    },
    async health({ signal }) {
      const { records, queue } = await db.stats({ signal });
      const lateMs = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - DELAY_RESOLUTION_MS);
      const loop = { p50Ms: lateMs(delay.percentile(50)), p99Ms: lateMs(delay.percentile(99)), maxMs: lateMs(delay.max) };
      // How late the loop was, whoever held it; and the database's own longest step on it.
      return { records, waiting: queue.waiting, running: queue.running, loop: { ...loop, ourStepMaxMs: queue.loopStepMaxMs } };
    },
    /** Waits for the calls that were accepted. */
    async close() {
      delay.disable();
      await db.close();
    },
  };
}

module.exports = { openNotes };
