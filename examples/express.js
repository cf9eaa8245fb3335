'use strict';

// A small memory service on Express: notes go in, the ones that mean something like the question come out.
//
//   node examples/express.js [--file notes.db] [--port 3000]
//   curl -X POST localhost:3000/notes  -H 'content-type: application/json' -d '{ "text": "Ana drinks espresso" }'
//   curl -X POST localhost:3000/search -H 'content-type: application/json' -d '{ "text": "what does Ana drink?" }'
//
// What to look at: handlers await; a client that has gone cancels its call; errors have codes, and codes have a status;
// SIGTERM stops accepting, answers what is in flight, closes the database.

const { once } = require('node:events');
const express = require('express');
const { answerTo, drain, goneSignal, runService } = require('./support/http');
const { openNotes } = require('./support/notes');

const TIMEOUT_MS = 5000;

function createApp({ notes, embed, health }) {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '64kb' }));
  const control = (res) => ({ signal: goneSignal(res), timeoutMs: TIMEOUT_MS });

  app.post('/notes', async (req, res) => {
    const note = req.body ?? {};
    const options = control(res);
    const vector = await embed(note.text, options);
    // Whatever else is in the body, the database checks: a field it does not know is a 400 that names it.
    res.status(201).json(await notes.add({ ...note, vector }, options));
  });

  app.post('/search', async (req, res) => {
    const { text, ...query } = req.body ?? {};
    const options = control(res);
    const vector = await embed(text, options);
    res.json(await notes.search({ ...query, vector, ...options }));
  });

  app.get('/notes/:id', async (req, res) => {
    const note = await notes.get(req.params.id, control(res));
    if (note) res.json(note);
    else res.status(404).json({ error: 'there is no such note' });
  });

  app.patch('/notes/:id', async (req, res) => {
    const { ifVersion, ...fields } = req.body ?? {};
    const options = control(res);
    if (fields.text !== undefined) fields.vector = await embed(fields.text, options);
    res.json(await notes.patch(req.params.id, fields, { ifVersion, ...options }));
  });

  app.delete('/notes/:id', async (req, res) => {
    res.json({ deleted: await notes.delete(req.params.id, control(res)) });
  });

  app.get('/health', async (req, res) => {
    res.json(await health(control(res)));
  });

  // Express knows an error handler by its four parameters.
  app.use((error, req, res, _next) => {
    const { status, headers, body } = answerTo(error);
    if (status === 500) console.error(error);
    res.status(status).set(headers).json(body);
  });
  return app;
}

/** Starts the service. Resolves to { url, stop }. */
async function start({ file, port = 0, maxPending }) {
  const store = await openNotes({ file, maxPending });
  const server = createApp(store).listen(port, '127.0.0.1');
  await once(server, 'listening');

  /** Answers what is in flight, then closes: no acknowledged note is lost, and no client waits in vain. */
  async function stop() {
    server.close();
    const drained = drain(server);
    await once(server, 'close');
    drained();
    await store.close();
  }
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

if (require.main === module) runService('express', start);

module.exports = { start };
