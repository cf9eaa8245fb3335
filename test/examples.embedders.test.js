'use strict';

// Text to vectors, without a model and with any endpoint. None of it needs the database.

const { once } = require('node:events');
const net = require('node:net');

const { createHashingEmbedder } = require('../examples/support/hashing-embedder');
const { createOpenAIEmbedder, EmbeddingError } = require('../examples/support/openai-embedder');
const { startEmbeddingServer, letterCounts } = require('./support/embedding-server');

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

describe('hashing embedder', () => {
  const TEXTS = [
    'A write that resolved survives a killed process.',
    'Abort the signal to cancel a search.',
    'Every error has a code, and a table lists all codes.',
    'Vectors are compared with cosine, l2 or the dot product.',
  ];

  async function best(question) {
    const embedder = createHashingEmbedder();
    embedder.fit(TEXTS);
    const vectors = await embedder.embed(TEXTS);
    const [asked] = await embedder.embed([question]);
    const scores = vectors.map((vector) => dot(vector, asked));
    return TEXTS[scores.indexOf(Math.max(...scores))];
  }

  test.each([
    ['What happens to writes when I kill the process?', TEXTS[0]],
    ['Can searches be cancelled?', TEXTS[1]],
    ['error codes', TEXTS[2]],
    ['Which products compare a vector?', TEXTS[3]],
  ])('ranks the right text first: %s', async (question, text) => {
    expect(await best(question)).toBe(text);
  });

  test('the same texts give the same vectors in another instance', async () => {
    const run = async () => {
      const embedder = createHashingEmbedder({ dimensions: 64 });
      embedder.fit(TEXTS);
      return embedder.embed(TEXTS);
    };
    expect(await run()).toEqual(await run());
  });

  test.each([[''], ['the'], ['\u0000'], ['words it has never seen'], ['日本語 Привет'], ['😀'], ['a'.repeat(10_000)]])(
    'every text has a vector of unit length: %j',
    async (text) => {
      const embedder = createHashingEmbedder({ dimensions: 128 });
      for (const texts of [TEXTS, []]) {
        embedder.fit(texts);
        const [vector] = await embedder.embed([text]);
        expect(vector).toHaveLength(128);
        expect(Math.abs(dot(vector, vector) - 1)).toBeLessThan(1e-5);
      }
    },
  );
});

describe('openai embedder', () => {
  let server;
  async function start(options) {
    server = await startEmbeddingServer(options);
    return (more) => createOpenAIEmbedder({ url: server.url, model: 'letters', apiKey: 'secret', retryDelayMs: 1, ...more });
  }
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  test('sends batches and returns vectors in the order of the texts', async () => {
    const create = await start();
    const texts = ['a', 'bb', 'ccc', 'dddd', 'eeeee'];
    const vectors = await create({ batchSize: 2 }).embed(texts);
    expect(vectors.map((vector) => Array.from(vector))).toEqual(texts.map(letterCounts));
    expect(server.requests.map(({ body }) => body.input)).toEqual([['a', 'bb'], ['ccc', 'dddd'], ['eeeee']]);
    const [{ path, body, headers }] = server.requests;
    expect({ path, model: body.model, key: headers.authorization }).toEqual({ path: '/v1/embeddings', model: 'letters', key: 'Bearer secret' });
  });

  test('takes the full address of the endpoint too, and needs no key', async () => {
    const create = await start();
    await create({ url: `${server.url}/embeddings?version=2`, apiKey: undefined }).embed(['a']);
    expect(server.requests[0].path).toBe('/v1/embeddings?version=2');
    expect(server.requests[0].headers.authorization).toBeUndefined();
  });

  test.each([429, 500, 503])('tries again after status %i', async (status) => {
    const create = await start({ answer: (_, call) => (call < 2 ? { status } : undefined) });
    expect(await create().embed(['a'])).toHaveLength(1);
    expect(server.requests).toHaveLength(3);
  });

  test('waits as long as retry-after says', async () => {
    const create = await start({ answer: (_, call) => (call === 0 ? { status: 429, headers: { 'retry-after': '0' } } : undefined) });
    // With the wait of an hour asked for here, only the server's own figure lets this end.
    expect(await create({ retryDelayMs: 3_600_000 }).embed(['a'])).toHaveLength(1);
  });

  test('gives up after the retries allowed, with the status', async () => {
    const create = await start({ answer: () => ({ status: 503, body: 'still loading' }) });
    const error = await create({ retries: 2 }).embed(['a']).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'ERR_EMBEDDING', status: 503, message: expect.stringContaining('still loading') });
    expect(server.requests).toHaveLength(3);
  });

  test('does not try again what will not get better, and shows only the first bytes of the answer', async () => {
    const create = await start({ answer: () => ({ status: 401, body: `bad key ${'x'.repeat(10_000)}` }) });
    const error = await create().embed(['a']).catch((reason) => reason);
    expect(error).toBeInstanceOf(EmbeddingError);
    expect(error.message).toMatch(/401 Unauthorized: bad key x+…$/);
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).not.toContain('secret');
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['text', '<html>hello</html>', /200, but not with embeddings: <html>/],
    ['another shape', { embeddings: [] }, /200, but not with embeddings/],
    ['null', 'null', /200, but not with embeddings/],
    ['too few', { data: [] }, /asked for 1 embeddings, got 0/],
    ['too many', { data: [{ index: 0, embedding: [1] }, { index: 1, embedding: [1] }] }, /asked for 1 embeddings, got 2/],
    ['a wrong index', { data: [{ index: 7, embedding: [1] }] }, /asked for 1 embeddings/],
    ['a negative index', { data: [{ index: -1, embedding: [1] }] }, /asked for 1 embeddings/],
    ['no numbers', { data: [{ index: 0, embedding: 'AAAA' }] }, /not a list of numbers/],
    ['null for a vector', { data: [null] }, /not a list of numbers/],
    ['holes', { data: [{ index: 0, embedding: [1, null] }] }, /not a list of numbers/],
    ['other dimensions', { data: [{ index: 0, embedding: [1, 2] }] }, /expected 3 dimensions, got 2/],
  ])('refuses an answer that is not embeddings: %s', async (_, body, message) => {
    const create = await start({ answer: () => ({ body }) });
    const error = await create({ dimensions: 3 }).embed(['a']).catch((reason) => reason);
    expect(error).toBeInstanceOf(EmbeddingError);
    expect(error.message).toMatch(message);
  });

  test('an abort under way rejects with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const create = await start({
      answer: () => {
        controller.abort(reason);
        return new Promise(() => {});
      },
    });
    await expect(create().embed(['a'], { signal: controller.signal })).rejects.toBe(reason);
  });

  test('an abort while waiting to try again rejects with the reason of the signal', async () => {
    const controller = new AbortController();
    const create = await start({
      answer: () => {
        setTimeout(() => controller.abort('enough'), 20);
        return { status: 429 };
      },
    });
    await expect(create({ retryDelayMs: 3_600_000 }).embed(['a'], { signal: controller.signal })).rejects.toBe('enough');
  });

  test('says so when the server does not answer in time', async () => {
    const create = await start({ answer: () => new Promise(() => {}) });
    await expect(create({ timeoutMs: 50 }).embed(['a'])).rejects.toThrow(/did not answer within 50 ms/);
  });

  test('says so when there is no server', async () => {
    const port = await unusedPort();
    const embedder = createOpenAIEmbedder({ url: `http://127.0.0.1:${port}/v1?key=secret`, model: 'letters' });
    const error = await embedder.embed(['a']).catch((reason) => reason);
    expect(error).toBeInstanceOf(EmbeddingError);
    expect(error.message).toMatch(new RegExp(`cannot reach http://127.0.0.1:${port}/v1/embeddings: .*ECONNREFUSED`));
    expect(error.message).not.toContain('secret');
  });

  test('no texts, no request', async () => {
    const create = await start();
    expect(await create().embed([])).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });
});

async function unusedPort() {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  await once(server.close(), 'close');
  return port;
}
