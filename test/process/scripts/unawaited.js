'use strict';

// unawaited.js: ends its main function with calls in flight that nobody awaits. Prints 'search' and 'add' when they settle.

const { openSync } = require('agentmemdb');

const db = openSync(':memory:');
const collection = db.collectionSync('vectors', { dimensions: 3 });
collection.addSync({ id: 'first', vector: [1, 2, 3] });
collection.search({ vector: [1, 2, 3], exact: true }).then(([hit]) => console.log(`search ${hit.id}`));
collection.add({ id: 'second', vector: [3, 2, 1] }).then(({ id }) => console.log(`add ${id}`));
