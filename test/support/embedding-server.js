'use strict';

const { once } = require('node:events');
const http = require('node:http');

/** Starts an OpenAI-compatible embedding server on 127.0.0.1.
 *  answer   (request, calls) => { status, headers, body }, or undefined to answer with embeddings made by `embed`, or a
 *           promise of one. `calls` counts from 0.
 *  Returns { url, requests: [{ path, headers, body }], close() }; close() also ends answers under way. */
async function startEmbeddingServer({ answer = () => undefined, embed = letterCounts } = {}) {
  const requests = [];
  const server = http.createServer(async (incoming, response) => {
    let text = '';
    for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
    const request = { path: incoming.url, headers: incoming.headers, body: JSON.parse(text) };
    requests.push(request);
    const given = (await answer(request, requests.length - 1)) ?? {};
    const { status = 200, headers = {}, body = embeddingsOf(request.body, embed) } = given;
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    requests,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Last text first, because a client has to go by `index`. As base64 if that was asked for. */
function embeddingsOf({ input, encoding_format: format }, embed) {
  const encode = (numbers) => (format === 'base64' ? Buffer.from(Float32Array.from(numbers).buffer).toString('base64') : numbers);
  return { object: 'list', data: input.map((text, index) => ({ object: 'embedding', index, embedding: encode(embed(text)) })).reverse() };
}

/** How often each letter occurs, plus one: enough to tell texts apart. */
function letterCounts(text) {
  const counts = new Array(26).fill(1);
  for (const letter of text.toLowerCase().match(/[a-z]/g) ?? []) counts[letter.charCodeAt(0) - 97]++;
  return counts;
}

module.exports = { startEmbeddingServer, letterCounts };
