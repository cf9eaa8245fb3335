'use strict';

// The two web services of examples/, over real HTTP: answers, errors, clients that go away, many requests at once, and the end.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

const { createHashingEmbedder } = require('../examples/support/hashing-embedder');
const { formatDelay, formatMs, median, timed } = require('../examples/support/timing');
const { occupyWriter, open, turnOfTheLoop, useDatabases } = require('./support/database');

const EXAMPLES = path.join(__dirname, '..', 'examples');
const IN_FLIGHT = 64;
const databases = useDatabases();
const stops = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** The service in this process. */
async function start(framework, options) {
  const service = await require(path.join(EXAMPLES, framework)).start(options);
  stops.push(service.stop);
  return service;
}

/** The service in a process of its own, as its reader starts it. `ended` resolves to { code, stderr }. */
async function spawnService(framework, file) {
  const child = spawn(process.execPath, [path.join(EXAMPLES, `${framework}.js`), '--file', file, '--port', '0']);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = once(child, 'exit').then(([code, signal]) => ({ code: code ?? signal, stderr }));
  stops.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  const [line] = await once(readline.createInterface({ input: child.stdout }), 'line');
  return { url: line.replace(/^.* on /, ''), terminate: () => child.kill('SIGTERM'), ended };
}

/** Resolves to { status, headers, body }. */
async function request(url, method, route, body, options) {
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(url + route, { method, ...json, ...options });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Runs `work(i)` for every i below `count`, IN_FLIGHT at a time. */
async function inFlight(count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

const noteText = (i) => `note ${i} tells of ${(i * 7919).toString(36)} and ${(i * 104729).toString(36)}`;

async function fillNotes(file, count) {
  const texts = Array.from({ length: count }, (_, i) => noteText(i));
  const vectors = await createHashingEmbedder({ dimensions: 256 }).embed(texts);
  const db = await open(file);
  const notes = await db.collection('notes', { dimensions: 256 });
  await notes.addMany(texts.map((text, i) => ({ id: `n${i}`, text, vector: vectors[i], metadata: { even: i % 2 === 0 } })));
  await db.close();
}

describe.each(['express', 'fastify'])('%s', (framework) => {
  test('stores, finds, reads, changes and deletes notes', async () => {
    const { url } = await start(framework, { file: ':memory:' });
    const added = await request(url, 'POST', '/notes', { id: 'a', text: 'Ana drinks her espresso without sugar', metadata: { by: 'Eva' } });
    expect(added).toMatchObject({ status: 201, body: { id: 'a', version: expect.any(Number) } });
    await request(url, 'POST', '/notes', { text: 'The flight to Lisbon leaves at 7:40', metadata: { by: 'Tom' } });

    const found = await request(url, 'POST', '/search', { text: 'how does Ana take her espresso?', k: 1 });
    expect(found).toMatchObject({ status: 200, body: [{ id: 'a', metadata: { by: 'Eva' } }] });
    expect((await request(url, 'POST', '/search', { text: 'espresso', filter: { by: 'Tom' } })).body).toHaveLength(1);

    const changed = await request(url, 'PATCH', '/notes/a', { text: 'Ana prefers tea', ifVersion: added.body.version });
    expect(changed.status).toBe(200);
    expect((await request(url, 'GET', '/notes/a')).body).toMatchObject({ text: 'Ana prefers tea', metadata: { by: 'Eva' } });
    expect((await request(url, 'DELETE', '/notes/a')).body).toEqual({ deleted: true });
    expect((await request(url, 'GET', '/notes/a')).status).toBe(404);
    expect((await request(url, 'GET', '/health')).body).toMatchObject({ records: 1, loop: { p99Ms: expect.any(Number) } });
  });

  test('says with a status, a code and the argument what was wrong', async () => {
    const { url } = await start(framework, { file: ':memory:' });
    const { body: { version } } = await request(url, 'POST', '/notes', { id: 'a', text: 'one' });
    const cases = [
      ['POST', '/notes', { id: 'b' }, 400],
      ['POST', '/notes', { id: 'b', text: '' }, 400],
      ['POST', '/notes', { id: 'b', text: 'two', colour: 'red' }, 400, 'ERR_INVALID_ARGUMENT', 'record.colour'],
      ['POST', '/notes', { id: 'a', text: 'two' }, 409, 'ERR_ALREADY_EXISTS'],
      ['POST', '/search', { text: 'one', k: -1 }, 400, 'ERR_INVALID_ARGUMENT', 'query.k'],
      ['POST', '/search', { text: 'one', filter: { a: { $no: 1 } } }, 400, 'ERR_INVALID_ARGUMENT', expect.stringContaining('filter.a.$no')],
      ['PATCH', '/notes/none', { text: 'two' }, 404, 'ERR_NOT_FOUND'],
      ['PATCH', '/notes/a', { text: 'two', ifVersion: version + 1 }, 409, 'ERR_CONFLICT'],
    ];
    for (const [method, route, body, status, code, argument] of cases) {
      const answer = await request(url, method, route, body);
      const said = { error: expect.any(String), ...(code && { code }), ...(argument && { argument }) };
      expect({ body, answer }).toMatchObject({ body, answer: { status, body: said } });
    }
    expect((await request(url, 'POST', '/notes', undefined, { body: '{', headers: { 'content-type': 'application/json' } })).status).toBe(400);
    expect((await request(url, 'GET', '/health')).body.records).toBe(1);
  });

  test('refuses what does not fit in the queue, and takes it a little later', async () => {
    const { url } = await start(framework, { file: ':memory:', maxPending: 1 });
    const acknowledged = new Set();
    let refused;
    // Whether two of them meet in the queue is for the machine to decide; sooner or later they do.
    for (let burst = 0; burst < 50 && refused === undefined; burst++) {
      await inFlight(IN_FLIGHT, async (i) => {
        const answer = await request(url, 'POST', '/notes', { id: `${burst}-${i}`, text: 'wait' });
        if (answer.status === 201) acknowledged.add(answer.body.id);
        else refused = answer;
      });
    }
    expect(refused).toMatchObject({ status: 503, body: { code: 'ERR_QUEUE_FULL' } });
    const again = Number(refused.headers.get('retry-after'));
    expect(again).toBeGreaterThan(0);
    expect((await request(url, 'GET', '/health')).body.records).toBe(acknowledged.size);
  });

  test('cancels the call of a client that has gone', async () => {
    const file = databases.file();
    const db = await databases.open(file);
    const { url } = await start(framework, { file });
    const notes = await db.getCollection('notes');
    let kept = true;
    for (let tries = 0; kept && tries < 20; tries++) {
      // While this load is written, the note has to wait; it is lost with its client unless the load ends too soon.
      const load = await occupyWriter(db);
      const client = new AbortController();
      const asked = request(url, 'POST', '/notes', { id: `gone-${tries}`, text: 'nobody waits for this' }, { signal: client.signal });
      while (!load.isDone && db.statsSync().queue.waiting === 0) await turnOfTheLoop();
      client.abort();
      await asked.catch((error) => expect(error.name).toBe('AbortError'));
      await load.done;
      await db.deleteCollection('occupied');
      kept = await notes.has(`gone-${tries}`);
    }
    expect(kept).toBe(false);
    expect((await request(url, 'POST', '/notes', { id: 'next', text: 'somebody waits for this' })).status).toBe(201);
  });

  test(`answers ${IN_FLIGHT} requests at once`, async () => {
    const file = databases.file();
    const count = 4000;
    await fillNotes(file, count);
    const { url, terminate, ended } = await spawnService(framework, file);
    const times = [];
    const wrong = [];
    await inFlight(20 * IN_FLIGHT, async (i) => {
      const wanted = (i * 37) % count;
      const { result, ms } = await timed(() => request(url, 'POST', '/search', { text: noteText(wanted), k: 3 }));
      times.push(ms);
      if (result.status !== 200 || result.body.length !== 3 || result.body[0].id !== `n${wanted}`) wrong.push({ wanted, result });
      if (i % 5 > 0) return;
      const added = await request(url, 'POST', '/notes', { id: `new-${i}`, text: `new ${i}` });
      if (added.status !== 201) wrong.push(added);
    });
    expect(wrong).toEqual([]);
    const { body } = await request(url, 'GET', '/health');
    expect(body.records).toBe(count + (20 * IN_FLIGHT) / 5);
    process.stdout.write(`${framework}: ${times.length} searches, ${IN_FLIGHT} at once: p50 ${formatMs(median(times))}; `);
    process.stdout.write(`event loop late by ${formatDelay(body.loop)}, longest step of ours ${formatMs(body.loop.ourStepMaxMs)}\n`);
    terminate();
    expect(await ended).toEqual({ code: 0, stderr: '' });
  });

  test('stops under load without losing an acknowledged note', async () => {
    const file = databases.file();
    const { url, terminate, ended } = await spawnService(framework, file);
    const acknowledged = [];
    const wrong = [];
    let stopping = false;
    const client = async (_, number) => {
      for (let i = 0; ; i++) {
        const note = { id: `${number}-${i}`, text: `note ${i} of client ${number}` };
        // Refused connections and 503 are what a client must expect of a service that stops.
        const answer = await request(url, 'POST', '/notes', note).catch((error) => error);
        if (answer.status === 201) acknowledged.push(note);
        else if (!stopping || (answer.status !== undefined && answer.status !== 503)) wrong.push({ note, answer });
        if (answer.status !== 201) return;
        if (acknowledged.length >= 10 * IN_FLIGHT && !stopping) stopping = terminate();
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, client));
    expect(wrong).toEqual([]);
    expect(await ended).toEqual({ code: 0, stderr: '' });

    const db = await databases.open(file);
    const notes = await db.getCollection('notes');
    const found = await Promise.all(acknowledged.map(async ({ id }) => ({ id, text: (await notes.get(id))?.text })));
    expect(found).toEqual(acknowledged);
    expect((await db.stats()).walBytes).toBe(0);
  });
});
