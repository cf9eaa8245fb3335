'use strict';

/** An embedder of two dimensions, and what it was asked: the numbers of a's and b's in a text, and one. `texts`: those of each call. */
function lettersEmbedder(more = {}) {
  const asked = [];
  return {
    model: 'letters',
    dimensions: 3,
    retryDelayMs: 0,
    async embed(texts) {
      asked.push(texts);
      return texts.map(lettersOf);
    },
    ...more,
    asked,
  };
}

const lettersOf = (text) => [text.split('a').length - 1, text.split('b').length - 1, 1];

module.exports = { lettersEmbedder, lettersOf };
