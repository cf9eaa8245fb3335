'use strict';

// agentmemdb/embedders, against a server on this machine and a model of the AI SDK as it is called.

const { once } = require('node:events');
const net = require('node:net');

const { AgentMemError } = require('agentmemdb');
const { openaiEmbedder, aiSdkEmbedder } = require('agentmemdb/embedders');
const { startEmbeddingServer, letterCounts } = require('./support/embedding-server');
const { useDatabases, errorOf, thrownBy } = require('./support/database');

const databases = useDatabases();
const vectorOf = async (c, id) => Array.from((await c.get(id, { include: ['vector'] })).vector);
const ends = new AbortController().signal;

async function collectionOf(embedder) {
  const db = await databases.open(':memory:', { embedder });
  return db.collection('c');
}

describe('openaiEmbedder', () => {
  let server;
  async function start(options) {
    server = await startEmbeddingServer(options);
    return (more) => openaiEmbedder({ baseURL: server.url, model: 'letters', dimensions: 26, apiKey: 'secret', retryDelayMs: 0, ...more });
  }
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  test.each([['base64', undefined], ['numbers', (request) => ({ body: { data: request.body.input.map((text) => ({ embedding: letterCounts(text) })) } })]])(
    'embeds what is written and what is searched, from an answer in %s',
    async (_, answer) => {
      const create = await start(answer && { answer });
      const c = await collectionOf(create({ maxBatch: 2, headers: { 'x-team': 'memory' } }));
      const texts = ['apple', 'bread', 'cherry'];
      await c.addMany({ ids: texts, texts });
      for (const text of texts) expect(await vectorOf(c, text)).toEqual(letterCounts(text));
      expect((await c.search({ text: 'chevy', k: 1 }))[0].id).toBe('cherry');
      const [{ path, body, headers }] = server.requests;
      expect(server.requests.map(({ body: { input } }) => input)).toEqual([['apple', 'bread'], ['cherry'], ['chevy']]);
      expect({ path, body }).toEqual({ path: '/v1/embeddings', body: { model: 'letters', input: ['apple', 'bread'], encoding_format: 'base64' } });
      expect([headers.authorization, headers['x-team']]).toEqual(['Bearer secret', 'memory']);
    },
  );

  test('takes the full address of the endpoint too, needs no key, and sends dimensions only if told to', async () => {
    const create = await start();
    await create({ baseURL: `${server.url}/embeddings?version=2`, apiKey: undefined, sendDimensions: true }).embed(['a'], { signal: ends });
    expect(server.requests[0].path).toBe('/v1/embeddings?version=2');
    expect([server.requests[0].headers.authorization, server.requests[0].body.dimensions]).toEqual([undefined, 26]);
  });

  test('uses the fetch it is given', async () => {
    const create = await start();
    const asked = [];
    const fetch = (url, init) => (asked.push(url.href) > 0 ? globalThis.fetch(url, init) : undefined);
    await create({ fetch }).embed(['a'], { signal: ends });
    expect(asked).toEqual([`${server.url}/embeddings`]);
  });

  test.each([429, 500, 503])('is asked again after status %i', async (status) => {
    const create = await start({ answer: (_, call) => (call < 2 ? { status } : undefined) });
    await (await collectionOf(create())).add({ text: 'a' });
    expect(server.requests).toHaveLength(3);
  });

  test('is asked again when Retry-After says', async () => {
    const create = await start({ answer: (_, call) => (call === 0 ? { status: 429, headers: { 'retry-after': '0' } } : undefined) });
    // With the delay of an hour asked for here, only the server's own figure lets this end.
    await (await collectionOf(create({ retryDelayMs: 3_600_000 }))).add({ text: 'a' });
    expect(server.requests).toHaveLength(2);
  });

  test('is not asked again when that will not help; the answer is quoted, but not the key in it', async () => {
    const create = await start({ answer: () => ({ status: 401, body: `bad key: secret ${'x'.repeat(10_000)}` }) });
    const error = await errorOf((await collectionOf(create())).add({ text: 'a' }));
    expect(error).toMatchObject({ code: 'ERR_IO', cause: { name: 'EndpointError', status: 401 } });
    expect(error.message).toMatch(/answered 401 Unauthorized: bad key: \*\*\* x+…$/);
    expect(error.message.length).toBeLessThan(500);
    for (let each = error; each !== undefined; each = each.cause) expect(`${each.stack}${JSON.stringify(each)}`).not.toContain('secret');
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['text', '<html>hello</html>', /200, but not with embeddings: <html>/],
    ['another shape', { embeddings: [] }, /200, but not with embeddings/],
    ['null', 'null', /200, but not with embeddings/],
    ['too few', { data: [] }, /asked for 1 embeddings, and got 0/],
    ['too many', { data: [{ index: 0, embedding: [1] }, { index: 1, embedding: [1] }] }, /asked for 1 embeddings, and got 2/],
    ['a wrong index', { data: [{ index: 7, embedding: [1] }] }, /asked for 1 embeddings/],
    ['a negative index', { data: [{ index: -1, embedding: [1] }] }, /asked for 1 embeddings/],
    ['null for a vector', { data: [null] }, /asked for 1 embeddings/],
    ['an object', { data: [{ index: 0, embedding: {} }] }, /must give vectors, and gave a Object/],
    ['holes', { data: [{ index: 0, embedding: new Array(26) }] }, /must give finite numbers, and gave null/],
    ['base64 of another length', { data: [{ index: 0, embedding: 'AAAA' }] }, /must give vectors of 26 dimensions, and gave one of 0/],
  ])('an answer that is not embeddings is refused: %s', async (_, body, message) => {
    const create = await start({ answer: () => ({ body }) });
    const error = await errorOf((await collectionOf(create({ retries: 0 }))).add({ text: 'a' }));
    expect(AgentMemError.isError(error)).toBe(true);
    expect(error.message).toMatch(message);
  });

  test('an abort under way ends the request, and rejects with the reason', async () => {
    const controller = new AbortController();
    const create = await start({
      answer: () => {
        controller.abort('enough');
        return new Promise(() => {});
      },
    });
    await expect((await collectionOf(create())).add({ text: 'a' }, { signal: controller.signal })).rejects.toBe('enough');
  });

  test('says so when the server does not answer in time', async () => {
    const create = await start({ answer: () => new Promise(() => {}) });
    const error = await errorOf((await collectionOf(create({ requestTimeoutMs: 50, retries: 0 }))).add({ text: 'a' }));
    expect(error.message).toMatch(/\/v1\/embeddings did not answer within 50 ms$/);
  });

  test('says so when there is no server', async () => {
    const port = await unusedPort();
    const embedder = openaiEmbedder({ baseURL: `http://127.0.0.1:${port}/v1?key=secret`, model: 'letters', dimensions: 26, retries: 0 });
    const error = await errorOf((await collectionOf(embedder)).add({ text: 'a' }));
    expect(error.message).toMatch(new RegExp(`cannot reach http://127.0.0.1:${port}/v1/embeddings: .*ECONNREFUSED`));
    expect(error.message).not.toContain('secret');
  });

  test.each([
    ['options', undefined],
    ['options.model', { model: '' }],
    ['options.dimensions', { dimensions: undefined }],
    ['options.baseURL', { baseURL: 'host/v1' }],
    ['options.baseURL', { baseURL: 'https://me:secret@host/v1' }],
    ['options.apiKey', { apiKey: '' }],
    ['options.fetch', { fetch: 5 }],
    ['options.requestTimeoutMs', { requestTimeoutMs: 0 }],
    ['options.url', { url: 'https://host/v1' }],
  ])('refuses %s by name: %j', (argument, more) => {
    const options = more && { model: 'm', dimensions: 3, ...more };
    expect(thrownBy(() => openaiEmbedder(options))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
  });
});

describe('aiSdkEmbedder', () => {
  /** What a provider of the AI SDK gives; `calls`: what doEmbed was called with. */
  function modelOf(more) {
    const calls = [];
    return {
      specificationVersion: 'v3',
      provider: 'letters.embedding',
      modelId: 'letters-1',
      maxEmbeddingsPerCall: 2,
      supportsParallelCalls: true,
      async doEmbed(options) {
        calls.push(options);
        return { embeddings: options.values.map(letterCounts), usage: { tokens: 1 }, warnings: [] };
      },
      ...more,
      calls,
    };
  }
  const valuesOf = (model) => model.calls.map(({ values }) => values);

  test.each(['v2', 'v3', 'v4'])('embeds with a model of %s, no more texts in a call than it takes', async (specificationVersion) => {
    const model = modelOf({ specificationVersion });
    const db = await databases.open(':memory:', { embedder: aiSdkEmbedder(model, { dimensions: 26, headers: { a: 'b' }, providerOptions: { letters: { x: 1 } } }) });
    const c = await db.collection('c');
    await c.addMany({ ids: ['a', 'b', 'c'], texts: ['apple', 'bread', 'cherry'] });
    expect(await vectorOf(c, 'c')).toEqual(letterCounts('cherry'));
    expect(valuesOf(model)).toEqual([['apple', 'bread'], ['cherry']]);
    expect(model.calls[0]).toMatchObject({ abortSignal: expect.any(AbortSignal), headers: { a: 'b' }, providerOptions: { letters: { x: 1 } } });
    expect((await db.listCollections())[0].embedder).toEqual({ model: 'letters-1' });
  });

  test.each([
    [Promise.resolve(2), Promise.resolve(false)],
    [undefined, false],
  ])('keeps to what a model says later, and to one call at a time', async (maxEmbeddingsPerCall, supportsParallelCalls) => {
    let running = 0;
    let most = 0;
    const model = modelOf({ maxEmbeddingsPerCall, supportsParallelCalls });
    const { doEmbed } = model;
    model.doEmbed = async (options) => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      return doEmbed(options);
    };
    const c = await collectionOf(aiSdkEmbedder(model, { dimensions: 26, maxBatch: 3 }));
    await c.addMany({ texts: ['a', 'b', 'c', 'd'] });
    const expected = maxEmbeddingsPerCall === undefined ? [['a', 'b', 'c'], ['d']] : [['a', 'b'], ['c'], ['d']];
    expect([valuesOf(model), most]).toEqual([expected, 1]);
  });

  test.each([
    ['is retryable', { statusCode: 429, isRetryable: true }, 2],
    ['is not', { statusCode: 400, isRetryable: false }, 1],
  ])('an error of the SDK that %s', async (_, properties, times) => {
    let calls = 0;
    const doEmbed = async ({ values }) => {
      if (++calls === 1) throw Object.assign(new Error('no'), properties, { responseHeaders: { 'retry-after': '0' } });
      return { embeddings: values.map(letterCounts) };
    };
    const c = await collectionOf(aiSdkEmbedder(modelOf({ doEmbed }), { dimensions: 26 }));
    await c.add({ text: 'a' }).catch(() => {});
    expect(calls).toBe(times);
  });

  test.each([
    ['model', 'openai/text-embedding-3-small', { dimensions: 3 }],
    ['model', modelOf({ specificationVersion: 'v1' }), { dimensions: 3 }],
    ['options', modelOf(), undefined],
    ['options.dimensions', modelOf(), {}],
    ['options.name', modelOf(), { dimensions: 3, name: '' }],
    ['options.batch', modelOf(), { dimensions: 3, batch: 5 }],
  ])('refuses %s by name', (argument, model, options) => {
    expect(thrownBy(() => aiSdkEmbedder(model, options))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
  });
});

async function unusedPort() {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  await once(server.close(), 'close');
  return port;
}
