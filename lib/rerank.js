'use strict';

// Hits put into another order by a function of the caller's, after the native search.

const { awaitOther } = require('./call');
const { invalidArgument } = require('./errors');
const { describe, describeNumber } = require('./values');

const K_DEFAULT = 10;
const K_MAX = 10_000;
const RERANK_K_MIN = 50;
const RERANK_K_MAX = 1000;

const isCount = (value) => Number.isInteger(value) && value >= 1 && value <= K_MAX;

/** Parts a query: `asked` is to be searched, with more hits than are wanted; `reranking` then makes of them what is. undefined: nothing. */
function splitReranking(method, { rerank, rerankK, ...asked }) {
  if (rerank === undefined) {
    if (rerankK !== undefined) throw invalidArgument(method, 'query.rerankK', 'needs query.rerank');
    return { asked };
  }
  const { k = K_DEFAULT } = asked;
  if (typeof rerank !== 'function') throw invalidArgument(method, 'query.rerank', `must be a function, got ${describe(rerank)}`);
  if (!isCount(k)) throw invalidArgument(method, 'query.k', `must be an integer in 1..${K_MAX}, got ${describeNumber(k)}`);
  if (rerankK !== undefined && !(isCount(rerankK) && rerankK >= k)) {
    throw invalidArgument(method, 'query.rerankK', `must be an integer in k (${k})..${K_MAX}, got ${describeNumber(rerankK)}`);
  }
  asked.k = rerankK ?? Math.max(k, Math.min(RERANK_K_MAX, Math.max(RERANK_K_MIN, 2 * k)));
  return { asked, reranking: { rerank, k } };
}

/**
 * The best k hits in the order that `rerank` gives them. What it throws leaves the order as it was, and is told in `rerankError`.
 * @param control  { signal, timeoutMs } of what is left to do: what ends the wait ends the search.
 */
async function rerankHits(method, hits, { rerank, k }, control) {
  const waiting = new AbortController();
  // The caller's function may sort what it is given.
  const attempt = async () => {
    await undefined; // So that whatever it does, it does while it is waited for.
    return { given: await rerank([...hits], { signal: waiting.signal }) };
  };
  let outcome;
  try {
    outcome = await awaitOther(method, attempt().catch((error) => ({ error })), control);
  } catch (error) {
    waiting.abort(error);
    throw error;
  }
  const ordered = 'given' in outcome ? inOrder(method, hits, outcome.given) : hits;
  const kept = ordered.slice(0, k);
  if (hits.explain !== undefined) kept.explain = hits.explain;
  if ('error' in outcome) kept.rerankError = outcome.error;
  return kept;
}

function inOrder(method, hits, given) {
  const refuse = (message) => {
    throw invalidArgument(method, 'query.rerank', message);
  };
  if (!Array.isArray(given)) refuse(`must resolve to scores or hits, and gave ${describe(given)}`);
  return typeof given[0] === 'number' ? byScores(hits, given, refuse) : byHits(hits, given, refuse);
}

function byScores(hits, scores, refuse) {
  if (scores.length !== hits.length) refuse(`must resolve to a score for each of ${hits.length} hits, and gave ${scores.length}`);
  const wrong = Array.from(scores).findIndex((score) => !Number.isFinite(score));
  if (wrong >= 0) refuse(`must resolve to finite numbers, and gave ${describeNumber(scores[wrong])} at ${wrong}`);
  return hits.map((hit, i) => ({ ...hit, score: scores[i] })).sort((a, b) => b.score - a.score);
}

function byHits(hits, given, refuse) {
  const left = new Set(hits.map(({ id }) => id));
  for (let i = 0; i < given.length; i++) {
    if (!left.delete(given[i]?.id)) refuse(`must resolve to hits that it was given, each once, and gave something else at ${i}`);
  }
  return given;
}

module.exports = { splitReranking, rerankHits };
