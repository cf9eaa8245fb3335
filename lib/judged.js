'use strict';

// Questions with known answers, on their way to calibrate().

const { isObject, checkKeys } = require('./call');
const { invalidArgument } = require('./errors');
const { toText, toVector, describe } = require('./values');

/** [{ text, vector?, relevant: { id: grade } }] of what the caller gave: `relevant` may be a list of ids. */
function toJudged(method, queries, isEmbedded) {
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
      vector: wantsVector ? undefined : toVector(method, `${name}.vector`, query.vector),
      relevant: Array.isArray(relevant) ? Object.fromEntries(relevant.map((id) => [id, 1])) : relevant,
    };
  });
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
