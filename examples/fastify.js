'use strict';

// The same memory service as express.js, on Fastify: schemas check the bodies, and hooks close the database.
//
//   node examples/fastify.js [--file notes.db] [--port 3000]

const fastify = require('fastify');
const { answerTo, drain, goneSignal, runService } = require('./support/http');
const { openNotes } = require('./support/notes');

const TIMEOUT_MS = 5000;

// Whatever else is in a body, the database checks: a field it does not know is a 400 that names it.
const withText = { schema: { body: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } } };

function createApp({ notes, embed, health, close }) {
  const app = fastify({ bodyLimit: 65_536 });
  const control = (reply) => ({ signal: goneSignal(reply.raw), timeoutMs: TIMEOUT_MS });

  app.post('/notes', withText, async (request, reply) => {
    const options = control(reply);
    const vector = await embed(request.body.text, options);
    const written = await notes.add({ ...request.body, vector }, options);
    return reply.code(201).send(written);
  });

  app.post('/search', withText, async (request, reply) => {
    const { text, ...query } = request.body;
    const options = control(reply);
    return notes.search({ ...query, vector: await embed(text, options), ...options });
  });

  app.get('/notes/:id', async (request, reply) => {
    const note = await notes.get(request.params.id, control(reply));
    return note ?? reply.code(404).send({ error: 'there is no such note' });
  });

  app.patch('/notes/:id', { schema: { body: { type: 'object' } } }, async (request, reply) => {
    const { ifVersion, ...fields } = request.body;
    const options = control(reply);
    if (fields.text !== undefined) fields.vector = await embed(fields.text, options);
    return notes.patch(request.params.id, fields, { ifVersion, ...options });
  });

  app.delete('/notes/:id', async (request, reply) => ({ deleted: await notes.delete(request.params.id, control(reply)) }));

  app.get('/health', async (request, reply) => health(control(reply)));

  app.setErrorHandler((error, request, reply) => {
    const answer = answerTo(error);
    if (answer.status === 500) console.error(error);
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  });
  // When it begins to close; and when the last request in flight has its answer.
  let drained;
  app.addHook('preClose', async () => {
    drained = drain(app.server);
  });
  app.addHook('onClose', async () => {
    drained();
    await close();
  });
  return app;
}

/** Starts the service. Resolves to { url, stop }. */
async function start({ file, port = 0, maxPending }) {
  const app = createApp(await openNotes({ file, maxPending }));
  const url = await app.listen({ port, host: '127.0.0.1' });
  return { url, stop: () => app.close() };
}

if (require.main === module) runService('fastify', start);

module.exports = { start };
