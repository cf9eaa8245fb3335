'use strict';

// Questions with known answers, on their way to calibrate().

const { types } = require('node:util');
const { isObject, checkKeys } = require('./call');
const { invalidArgument } = require('./errors');
const { toId, toText, toVector, describe } = require('./values');

/** [{ text, vector?, relevant: { id: grade } }] of what the caller gave: `relevant` may be a list of ids. */
function toJudged(method, queries, { dimensions, isEmbedded }) {
  if (!Array.isArray(queries)) throw invalidArgument(method, 'queries', `must be an array, got ${describe(queries)}`);
  return queries.map((query, i) => {
    const name = `queries[${i}]`;
    if (!isObject(query)) throw invalidArgument(method, name, `must be an object, got ${describe(query)}`);
    checkKeys(method, name, query, ['text', 'vector', 'relevant']);
    const { relevant } = query;
    if (!isObject(relevant) && !Array.isArray(relevant)) {
      throw invalidArgument(method, `${name}.relevant`, `must be an array of ids, or grades by id, got ${describe(relevant)}`);
    }
    const wantsVector = query.vector === undefined && isEmbedded;
    return {
      text: toText(method, `${name}.text`, query.text),
      vector: wantsVector ? undefined : toLength(method, `${name}.vector`, toVector(method, `${name}.vector`, query.vector), dimensions),
      relevant: Array.isArray(relevant) ? Object.fromEntries(relevant.map((id) => [toId(method, `${name}.relevant`, id), 1])) : relevant,
    };
  });
}

function toLength(method, argument, vector, dimensions) {
  if (types.isSharedArrayBuffer(vector.buffer)) throw invalidArgument(method, argument, 'must not lie on shared memory');
  if (dimensions === undefined) return vector; // The addon says what is wrong.
  if (vector.length !== dimensions) throw invalidArgument(method, argument, `must have ${dimensions} numbers, got ${vector.length}`);
  const wrong = vector.findIndex((number) => !Number.isFinite(number));
  if (wrong >= 0) throw invalidArgument(method, `${argument}[${wrong}]`, 'must be finite');
  return vector;
}

/** As the addon takes them: [JSON, vectors one after the other]. */
function packJudged(judged) {
  const vectors = new Float32Array(judged.reduce((sum, { vector }) => sum + vector.length, 0));
  let at = 0;
  for (const { vector } of judged) {
    vectors.set(vector, at);
    at += vector.length;
  }
  return [JSON.stringify(judged.map(({ text, relevant }) => ({ text, relevant }))), vectors];
}

module.exports = { toJudged, packJudged };
