'use strict';

// agentmemdb/otel: spans and a duration histogram for every operation, named as OpenTelemetry's conventions for databases ask.

const diagnostics = require('node:diagnostics_channel');
const { performance } = require('node:perf_hooks');
const { name, version } = require('../../package.json');
const { checkKeys, isObject } = require('../call');
const { AgentMemError, invalidArgument } = require('../errors');
const { describe } = require('../values');

const METHOD = 'instrument';
const PROVIDERS = { tracerProvider: 'getTracer', meterProvider: 'getMeter' };
// The conventions begin at a millisecond. Most of our operations are over by then, so there are buckets below it.
const BUCKETS_SECONDS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10,
];

const ROWS_OF = {
  'Collection.search': (hits) => hits.length,
  'Collection.find': ({ records }) => records.length,
  'Collection.scan': ({ records }) => records.length,
};

/** See otel.d.ts. */
function instrument(options = {}) {
  checkOptions(options);
  const api = loadApi();
  const tracer = (options.tracerProvider ?? api.trace).getTracer(name, version);
  const duration = (options.meterProvider ?? api.metrics).getMeter(name, version).createHistogram('db.client.operation.duration', {
    description: 'Duration of database operations',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS_SECONDS },
  });

  // By message: a channel hands the same object to all events of an operation.
  const running = new Map();
  let stopped = false;
  const channel = diagnostics.tracingChannel('agentmemdb:operation');

  const onStart = (message) => {
    const attributes = attributesOf(message);
    const span = tracer.startSpan(spanName(message), { kind: api.SpanKind.CLIENT, attributes });
    running.set(message, { span, attributes, start: performance.now() });
  };
  const onEnd = (message) => {
    const operation = running.get(message);
    if (operation === undefined) return; // It began before we listened.
    running.delete(message);
    const { span, attributes, start } = operation;
    const seconds = (performance.now() - start) / 1000;
    if ('error' in message) Object.assign(attributes, fail(span, message.error, api.SpanStatusCode.ERROR));
    else span.setAttributes(sizesOf(message));
    duration.record(seconds, attributes, api.trace.setSpan(api.context.active(), span));
    span.end();
    if (stopped) leave();
  };
  // What is running when it is stopped still gets its end.
  const leave = () => {
    if (running.size === 0) channel.asyncEnd.unsubscribe(onEnd);
  };

  channel.start.subscribe(onStart);
  channel.asyncEnd.subscribe(onEnd);
  return () => {
    if (stopped) return;
    stopped = true;
    channel.start.unsubscribe(onStart);
    leave();
  };
}

function checkOptions(options) {
  if (!isObject(options)) throw invalidArgument(METHOD, 'options', `must be an object, got ${describe(options)}`);
  checkKeys(METHOD, 'options', options, Object.keys(PROVIDERS));
  for (const [key, method] of Object.entries(PROVIDERS)) {
    const provider = options[key];
    if (provider === undefined || typeof provider?.[method] === 'function') continue;
    throw invalidArgument(METHOD, `options.${key}`, `must have a method ${method}, got ${describe(provider)}`);
  }
}

// Not before it is needed: importing this file must not fail where the peer is not installed.
function loadApi() {
  try {
    return require('@opentelemetry/api');
  } catch (cause) {
    if (cause?.code !== 'MODULE_NOT_FOUND') throw cause;
    throw new AgentMemError(
      { code: 'ERR_UNSUPPORTED', message: `${METHOD}(): agentmemdb/otel needs the package @opentelemetry/api: npm install @opentelemetry/api` },
      { cause },
    );
  }
}

const methodOf = ({ operation }) => operation.slice(operation.indexOf('.') + 1);

function spanName(message) {
  return message.collection === undefined ? methodOf(message) : `${methodOf(message)} ${message.collection}`;
}

// Few different values each: they are attributes of the histogram too.
function attributesOf(message) {
  return {
    'db.system.name': name,
    'db.namespace': message.database,
    'db.operation.name': methodOf(message),
    ...(message.collection !== undefined && { 'db.collection.name': message.collection }),
  };
}

function sizesOf({ operation, size, result }) {
  const rows = ROWS_OF[operation]?.(result);
  return {
    // By the conventions, one is no batch.
    ...(size > 1 && { 'db.operation.batch.size': size }),
    ...(rows !== undefined && { 'db.response.returned_rows': rows }),
  };
}

// An aborted call fails with whatever the caller gave as the reason.
function fail(span, error, code) {
  const isError = AgentMemError.isError(error);
  const type = (isError ? error.code : error?.name) ?? '_OTHER';
  const attributes = { 'error.type': String(type), ...(isError && { 'db.response.status_code': error.code }) };
  const exception = typeof error?.message === 'string' ? error : { message: String(error) };
  span.recordException(exception);
  span.setAttributes(attributes);
  span.setStatus({ code, message: exception.message });
  return attributes;
}

module.exports = { instrument };
