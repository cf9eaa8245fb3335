'use strict';

// Text to vectors through any endpoint that speaks the OpenAI embeddings API: OpenAI itself, Ollama, llama.cpp, vLLM, ...
// What it takes care of: batches, answers out of order, busy servers (429, 5xx), timeouts, cancelling, and errors that say
// what the server said.

const { setTimeout: sleep } = require('node:timers/promises');

const BODY_SHOWN_CHARS = 200;
const RETRY_AFTER_MAX_MS = 30_000;

/** An answer that is not a set of embeddings, or none at all. `status` is the HTTP status, if there was an answer. */
class EmbeddingError extends Error {
  constructor(message, { status, cause, retryAfterMs } = {}) {
    super(message, { cause });
    this.name = 'EmbeddingError';
    this.code = 'ERR_EMBEDDING';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  get isRetryable() {
    return this.status === 429 || this.status >= 500;
  }
}

/** Creates an embedder.
 *  url          of the API ('https://host/v1') or of the endpoint itself ('https://host/v1/embeddings').
 *  dimensions   asked of the server if given; otherwise the model decides.
 *  timeoutMs    for one request; retries: how often one is tried again; retryDelayMs: first wait, doubled each time. */
function createOpenAIEmbedder(options) {
  const { url, model, apiKey, dimensions, batchSize = 64, timeoutMs = 30_000, retries = 4, retryDelayMs = 500 } = options;
  const request = { endpoint: endpointOf(url), apiKey, timeoutMs };

  return {
    name: `${model} at ${request.endpoint.host}`,
    dimensions,
    /** One Float32Array per text, in the order of the texts. Aborting `signal` rejects with its reason. */
    async embed(texts, { signal } = {}) {
      const vectors = [];
      for (let start = 0; start < texts.length; start += batchSize) {
        const input = texts.slice(start, start + batchSize);
        const body = { model, input, ...(dimensions !== undefined && { dimensions }) };
        const answer = await withRetries(() => post(request, body, signal), { retries, retryDelayMs, signal });
        vectors.push(...toVectors(answer, input.length));
      }
      checkLengths(vectors, dimensions);
      return vectors;
    },
  };
}

function endpointOf(url) {
  const endpoint = new URL(url);
  if (!/\/embeddings\/?$/.test(endpoint.pathname)) endpoint.pathname = `${endpoint.pathname.replace(/\/+$/, '')}/embeddings`;
  return endpoint;
}

async function post({ endpoint, apiKey, timeoutMs }, body, signal) {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) },
      body: JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    return parseAnswer(response, await response.text());
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof EmbeddingError) throw error;
    // The endpoint without its query: keys travel there, and messages end up in logs.
    const where = endpoint.origin + endpoint.pathname;
    if (timeout.aborted) throw new EmbeddingError(`${where} did not answer within ${timeoutMs} ms`, { cause: error });
    // fetch() says "fetch failed" and hides why one level deeper.
    const why = error.cause?.message || error.cause?.code || error.message;
    throw new EmbeddingError(`cannot reach ${where}: ${why}`, { cause: error });
  }
}

function parseAnswer(response, text) {
  const { status } = response;
  const shown = text.length > BODY_SHOWN_CHARS ? `${text.slice(0, BODY_SHOWN_CHARS)}…` : text;
  if (!response.ok) {
    const retryAfterMs = 1000 * Number(response.headers.get('retry-after') ?? NaN);
    throw new EmbeddingError(`the embedding server answered ${status} ${response.statusText}: ${shown}`, { status, retryAfterMs });
  }
  try {
    const { data } = JSON.parse(text);
    if (Array.isArray(data)) return data;
  } catch {
    // Not JSON: the same complaint as JSON of another shape.
  }
  throw new EmbeddingError(`the embedding server answered ${status}, but not with embeddings: ${shown}`, { status });
}

/** Runs `attempt` again while the server says "not now": after the time it asks for, else after a growing, jittered wait. */
async function withRetries(attempt, { retries, retryDelayMs, signal }) {
  for (let tried = 0; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!error.isRetryable || tried >= retries) throw error;
      const backoffMs = retryDelayMs * 2 ** tried * (0.5 + Math.random());
      const waitMs = error.retryAfterMs >= 0 ? error.retryAfterMs : backoffMs;
      await sleep(Math.min(waitMs, RETRY_AFTER_MAX_MS), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** Servers may answer in any order: `index` says which text a vector belongs to. */
function toVectors(data, count) {
  const vectors = new Array(count);
  data.forEach((item, position) => {
    const { index, embedding } = item ?? {};
    const valid = Array.isArray(embedding) && embedding.length > 0 && embedding.every(Number.isFinite);
    if (!valid) throw new EmbeddingError(`embedding ${position} of the answer is not a list of numbers`);
    vectors[index ?? position] = Float32Array.from(embedding);
  });
  if (vectors.length !== count || vectors.includes(undefined)) {
    throw new EmbeddingError(`asked for ${count} embeddings, got ${data.length} or others than asked for`);
  }
  return vectors;
}

function checkLengths(vectors, dimensions = vectors[0]?.length) {
  const other = vectors.find((vector) => vector.length !== dimensions);
  if (other) throw new EmbeddingError(`expected ${dimensions} dimensions, got ${other.length}`);
}

module.exports = { createOpenAIEmbedder, EmbeddingError };
