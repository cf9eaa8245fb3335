'use strict';

// Searching by words, fusing and ranking as index.d.ts promises them, in plain JavaScript: what the product is compared with.

const K1 = 1.2;
const B = 0.75;

const wordsOf = (text) => text?.match(/\S+/g) ?? [];
const countOf = (list, wanted) => list.filter((each) => each === wanted).length;

/**
 * BM25 of records whose texts are plain words between spaces, by id: only those that match.
 * @param records  [{ id, text? }], all that there are, whatever a filter allows.
 */
function bm25(records, query) {
  const texts = records.filter(({ text }) => text !== undefined).map(({ id, text }) => ({ id, words: wordsOf(text) }));
  const average = texts.reduce((sum, { words }) => sum + words.length, 0) / texts.length;
  const scores = new Map();
  for (const term of wordsOf(query)) {
    const having = texts.filter(({ words }) => words.includes(term));
    const idf = Math.log(1 + (texts.length - having.length + 0.5) / (having.length + 0.5));
    for (const { id, words } of having) {
      const tf = countOf(words, term);
      const score = (idf * tf * (K1 + 1)) / (tf + K1 * (1 - B + (B * words.length) / average));
      scores.set(id, (scores.get(id) ?? 0) + score);
    }
  }
  return scores;
}

const isNear = (a, b) => Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(a), Math.abs(b));

/** Fails unless hits are the best k of `scores` (by id), whatever the order of those that are as good as equal. */
function expectBest(hits, scores, k) {
  const best = [...scores.values()].sort((a, b) => b - a).slice(0, k);
  expect(hits).toHaveLength(best.length);
  expect(new Set(hits.map(({ id }) => id)).size).toBe(hits.length);
  hits.forEach(({ id, score }, i) => {
    if (!scores.has(id)) throw new Error(`${id} must not be found`);
    if (!isNear(score, scores.get(id))) throw new Error(`${id} must score ${scores.get(id)}, not ${score}`);
    if (!isNear(score, best[i])) throw new Error(`place ${i} must score ${best[i]}, not ${score}`);
  });
}

const clip = (x) => Math.min(1, Math.max(0, x));
const spread = (least, greatest) => (x) => (greatest > least ? clip((x - least) / (greatest - least)) : 0);

const SCALES = {
  weighted: {
    words: (values) => spread(0, Math.max(...values)),
    vectors: (values, mean) => spread(mean, Math.max(...values)),
  },
  minmax: {
    words: (values) => extremes(values),
    vectors: (values) => extremes(values),
  },
  dbsf: {
    words: (values) => deviations(values),
    vectors: (values) => deviations(values),
  },
};

function extremes(values) {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  return least === greatest ? spread(least - 1, greatest) : spread(least, greatest);
}

function deviations(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return deviation === 0 ? spread(mean - 1, mean + 1) : spread(mean - 3 * deviation, mean + 3 * deviation);
}

/**
 * Fused scores by id.
 * @param candidates  [{ id, age, keyword, similarity }]: all that either arm found; age: larger is newer; keyword 0: no word, similarity
 *                    undefined: no vector.
 * @param rule        { fusion, alpha, mean }: `mean`: of the similarities of all vectors.
 */
function fuse(candidates, { fusion, alpha, mean }) {
  const words = candidates.filter(({ keyword }) => keyword > 0);
  const vectors = candidates.filter(({ similarity }) => similarity !== undefined);
  if (fusion === 'rrf') {
    const rankIn = (list, key) => {
      const sorted = [...list].sort((a, b) => b[key] - a[key] || b.age - a.age);
      return new Map(sorted.map(({ id }, i) => [id, 1 / (10 + i + 1)]));
    };
    const [byWords, byVectors] = [rankIn(words, 'keyword'), rankIn(vectors, 'similarity')];
    return new Map(candidates.map(({ id }) => [id, (1 - alpha) * (byWords.get(id) ?? 0) + alpha * (byVectors.get(id) ?? 0)]));
  }
  const ofWords = words.length === 0 ? () => 0 : SCALES[fusion].words(words.map(({ keyword }) => keyword));
  const ofVectors = vectors.length === 0 ? () => 0 : SCALES[fusion].vectors(vectors.map(({ similarity }) => similarity), mean);
  return new Map(
    candidates.map(({ id, keyword, similarity }) => {
      const words = keyword > 0 ? ofWords(keyword) : 0;
      const vectors = similarity === undefined ? 0 : ofVectors(similarity);
      return [id, (1 - alpha) * words + alpha * vectors];
    }),
  );
}

module.exports = { bm25, fuse, expectBest, isNear };
