'use strict';

// Retrieval metrics as trec_eval defines them.

/** Of one query: `ranked` ids, best first; `judged` grades by id, of which those above 0 are relevant. */
function metricsOf(ranked, judged) {
  const relevant = new Map([...judged].filter(([, grade]) => grade > 0));
  const grades = [...relevant.values()].sort((a, b) => b - a).slice(0, 10);
  const gain = (grade, i) => grade / Math.log2(i + 2);
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const dcg = sum(ranked.slice(0, 10).map((id, i) => gain(relevant.get(id) ?? 0, i)));
  const recallAt = (k) => ranked.slice(0, k).filter((id) => relevant.has(id)).length / relevant.size;
  let hits = 0;
  let precisions = 0;
  ranked.forEach((id, i) => {
    if (relevant.has(id)) precisions += ++hits / (i + 1);
  });
  return {
    'nDCG@10': dcg / sum(grades.map(gain)),
    MAP: precisions / relevant.size,
    'R@5': recallAt(5),
    'R@10': recallAt(10),
    'R@100': recallAt(100),
  };
}

/** Means over queries, by metric. */
function meansOf(all) {
  const names = Object.keys(all[0]);
  return Object.fromEntries(names.map((name) => [name, all.reduce((sum, each) => sum + each[name], 0) / all.length]));
}

module.exports = { metricsOf, meansOf };
