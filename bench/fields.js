'use strict';

// Numbers to filter by: every record has one that knows nothing of its vector, and one that follows from it. Both are spread
// evenly over 0..999, so `field < 100` allows a tenth of the records.

const { exactNeighbours } = require('./generate');
const { Random } = require('./random');

const STEPS = 1000;
const PERMILLES = [500, 100, 10, 1];
const KINDS = ['independent', 'correlated'];

/** @returns {{ independent: Uint16Array, correlated: Uint16Array }} one number per row of `base` */
function fieldsOf(base, dim, seed) {
  const random = new Random(seed + 1_000_003);
  const count = base.length / dim;
  const independent = Float64Array.from({ length: count }, () => random.uniform());
  return { independent: spread(independent), correlated: spread(projection(base, dim, random)) };
}

// One side of a plane through the vectors: what `correlated < 500` allows is all of a region, and nothing beside it.
function projection(base, dim, random) {
  const direction = Float64Array.from({ length: dim }, () => random.normal());
  return Float64Array.from({ length: base.length / dim }, (_, row) => {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += base[row * dim + d] * direction[d];
    return sum;
  });
}

/** Values by their rank: exactly one in STEPS gets each number, as far as that comes out even. */
function spread(values) {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const field = new Uint16Array(values.length);
  order.forEach((row, rank) => (field[row] = Math.floor((rank * STEPS) / values.length)));
  return field;
}

/** Every filter that is measured: { field, below, matching, wanted, truth }, with the exact answers among what it allows. */
function filtersOf(fields, base, queries, dim, k) {
  return KINDS.flatMap((field) =>
    PERMILLES.map((permille) => {
      const allowed = Uint32Array.from(fields[field].keys()).filter((row) => fields[field][row] < permille);
      const wanted = Math.min(k, allowed.length);
      const truth = exactNeighbours(base, queries, dim, wanted, allowed);
      return { field, below: permille, matching: allowed.length, wanted, truth };
    }),
  );
}

module.exports = { fieldsOf, filtersOf };
