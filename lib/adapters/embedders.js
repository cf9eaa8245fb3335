'use strict';

// agentmemdb/embedders: embedders for what others offer. Batches, retries and the cache are the database's business, whichever it is.

const { checkKeys, isObject } = require('../call');
const { invalidArgument } = require('../errors');
const { describe, describeNumber } = require('../values');

const BODY_SHOWN_CHARS = 200;
const TIMEOUT_MAX_MS = 2 ** 31 - 1;
const TUNING = ['maxBatch', 'maxConcurrency', 'retries', 'retryDelayMs', 'maxCacheBytes', 'cache'];
const OPENAI_URL = 'https://api.openai.com/v1';
const AI_SDK_VERSIONS = ['v2', 'v3', 'v4'];

/** An answer that is no set of embeddings, or none at all. `status` is that of HTTP, if there was an answer. */
class EndpointError extends Error {
  constructor(message, { status, responseHeaders, cause } = {}) {
    super(message, { cause });
    this.name = 'EndpointError';
    this.status = status;
    this.responseHeaders = responseHeaders;
  }
}

/** See embedders.d.ts. */
function openaiEmbedder(options) {
  const method = 'openaiEmbedder';
  const own = ['baseURL', 'apiKey', 'model', 'dimensions', 'sendDimensions', 'headers', 'requestTimeoutMs', 'fetch'];
  checkOptions(method, options, [...own, ...TUNING]);
  const { baseURL = OPENAI_URL, apiKey, model, dimensions, sendDimensions = false, requestTimeoutMs = 60_000 } = options;
  checkString(method, 'model', model);
  if (apiKey !== undefined) checkString(method, 'apiKey', apiKey);
  checkTimeout(method, requestTimeoutMs);
  if (options.fetch !== undefined && typeof options.fetch !== 'function') {
    throw invalidArgument(method, 'options.fetch', `must be a function, got ${describe(options.fetch)}`);
  }
  const endpoint = endpointOf(method, baseURL);
  const wanted = { model, encoding_format: 'base64', ...(sendDimensions && { dimensions }) };
  const ask = { endpoint, requestTimeoutMs, fetch: options.fetch ?? globalThis.fetch, headers: headersOf(apiKey, options.headers), apiKey };
  return {
    ...tuningOf(options),
    model,
    dimensions,
    async embed(input, { signal } = {}) {
      return toVectors(await post(ask, { ...wanted, input }, signal), input.length);
    },
  };
}

function headersOf(apiKey, more) {
  return { 'content-type': 'application/json', ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }), ...more };
}

// Of the API ('https://host/v1') or the endpoint itself.
function endpointOf(method, baseURL) {
  if (!URL.canParse(baseURL)) throw invalidArgument(method, 'options.baseURL', 'must be a URL, such as https://host/v1');
  const endpoint = new URL(baseURL);
  if (endpoint.username || endpoint.password) throw invalidArgument(method, 'options.baseURL', 'must not hold a password; pass apiKey or headers');
  if (!/\/embeddings\/?$/.test(endpoint.pathname)) endpoint.pathname = `${endpoint.pathname.replace(/\/+$/, '')}/embeddings`;
  return endpoint;
}

async function post({ endpoint, requestTimeoutMs, fetch, headers, apiKey }, body, signal) {
  const timeout = AbortSignal.timeout(requestTimeoutMs);
  // Without query and password: keys travel there, and messages end up in logs.
  const where = endpoint.origin + endpoint.pathname;
  const hide = (text) => (apiKey === undefined ? text : text.replaceAll(apiKey, '***'));
  try {
    const ends = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const response = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(body), signal: ends });
    return parseAnswer(where, response, await response.text(), hide);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof EndpointError) throw error;
    if (timeout.aborted) throw new EndpointError(`${where} did not answer within ${requestTimeoutMs} ms`, { cause: error });
    // fetch() says "fetch failed", and hides why one level deeper.
    const why = error?.cause?.message || error?.cause?.code || error?.message;
    throw new EndpointError(hide(`cannot reach ${where}: ${why}`), { cause: error });
  }
}

function parseAnswer(where, response, text, hide) {
  const { status, headers } = response;
  const known = hide(text);
  const shown = known.length > BODY_SHOWN_CHARS ? `${known.slice(0, BODY_SHOWN_CHARS)}…` : known;
  if (!response.ok) {
    throw new EndpointError(`${where} answered ${status} ${response.statusText}: ${shown}`, { status, responseHeaders: headers });
  }
  try {
    const { data } = JSON.parse(text);
    if (Array.isArray(data)) return data;
  } catch {
    // Not JSON: the same complaint as JSON of another shape.
  }
  throw new EndpointError(`${where} answered ${status}, but not with embeddings: ${shown}`, { status });
}

/** Servers may answer in any order: `index` says which text a vector belongs to. */
function toVectors(data, count) {
  const vectors = new Array(count);
  data.forEach((item, position) => (vectors[item?.index ?? position] = toVector(item?.embedding)));
  if (vectors.length === count && !vectors.includes(undefined)) return vectors;
  throw new EndpointError(`asked for ${count} embeddings, and got ${data.length} or others than asked for`);
}

// As base64 of float32, which is what was asked for, or as numbers. The database looks at lengths and numbers.
function toVector(embedding) {
  if (typeof embedding !== 'string') return embedding;
  const bytes = Buffer.from(embedding, 'base64');
  return new Float32Array(new Uint8Array(bytes).buffer, 0, bytes.length >> 2);
}

/** See embedders.d.ts. */
function aiSdkEmbedder(model, options) {
  const method = 'aiSdkEmbedder';
  if (typeof model?.doEmbed !== 'function') {
    throw invalidArgument(method, 'model', `must be an embedding model of the AI SDK, got ${describe(model)}`);
  }
  if (!AI_SDK_VERSIONS.includes(model.specificationVersion)) {
    throw invalidArgument(method, 'model', `must be of specification ${AI_SDK_VERSIONS.join(', ')}, got ${model.specificationVersion}`);
  }
  checkOptions(method, options, ['name', 'dimensions', 'headers', 'providerOptions', ...TUNING]);
  const { name = model.modelId, dimensions, headers, providerOptions } = options;
  checkString(method, 'name', name);
  const more = { ...(headers && { headers }), ...(providerOptions && { providerOptions }) };
  const ask = async (values, signal) => (await model.doEmbed({ values, ...(signal && { abortSignal: signal }), ...more })).embeddings;
  const askInParts = async (texts, signal) => {
    const most = (await model.maxEmbeddingsPerCall) ?? Infinity;
    const vectors = [];
    for (let at = 0; at < texts.length; at += most) vectors.push(...(await ask(texts.slice(at, at + most), signal)));
    return vectors;
  };
  let last = Promise.resolve();
  const askInTurn = (texts, signal) => {
    const asked = last.then(() => askInParts(texts, signal));
    last = asked.catch(() => {}); // Whoever asked is told.
    return asked;
  };
  const most = model.maxEmbeddingsPerCall;
  return {
    ...(Number.isInteger(most) && { maxBatch: most }),
    ...tuningOf(options),
    model: name,
    dimensions,
    async embed(texts, { signal } = {}) {
      return (await model.supportsParallelCalls) ? askInParts(texts, signal) : askInTurn(texts, signal);
    },
  };
}

function checkOptions(method, options, known) {
  if (!isObject(options)) throw invalidArgument(method, 'options', `must be an object, got ${describe(options)}`);
  checkKeys(method, 'options', options, known);
  const { dimensions } = options;
  if (Number.isInteger(dimensions) && dimensions > 0) return;
  throw invalidArgument(method, 'options.dimensions', `must be the length of the model's vectors, got ${describeNumber(dimensions)}`);
}

function checkTimeout(method, requestTimeoutMs) {
  if (Number.isInteger(requestTimeoutMs) && requestTimeoutMs >= 1 && requestTimeoutMs <= TIMEOUT_MAX_MS) return;
  throw invalidArgument(method, 'options.requestTimeoutMs', `must be an integer in 1..${TIMEOUT_MAX_MS}, got ${describeNumber(requestTimeoutMs)}`);
}

function checkString(method, key, value) {
  if (typeof value === 'string' && value !== '') return;
  throw invalidArgument(method, `options.${key}`, `must be a string that is not empty, got ${value === '' ? 'an empty one' : describe(value)}`);
}

// How the database is to ask: options that it knows, and checks.
function tuningOf(options) {
  return Object.fromEntries(TUNING.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]));
}

module.exports = { openaiEmbedder, aiSdkEmbedder };
