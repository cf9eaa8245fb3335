'use strict';

// One list of hits out of those of many queries.

const { checkKeys, isObject } = require('./call');
const { invalidArgument } = require('./errors');
const { inSlices } = require('./slices');
const { describe, describeNumber } = require('./values');

const K_DEFAULT = 10;
const K_MAX = 10_000;
const RANK_CONSTANT_DEFAULT = 10;
const RANK_CONSTANT_MAX = 1e6;
const WEIGHT_MAX = 1000;

/** What the option `fuse` asks for; undefined: the lists stay apart. */
function toFusing(method, fuse, queries) {
  if (fuse === undefined) return undefined;
  const refuse = (argument, message) => {
    throw invalidArgument(method, `options.fuse${argument}`, message);
  };
  if (typeof fuse !== 'string' && !isObject(fuse)) refuse('', `must be 'rrf' or an object, got ${describe(fuse)}`);
  const given = typeof fuse === 'string' ? { method: fuse } : fuse;
  checkKeys(method, 'options.fuse', given, ['method', 'rankConstant', 'weights', 'k']);
  if (given.method !== 'rrf') refuse(typeof fuse === 'string' ? '' : '.method', "must be 'rrf'");
  const isNumber = (value, most) => typeof value === 'number' && value >= 0 && value <= most;
  const { rankConstant = RANK_CONSTANT_DEFAULT, weights, k } = given;
  if (!isNumber(rankConstant, RANK_CONSTANT_MAX)) refuse('.rankConstant', `must be a number in 0..${RANK_CONSTANT_MAX}, got ${describeNumber(rankConstant)}`);
  if (k !== undefined && !(Number.isInteger(k) && k >= 1 && k <= K_MAX)) refuse('.k', `must be an integer in 1..${K_MAX}, got ${describeNumber(k)}`);
  if (weights !== undefined) {
    const { length } = queries;
    if (!Array.isArray(weights) || weights.length !== length) refuse('.weights', `must be an array of ${length} numbers, one for each query`);
    const wrong = Array.from(weights).findIndex((weight) => !isNumber(weight, WEIGHT_MAX));
    if (wrong >= 0) refuse(`.weights[${wrong}]`, `must be a number in 0..${WEIGHT_MAX}, got ${describeNumber(weights[wrong])}`);
  }
  return { rankConstant, weightOf: (query) => weights?.[query] ?? 1, k };
}

/** The k of a fused list where none was given: the greatest of the queries, which have been searched and so are right. */
function greatestK(queries) {
  if (!Array.isArray(queries)) return queries.k ?? K_DEFAULT;
  return queries.reduce((most, { k }) => Math.max(most, k ?? K_DEFAULT), 1);
}

class Fused {
  #fusing;
  #count = 0;
  #byId = new Map();

  constructor(fusing) {
    this.#fusing = fusing;
  }

  /** Takes the list of the next query. Returns its weight for inSlices(). */
  add(hits) {
    const query = this.#count++;
    const weight = this.#fusing.weightOf(query);
    for (const [i, hit] of hits.entries()) this.#addHit(hit, query, i + 1, weight / (this.#fusing.rankConstant + i + 1));
    return 100 * hits.length;
  }

  #addHit(hit, query, rank, share) {
    let found = this.#byId.get(hit.id);
    if (found === undefined) this.#byId.set(hit.id, (found = { hit, best: rank, score: 0, places: [] }));
    if (rank < found.best) Object.assign(found, { hit, best: rank });
    found.score += share;
    found.places.push([query, rank]);
  }

  /** Best first; of equal scores the one that some query has higher, then the one found by an earlier query. */
  list(k) {
    const found = [...this.#byId.values()].sort((a, b) => b.score - a.score || a.best - b.best);
    return found.slice(0, k).map(({ hit, score, places }) => {
      const ranks = new Array(this.#count).fill(null);
      for (const [query, rank] of places) ranks[query] = rank;
      return { ...hit, score, ranks };
    });
  }
}

/** One list of the results of queries. */
async function fuse(results, fusing, queries, next) {
  const fused = new Fused(fusing);
  let added = 0;
  await inSlices(() => added === results.length, () => fused.add(results[added++]), next);
  return fused.list(fusing.k ?? greatestK(queries));
}

function fuseSync(results, fusing, queries) {
  const fused = new Fused(fusing);
  for (const hits of results) fused.add(hits);
  return fused.list(fusing.k ?? greatestK(queries));
}

module.exports = { toFusing, fuse, fuseSync };
