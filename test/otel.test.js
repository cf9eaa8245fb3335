'use strict';

// agentmemdb/otel with the real API and SDK: what spans and the histogram say of operations, and when nothing is said.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const { context, metrics, trace, ROOT_CONTEXT, SpanKind, SpanStatusCode } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { instrument } = require('agentmemdb/otel');
const { errorOf, thrownBy, useDatabases } = require('./support/database');

const ROOT = path.join(__dirname, '..');
const run = promisify(execFile);
const databases = useDatabases();

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = tracerProvider.getTracer('test');
let measured;
let meterProvider;
let stop;

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

beforeEach(() => {
  measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  meterProvider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 2 ** 30 })] });
});

afterEach(async () => {
  stop?.();
  stop = undefined;
  exporter.reset();
  await meterProvider.shutdown();
});

const start = () => {
  stop = instrument({ tracerProvider, meterProvider });
};

/** The spans that have ended, in that order, as plain facts. */
const spans = () => exporter.getFinishedSpans().map(({ name, kind, status, attributes, events }) => ({ name, kind, status, attributes, events }));

/** What the histogram has counted, by its attributes. */
async function histogram() {
  await meterProvider.forceFlush();
  const [metric] = measured.getMetrics().at(-1).scopeMetrics[0].metrics;
  return { descriptor: metric.descriptor, points: metric.dataPoints };
}

describe('spans', () => {
  test('one for each operation, with what the conventions for databases ask', async () => {
    start();
    const file = databases.file();
    const db = await databases.open(file);
    const notes = await db.collection('notes', { dimensions: 2 });
    await notes.addMany([{ vector: [1, 0] }, { vector: [0, 1] }, { vector: [1, 1] }]);
    await notes.search({ vector: [1, 0], k: 2 });
    await db.batch([{ type: 'add', collection: notes, record: { id: 'a' } }]);
    for await (const record of notes.scan({ batchSize: 3 })) expect(record.id).not.toBe('');
    await db.close();

    const path = fs.realpathSync(file);
    const about = (operation, more) => ({ 'db.system.name': 'agentmemdb', 'db.namespace': path, 'db.operation.name': operation, ...more });
    const inNotes = { 'db.collection.name': 'notes' };
    expect(spans().map(({ name, attributes }) => [name, attributes])).toEqual([
      ['open', { ...about('open'), 'db.namespace': file }],
      ['collection notes', about('collection', inNotes)],
      ['addMany notes', about('addMany', { ...inNotes, 'db.operation.batch.size': 3 })],
      ['search notes', about('search', { ...inNotes, 'db.response.returned_rows': 2 })],
      ['batch', about('batch')],
      ['scan notes', about('scan', { ...inNotes, 'db.response.returned_rows': 3 })],
      ['scan notes', about('scan', { ...inNotes, 'db.response.returned_rows': 1 })],
      ['close', about('close')],
    ]);
    expect(new Set(spans().map(({ kind, status }) => `${kind} ${status.code}`))).toEqual(new Set([`${SpanKind.CLIENT} ${SpanStatusCode.UNSET}`]));
    expect(exporter.getFinishedSpans()[0].instrumentationScope).toMatchObject({ name: 'agentmemdb', version: expect.stringMatching(/^\d/) });
  });

  test('are children of the span that is active where the method is called', async () => {
    const notes = await (await databases.open()).collection('notes', { dimensions: 2 });
    await notes.add({ vector: [1, 0] });
    start();
    const requests = Array.from({ length: 20 }, (_, i) => {
      const parent = tracer.startSpan(`request ${i}`, {}, ROOT_CONTEXT);
      const handle = async () => {
        await notes.search({ vector: [1, 0] });
        await notes.count();
        expect(trace.getActiveSpan()).toBe(parent);
        parent.end();
      };
      return context.with(trace.setSpan(ROOT_CONTEXT, parent), handle);
    });
    await Promise.all(requests);
    await notes.has('none');

    const finished = exporter.getFinishedSpans();
    for (let i = 0; i < 20; i++) {
      const parent = finished.find((span) => span.name === `request ${i}`).spanContext();
      const children = finished.filter((span) => span.parentSpanContext?.spanId === parent.spanId);
      expect(children.map((span) => [span.name, span.spanContext().traceId])).toEqual([
        ['search notes', parent.traceId],
        ['count notes', parent.traceId],
      ]);
    }
    expect(finished.find((span) => span.name === 'has notes').parentSpanContext).toBeUndefined();
  });

  test('of failed operations carry the code, of aborted ones the name of the reason', async () => {
    const db = await databases.open();
    const notes = await db.collection('notes', { dimensions: 2 });
    await notes.add({ id: 'a' });
    start();
    const conflict = await errorOf(notes.add({ id: 'a' }));
    await errorOf(notes.count({}, { signal: AbortSignal.abort() }));
    await errorOf(notes.count({}, { signal: AbortSignal.abort('enough') }));
    const [failed, aborted, odd] = spans();
    expect(failed).toMatchObject({
      name: 'add notes',
      status: { code: SpanStatusCode.ERROR, message: conflict.message },
      attributes: { 'error.type': 'ERR_ALREADY_EXISTS', 'db.response.status_code': 'ERR_ALREADY_EXISTS' },
      events: [{ name: 'exception', attributes: { 'exception.message': conflict.message } }],
    });
    expect(aborted.attributes).toMatchObject({ 'db.operation.name': 'count', 'error.type': 'AbortError' });
    expect(aborted.attributes).not.toHaveProperty('db.response.status_code');
    expect(odd).toMatchObject({ status: { message: 'enough' }, attributes: { 'error.type': '_OTHER' } });
  });

  test('end although it was stopped meanwhile, and none begins afterwards', async () => {
    const notes = await (await databases.open()).collection('notes');
    start();
    const running = notes.addMany([{ id: 'a' }, { id: 'b' }]);
    stop();
    stop();
    await running;
    await notes.count();
    expect(spans().map(({ name }) => name)).toEqual(['addMany notes']);
    expect((await histogram()).points.map(({ value }) => value.count)).toEqual([1]);
  });
});

describe('the histogram', () => {
  test('counts seconds by operation, collection and error', async () => {
    const notes = await (await databases.open()).collection('notes');
    start();
    const before = performance.now();
    for (let i = 0; i < 5; i++) await notes.add({ id: `r${i}` });
    await errorOf(notes.add({ id: 'r0' }));
    await notes.count();
    const seconds = (performance.now() - before) / 1000;

    const { descriptor, points } = await histogram();
    expect(descriptor).toMatchObject({ name: 'db.client.operation.duration', unit: 's' });
    const counts = points.map(({ attributes, value }) => [attributes['db.operation.name'], attributes['error.type'], value.count]);
    expect(counts.sort()).toEqual([['add', undefined, 5], ['add', 'ERR_ALREADY_EXISTS', 1], ['count', undefined, 1]]);
    const total = points.reduce((sum, { value }) => sum + value.sum, 0);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThanOrEqual(seconds);
    expect(points[0].value.buckets.boundaries[0]).toBeLessThan(0.001);
  });

  test('goes to the global providers when none is given', async () => {
    trace.setGlobalTracerProvider(tracerProvider);
    metrics.setGlobalMeterProvider(meterProvider);
    try {
      stop = instrument();
      await databases.open();
      expect(spans().map(({ name }) => name)).toEqual(['open']);
      expect((await histogram()).points).toHaveLength(1);
    } finally {
      trace.disable();
      metrics.disable();
    }
  });
});

describe('instrument()', () => {
  test.each([
    [5, 'options'],
    [{ tracer: tracerProvider }, 'options.tracer'],
    [{ tracerProvider: {} }, 'options.tracerProvider'],
    [{ meterProvider: null }, 'options.meterProvider'],
  ])('refuses %p', (options, argument) => {
    expect(thrownBy(() => instrument(options))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
  });

  // In processes of their own, so that nothing else has loaded the peer.
  const node = async (cwd, code) => (await run(process.execPath, ['-e', code], { cwd })).stdout.trim();

  test('is the only thing that loads @opentelemetry/api', async () => {
    const loaded = `Object.keys(require.cache).some((file) => file.includes('opentelemetry'))`;
    const code = `require('agentmemdb'); const { instrument } = require('agentmemdb/otel'); const before = ${loaded}; instrument()();
      console.log(before, ${loaded});`;
    expect(await node(ROOT, code)).toBe('false true');
  });

  test('names the package that is missing', async () => {
    const folder = databases.folder();
    const installed = path.join(folder, 'node_modules', 'agentmemdb');
    fs.cpSync(path.join(ROOT, 'lib'), path.join(installed, 'lib'), { recursive: true });
    fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(installed, 'package.json'));
    fs.symlinkSync(path.join(ROOT, 'build'), path.join(installed, 'build'));
    const code = `const { AgentMemError } = require('agentmemdb');
      try { require('agentmemdb/otel').instrument(); }
      catch (error) { console.log(AgentMemError.isError(error), error.code, error.message, error.cause.code); }`;
    expect(await node(folder, code)).toMatch(/^true ERR_UNSUPPORTED .*npm install @opentelemetry\/api MODULE_NOT_FOUND$/);
  });
});
