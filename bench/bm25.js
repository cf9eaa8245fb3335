'use strict';

// The exact answers of keyword searches: BM25 (k1 1.2, b 0.75) of every text, in double precision.

const K1 = 1.2;
const B = 0.75;
const NEAR = 1e-4; // of a score: float32 engines cannot tell such texts apart

/**
 * @param texts    for each text the numbers of its words.
 * @param queries  numbers of words, all different within one.
 * @returns for each query the score of every text, 0 for those that have no word of it.
 */
function bm25(texts, queries) {
  const lists = postings(texts, new Set(queries.flat()));
  const average = texts.reduce((sum, words) => sum + words.length, 0) / texts.length;
  return queries.map((words) => {
    const scores = new Float64Array(texts.length);
    for (const word of words) {
      const { having, times } = lists.get(word);
      const idf = Math.log(1 + (texts.length - having.length + 0.5) / (having.length + 0.5));
      having.forEach((text, i) => {
        const norm = K1 * (1 - B + (B * texts[text].length) / average);
        scores[text] += (idf * times[i] * (K1 + 1)) / (times[i] + norm);
      });
    }
    return scores;
  });
}

/** For each wanted word the texts that have it, and how often each does. */
function postings(texts, wanted) {
  const lists = new Map([...wanted].map((word) => [word, { having: [], times: [] }]));
  texts.forEach((words, text) => {
    for (const word of words) {
      const list = lists.get(word);
      if (list?.having.at(-1) === text) list.times[list.times.length - 1]++;
      else if (list) {
        list.having.push(text);
        list.times.push(1);
      }
    }
  });
  return lists;
}

/** Share of the best k that `found` holds. Any text as good as the kth counts: which of them are taken is a matter of taste. */
function agreement(found, scores, k) {
  let hits = 0;
  let wanted = 0;
  found.forEach((ids, query) => {
    const best = scores[query].filter((score) => score > 0).sort().reverse().subarray(0, k);
    const least = best.at(-1) * (1 - NEAR);
    hits += Math.min(best.length, new Set(ids.filter((id) => scores[query][id] >= least)).size);
    wanted += best.length;
  });
  return hits / wanted;
}

module.exports = { bm25, agreement };
