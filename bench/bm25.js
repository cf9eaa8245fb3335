'use strict';

// The exact answers of keyword searches: BM25 (k1 1.2, b 0.75) of every text, in double precision.

const K1 = 1.2;
const B = 0.75;
const NEAR = 1e-4; // of a score: float32 engines cannot tell such texts apart

/**
 * @param texts    for each text the numbers of its words.
 * @param queries  numbers of words, all different within one.
 * @returns for each query a Map from the text's number to its score, for those that have a word of it.
 */
function bm25(texts, queries) {
  const lists = postings(texts, new Set(queries.flat()));
  const average = texts.reduce((sum, words) => sum + words.length, 0) / texts.length;
  return queries.map((words) => {
    const scores = new Map();
    for (const word of words) {
      const list = lists.get(word);
      const idf = Math.log(1 + (texts.length - list.size + 0.5) / (list.size + 0.5));
      for (const [text, tf] of list) {
        const norm = K1 * (1 - B + (B * texts[text].length) / average);
        scores.set(text, (scores.get(text) ?? 0) + (idf * tf * (K1 + 1)) / (tf + norm));
      }
    }
    return scores;
  });
}

/** For each wanted word how often each text has it. */
function postings(texts, wanted) {
  const lists = new Map([...wanted].map((word) => [word, new Map()]));
  texts.forEach((words, text) => {
    for (const word of words) {
      const list = lists.get(word);
      if (list) list.set(text, (list.get(text) ?? 0) + 1);
    }
  });
  return lists;
}

/** Share of the best k that `found` holds. Any text as good as the kth counts: which of them are taken is a matter of taste. */
function agreement(found, scores, k) {
  let hits = 0;
  let wanted = 0;
  found.forEach((ids, query) => {
    const best = [...scores[query].values()].sort((a, b) => b - a).slice(0, k);
    const least = best.at(-1) * (1 - NEAR);
    hits += Math.min(best.length, new Set(ids.filter((id) => scores[query].get(id) >= least)).size);
    wanted += best.length;
  });
  return hits / wanted;
}

module.exports = { bm25, agreement };
