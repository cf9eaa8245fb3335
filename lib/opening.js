'use strict';

// Opening a collection takes several calls of the addon: which, said once for both twins.

const withEmbedder = (options, { model, dimensions }) => ({ ...options, embedder: { model, dimensions } });

/**
 * Opens a collection: yields steps, [name, args], and is given what the addon returned for each. Returns the addon's collection and its
 * embedder; undefined if there is no such collection and it must not be made.
 * @param embedder  the collection's own; null: none; undefined: `usual`, the database's, which may be undefined.
 */
function* opening(name, options, { embedder, usual, mayCreate }) {
  let using = embedder ?? undefined;
  if (embedder === undefined && usual !== undefined) {
    const found = yield ['getCollection', [name, options]];
    if (found === undefined && !mayCreate) return undefined;
    // To one that was made without vectors it means nothing.
    if (found !== undefined && JSON.parse(found.info()).dimensions === undefined) return { collection: found };
    using = usual;
  }
  const asked = using === undefined ? options : withEmbedder(options, using);
  let collection = yield ['getCollection', [name, asked]];
  if (collection === undefined && !mayCreate && using === undefined) return undefined;
  collection ??= yield ['createCollection', [name, asked, true]];
  return { collection, embedder: using };
}

async function takeSteps(steps, step) {
  let { done, value } = steps.next();
  while (!done) ({ done, value } = steps.next(await step(...value)));
  return value;
}

function takeStepsSync(steps, step) {
  let { done, value } = steps.next();
  while (!done) ({ done, value } = steps.next(step(...value)));
  return value;
}

module.exports = { withEmbedder, opening, takeSteps, takeStepsSync };
