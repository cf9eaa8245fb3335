'use strict';

const { Random } = require('./random');

// The shape of the data: what embeddings of real text look like, as far as a nearest-neighbour graph can tell.
// Uniform random vectors would be far too hard (all are equally far), tight balls far too easy.
const CLUSTERS = 300;
const CLUSTER_SIZE_DECAY = 0.8; // Zipf: a few large topics, many small ones
const LATENT_RANK_MAX = 192; // real embeddings do not fill their dimensions
const SPECTRUM_DECAY = 0.5;
const SPREAD = 1.5; // within a cluster, in units of the distance between clusters
const NOISE = 0.25;
const DIMENSION_SCALE_DEVIATION = 0.4; // log-normal scale per dimension ...
const OUTLIER_DIMENSIONS = 2; // ... and a few dimensions far larger than the rest, as in many models
const OUTLIER_SCALE = 4;

/**
 * Draws unit vectors from a Gaussian mixture of low rank. Vectors drawn later come from the same mixture, so queries
 * are held out of the base, yet in distribution.
 */
class Mixture {
  #random;
  #dim;
  #rank;
  #basis;
  #spectrum;
  #centres;
  #cumulative;
  #scales;

  constructor(dim, seed) {
    this.#random = new Random(seed);
    this.#dim = dim;
    this.#rank = Math.max(1, Math.min(LATENT_RANK_MAX, dim >> 1));
    this.#spectrum = Float64Array.from({ length: this.#rank }, (_, j) => (j + 1) ** -SPECTRUM_DECAY);
    this.#basis = this.#normals(this.#rank * dim);
    this.#centres = this.#normals(CLUSTERS * this.#rank);
    this.#cumulative = cumulativeSizes();
    this.#scales = this.#drawScales();
  }

  /** Draws `count` unit vectors, row after row. */
  draw(count) {
    const rows = new Float32Array(count * this.#dim);
    for (let i = 0; i < count; i++) this.#drawOne(rows.subarray(i * this.#dim, (i + 1) * this.#dim));
    return rows;
  }

  #drawOne(row) {
    const centre = this.#pickCluster() * this.#rank;
    const x = new Float64Array(this.#dim);
    for (let j = 0; j < this.#rank; j++) {
      const z = this.#spectrum[j] * (this.#centres[centre + j] + SPREAD * this.#random.normal());
      const offset = j * this.#dim;
      for (let d = 0; d < x.length; d++) x[d] += z * this.#basis[offset + d];
    }
    let square = 0;
    for (let d = 0; d < x.length; d++) {
      x[d] = (x[d] + NOISE * this.#random.normal()) * this.#scales[d];
      square += x[d] * x[d];
    }
    const norm = Math.sqrt(square);
    for (let d = 0; d < x.length; d++) row[d] = x[d] / norm;
  }

  #pickCluster() {
    const u = this.#random.uniform();
    const found = this.#cumulative.findIndex((sum) => u < sum);
    return found < 0 ? CLUSTERS - 1 : found;
  }

  #drawScales() {
    const scales = this.#normals(this.#dim).map((x) => Math.exp(DIMENSION_SCALE_DEVIATION * x));
    for (let i = 0; i < OUTLIER_DIMENSIONS; i++) scales[Math.floor(this.#random.uniform() * this.#dim)] = OUTLIER_SCALE;
    return scales;
  }

  #normals(count) {
    const numbers = new Float64Array(count);
    for (let i = 0; i < count; i++) numbers[i] = this.#random.normal();
    return numbers;
  }
}

function cumulativeSizes() {
  const weights = Array.from({ length: CLUSTERS }, (_, rank) => (rank + 1) ** -CLUSTER_SIZE_DECAY);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => (sum += weight / total));
}

/**
 * The exact nearest neighbours by inner product: k row numbers per query, best first. Only the `allowed` rows, if given; there must
 * be k of them. Four queries at a time, so that a base row read from memory is used four times.
 */
function exactNeighbours(base, queries, dim, k, allowed = undefined) {
  const queryCount = queries.length / dim;
  const truth = new Uint32Array(queryCount * k);
  for (let first = 0; first < queryCount; first += 4) {
    // The last group repeats its last query rather than needing a second loop for the remainder.
    const group = [0, 1, 2, 3].map((i) => Math.min(first + i, queryCount - 1));
    const tops = group.map(() => new TopK(k));
    scanFour(base, queries, dim, group, tops, allowed);
    group.forEach((query, i) => truth.set(tops[i].ids, query * k));
  }
  return truth;
}

function scanFour(base, queries, dim, group, tops, allowed) {
  const [q0, q1, q2, q3] = group.map((query) => queries.subarray(query * dim, (query + 1) * dim));
  const count = allowed ? allowed.length : base.length / dim;
  for (let i = 0; i < count; i++) {
    const row = allowed ? allowed[i] : i;
    const offset = row * dim;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let d = 0; d < dim; d++) {
      const x = base[offset + d];
      s0 += x * q0[d];
      s1 += x * q1[d];
      s2 += x * q2[d];
      s3 += x * q3[d];
    }
    tops[0].offer(row, s0);
    tops[1].offer(row, s1);
    tops[2].offer(row, s2);
    tops[3].offer(row, s3);
  }
}

class TopK {
  constructor(k) {
    this.ids = new Uint32Array(k);
    this.scores = new Float64Array(k).fill(-Infinity);
  }

  offer(id, score) {
    let at = this.scores.length - 1;
    if (score <= this.scores[at]) return;
    for (; at > 0 && this.scores[at - 1] < score; at--) {
      this.scores[at] = this.scores[at - 1];
      this.ids[at] = this.ids[at - 1];
    }
    this.scores[at] = score;
    this.ids[at] = id;
  }
}

module.exports = { Mixture, exactNeighbours };
