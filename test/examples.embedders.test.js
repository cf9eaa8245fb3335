'use strict';

// Text to vectors without a model.

const { createHashingEmbedder } = require('../examples/support/hashing-embedder');

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
