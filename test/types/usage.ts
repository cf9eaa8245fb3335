// How index.d.ts is meant to be used, from CommonJS. Compiled by test/types.test.js, never run. Where an error is expected,
// there must be one, and nowhere else.

import agentmemdb = require('agentmemdb');
import { AgentMemError, Collection, Database, open, openSync } from 'agentmemdb';
import type { ErrorCode, Hit, Metadata, RecordColumns, RecordInput, SearchExplain, SearchResult, StoredRecord, WriteResult } from 'agentmemdb';

interface Note extends Metadata {
  topic: string;
  importance?: number;
}

export async function opening(): Promise<void> {
  const db: Database = await open('memory.db', { durability: 'normal', busyTimeoutMs: 100, maxPending: 10, timeoutMs: 5000 });
  const twin: Database = agentmemdb.openSync(':memory:', { durability: 'full' });
  const where: string = db.path;
  const opened: boolean = twin.isOpen;
  await db.close();
  twin.closeSync();
  await using disposed = await open(where, { signal: AbortSignal.timeout(10) });
  void [opened, disposed];

  // @ts-expect-error a path is needed
  await open();
  // @ts-expect-error not a durability
  await open('x', { durability: 'off' });
  // @ts-expect-error unknown option
  await open('x', { readonly: true });
  // @ts-expect-error a sync twin has nothing to abort
  openSync('x', { signal: AbortSignal.timeout(10) });
  // @ts-expect-error read-only
  db.path = 'elsewhere';
  // @ts-expect-error made by open() only
  new Database();
  // @ts-expect-error made by Database only
  new Collection();
}

export async function transfer(db: Database): Promise<void> {
  const stream: import('node:stream').Readable = db.exportJsonl({ collections: ['notes'], onDamaged: 'skip', onProgress: ({ done, total }) => void (done / total) });
  const { collections, inserted, lines } = await db.importJsonl(stream, { onConflict: 'replace', resumeAfter: 5, collections: ['notes'] });
  const { episodes } = await db.importAgentMemDB(['{', new Uint8Array(2)], { collection: 'episodes', onProgress: ({ done, bytes }) => void (done + bytes) });
  const after: number | undefined = new Error() instanceof AgentMemError ? undefined : ({} as AgentMemError).resumeAfter;
  const names: string[] = collections;
  void [names, inserted + lines + episodes, after];

  // @ts-expect-error a path is no source; a stream that reads it is
  await db.importJsonl(5);
  // @ts-expect-error the collection is needed
  await db.importAgentMemDB([''], {});
  // @ts-expect-error not a way to go on
  db.exportJsonl({ onDamaged: 'repair' });
  // @ts-expect-error counts lines, not chunks
  await db.importJsonl([''], { resumeAfter: 'line 5' });
}

export async function collections(db: Database): Promise<void> {
  const plain: Collection = await db.collection('plain');
  const notes: Collection<Note> = await db.collection<Note>('notes', { dimensions: 3, metric: 'l2', hnsw: { M: 8, minSize: 0 }, timeoutMs: 5 });
  const created = await db.createCollection<Note>('created', { dimensions: 3 });
  const existing = db.getCollectionSync<Note>('created');
  const gone: boolean = await db.deleteCollection('created');
  for (const { name, dimensions, hnsw } of await db.listCollections()) {
    const facts: [string, number | undefined, number | undefined] = [name, dimensions, hnsw?.efConstruction];
    void facts;
  }
  const metric: 'cosine' | 'l2' | 'ip' | undefined = notes.metric;
  const dimensions: number | undefined = notes.dimensions;
  void [plain, created, existing, gone, metric, dimensions];

  // @ts-expect-error not a metric
  await db.collection('x', { metric: 'euclidean' });
  // @ts-expect-error not a number
  await db.collection('x', { dimensions: '3' });
  // @ts-expect-error unknown option of hnsw
  await db.collection('x', { hnsw: { ef: 3 } });
  // @ts-expect-error a sync twin has no deadline
  db.collectionSync('x', { timeoutMs: 5 });
  // @ts-expect-error metadata must be an object
  await db.collection<string>('x');
  // @ts-expect-error may be undefined
  const certain: number = notes.dimensions;
  void certain;
}

export async function writing(notes: Collection<Note>, plain: Collection): Promise<void> {
  const written: WriteResult = await notes.add({ id: 'a', vector: [1, 2, 3], text: 'x', metadata: { topic: 'food', importance: 1 } });
  await notes.upsert({ vector: Float32Array.of(1, 2, 3) }, { signal: new AbortController().signal, timeoutMs: 10 });
  await plain.add({ metadata: { anything: { at: ['all', 1, null, new Date()] } } });
  const records: readonly RecordInput<Note>[] = [{ metadata: { topic: 'a' } }, {}];
  const bulk = await notes.addMany(records);
  const columns: RecordColumns<Note> = { ids: ['a'], vectors: new Float32Array(3), texts: [null, undefined], metadatas: [{ topic: 'b' }, null] };
  const counts: number = bulk.inserted + bulk.updated + bulk.skipped + (await notes.upsertMany(columns)).version;
  const ids: string[] = notes.addManySync([{}]).ids;
  void [written.id, written.version, counts, ids];

  // @ts-expect-error topic is required
  await notes.add({ metadata: {} });
  // @ts-expect-error wrong type of a member
  await notes.add({ metadata: { topic: 5 } });
  // @ts-expect-error vectors are float32
  await notes.add({ vector: new Float64Array(3) });
  // @ts-expect-error not numbers
  await notes.add({ vector: ['1'] });
  // @ts-expect-error not an id
  await notes.add({ id: 5 });
  // @ts-expect-error unknown field
  await notes.add({ embedding: [1] });
  // @ts-expect-error a matrix is one Float32Array
  await notes.addMany({ vectors: [[1, 2, 3]] });
  // @ts-expect-error metadata must be an object
  await plain.add({ metadata: 'text' });
  // @ts-expect-error the sync twin takes no options
  notes.addSync({}, { timeoutMs: 5 });
}

export async function reading(notes: Collection<Note>): Promise<void> {
  const record: StoredRecord<Note> | undefined = await notes.get('a', { include: ['vector'] });
  const topic: string | undefined = record?.metadata?.topic;
  const times: number = (record?.createdAt ?? 0) + (record?.updatedAt ?? 0) + (record?.version ?? 0);
  const facts: [boolean, number, boolean] = [await notes.has('a'), await notes.count(), notes.deleteSync('a')];
  void [topic, times, facts];

  // @ts-expect-error may be undefined
  const certain: StoredRecord<Note> = notes.getSync('a');
  // @ts-expect-error not a field
  await notes.get('a', { include: ['id'] });
  // @ts-expect-error no such member of Note
  void record?.metadata?.topics.length;
  void certain;
}

export async function searching(notes: Collection<Note>): Promise<void> {
  const hits: SearchResult<Note> = await notes.search({ vector: [1, 2, 3], k: 5, ef: 50, exact: true, include: ['text'], explain: true, timeoutMs: 5 });
  const explain: SearchExplain | undefined = hits.explain;
  const strategy: 'exact' | 'scan' | 'hnsw' | 'hnsw-two-hop' | undefined = explain?.strategy;
  const first: Hit<Note> | undefined = hits[0];
  const numbers: number[] = hits.map((hit) => hit.score - (hit.distance ?? 0));
  const vector: Float32Array | undefined = first?.vector;
  const topic: string | undefined = notes.searchSync({ vector: Float32Array.of(1, 2, 3) })[0]?.metadata?.topic;
  await notes.indexed({ timeoutMs: 100 });
  const linked: number | undefined = (await notes.stats()).index?.linked;
  void [strategy, numbers, vector, topic, linked];

  const both = await notes.search({
    text: 'x', vector: null, typos: false, prefix: true, highlight: true, fusion: 'rrf', alpha: 0.5, minScore: 1, mmr: { lambda: 0.3 }, autocut: 1, groupBy: 'topic',
    rank: { recency: { weight: 1, halfLifeMs: 5, decay: 'linear' }, fields: { importance: 1 }, usage: { weight: 1, field: 'used' }, now: 5 },
    rerank: async (found, { signal }) => (signal.aborted ? found : found.map((hit) => hit.metadata?.importance ?? 0)), rerankK: 50,
  });
  const parts: (number | undefined)[] = [both[0]?.explain?.keyword, both[0]?.highlights?.[0]?.start, both.explain?.gate];
  const fused: (number | null)[] | undefined = (await notes.searchMany([{ text: 'x' }], { fuse: 'rrf', concurrency: 2 }))[0]?.ranks;
  const { alpha } = await notes.calibrate([{ text: 'x', relevant: ['a'] }, { text: 'y', relevant: { a: 2 } }], { store: false });
  void [parts, fused, alpha, both.rerankError];

  // @ts-expect-error not a fusion
  await notes.search({ text: 'x', fusion: 'sum' });
  // @ts-expect-error halfLifeMs is needed
  await notes.search({ text: 'x', rank: { recency: { weight: 1 } } });
  // @ts-expect-error a sync twin cannot wait for it
  notes.searchSync({ text: 'x', rerank: (found) => found });
  // @ts-expect-error unknown option
  await notes.search({ vector: [1], limit: 5 });
  // @ts-expect-error not a number
  await notes.search({ vector: [1], k: '5' });
  // @ts-expect-error a sync twin has no signal
  notes.searchSync({ vector: [1], signal: new AbortController().signal });
  // @ts-expect-error indexed() has no sync twin
  notes.indexedSync();
}

export function errors(error: unknown): ErrorCode | undefined {
  if (!AgentMemError.isError(error)) return undefined;
  const parts: (string | undefined)[] = [error.message, error.argument, error.path, error.id, error.stack];
  if (error.code === 'ERR_NOT_FOUND') return error.code;
  // @ts-expect-error no such code
  if (error.code === 'ERR_MISSING') return undefined;
  // @ts-expect-error read-only
  error.code = 'ERR_IO';
  void parts;
  return error.code;
}

export async function observing(db: Database): Promise<number> {
  const stats = await db.stats();
  const mode: 'shared' | 'single' = stats.storageMode;
  void mode;
  // @ts-expect-error no such number
  void stats.queue.queued;
  return stats.changeVersion + stats.fileBytes + stats.queue.writeGroups + db.statsSync().engines;
}
