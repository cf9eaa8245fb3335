'use strict';

// What every thread of the storm has to find.

const { createRandom, randomVector } = require('./vectors');

const QUERIES = 3;

/** Ids of the nearest of the collection that no worker changes, for the same few queries each time. */
async function answersOf(collection) {
  const random = createRandom(99);
  const queries = Array.from({ length: QUERIES }, () => randomVector(random, collection.dimensions));
  const found = await Promise.all(queries.map((vector) => collection.search({ vector, k: 5, exact: true, include: [] })));
  return found.map((hits) => hits.map(({ id }) => id));
}

module.exports = { answersOf };
