// agentmemdb: an embedded memory database for AI agents. One process, one file, no server.
//
// Every asynchronous method takes `{ signal, timeoutMs }`, never throws synchronously and rejects with an AgentMemError,
// or with `signal.reason` when the signal aborted it. Every method marked "Sync twin" has one named `...Sync` that does the
// same work on the calling thread: it waits for engine locks only, never for queued calls, and throws what the async form
// would reject with.

/** Every code an error of this package can carry. What each one asks of the caller: docs/errors.md. */
export type ErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_NOT_FOUND'
  | 'ERR_ALREADY_EXISTS'
  | 'ERR_CLOSED'
  | 'ERR_CONFLICT'
  | 'ERR_READ_ONLY'
  | 'ERR_BUSY'
  | 'ERR_QUEUE_FULL'
  | 'ERR_TIMEOUT'
  | 'ERR_IO'
  | 'ERR_CORRUPT'
  | 'ERR_UNSUPPORTED'
  | 'ERR_LIMIT'
  | 'ERR_INTERNAL';

/** The one error class. Test `error.code`, or `AgentMemError.isError(error)`: both work across realms and copies. */
export class AgentMemError extends Error {
  readonly code: ErrorCode;
  /** The argument that was refused, as a path: `query.vector`, `records[3].id`. */
  readonly argument?: string;
  /** The file concerned, for ERR_IO and ERR_CORRUPT. */
  readonly path?: string;
  /** The id of the record concerned, for ERR_CORRUPT and ERR_ALREADY_EXISTS. */
  readonly id?: string;
  static isError(value: unknown): value is AgentMemError;
}

/** Accepted by every asynchronous method. */
export interface CallOptions {
  /** Aborting drops a waiting call and stops a running one where it can; the promise rejects with `signal.reason`.
   *  A write that has begun to commit finishes and resolves. */
  signal?: AbortSignal;
  /** Milliseconds from now after which the call rejects with ERR_TIMEOUT. 1..2^31-1. Default: none. */
  timeoutMs?: number;
}

/** Long calls tell how far they are, at most 20 times a second, on the event loop. */
export interface ProgressOptions {
  /** In records for bulk writes, in pages of the file for backup. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

export interface ConflictOptions {
  /** What happens to an id that is there already. Default 'replace'. */
  onConflict?: 'replace' | 'skip' | 'error';
}

export interface VersionOptions {
  /** The record must have this version, else ERR_CONFLICT. */
  ifVersion?: number;
}

export interface OpenOptions extends CallOptions {
  /** 'full' (default): a write that resolved survives power loss. 'normal': it survives a killed process; power loss may
   *  take the last writes, never consistency. The first handle on a path decides for all handles of the process. */
  durability?: 'full' | 'normal';
  /** How long a write waits for the write lock of another process before ERR_BUSY. 0..2^31-1 ms, default 5,000. */
  busyTimeoutMs?: number;
  /** Calls that may wait or run on this handle at once; one more rejects with ERR_QUEUE_FULL. 1..1e6, default 10,000. */
  maxPending?: number;
}

/** Opens or creates a database file; ':memory:' makes a private one that lives as long as the handle. Sync twin.
 *  Handles on one path share one engine, in worker threads too.
 *  @throws ERR_INVALID_ARGUMENT, ERR_IO (cannot be opened or created), ERR_CORRUPT (not a database, or damaged),
 *          ERR_UNSUPPORTED (another program's database, or a newer format), ERR_BUSY. */
export function open(path: string, options?: OpenOptions): Promise<Database>;
export function openSync(path: string, options?: Omit<OpenOptions, keyof CallOptions>): Database;

export type Metric = 'cosine' | 'l2' | 'ip';

export interface HnswOptions {
  /** Links per node and level (level 0: twice as many). 4..64, default 16. */
  M?: number;
  /** Candidates kept while linking a node. 8..4,096, default 128. */
  efConstruction?: number;
  /** Vectors from which on the graph answers; below it every search is exact. 0..2^31-1, default 5,000. */
  minSize?: number;
}

export interface CollectionOptions {
  /** Length of every vector, 1..8,192. Omitted: a collection without vectors, for ever. */
  dimensions?: number;
  /** Default 'cosine'. Scores: cosine cos (-1..1), l2 1 / (1 + distance), ip the dot product. Larger is better. */
  metric?: Metric;
  hnsw?: HnswOptions;
}

/** A JSON object: null, booleans, finite numbers (integers to 2^53), strings, arrays, plain objects. `undefined` members
 *  are dropped, a Date becomes its ISO string. At most 1 MiB as JSON and 32 levels deep. */
export type Metadata = { [key: string]: unknown };

/** A vector going in: copied when the call is made. All numbers finite; Euclidean norm at most 1e18, and at least 1e-18
 *  with the cosine metric. */
export type VectorInput = Float32Array | readonly number[];

export interface RecordInput<TMeta extends Metadata = Metadata> {
  /** 1..512 bytes of UTF-8 without NUL. Omitted: a new UUIDv7. */
  id?: string;
  vector?: VectorInput;
  /** At most 16 MiB of UTF-8; unpaired surrogates become U+FFFD. */
  text?: string;
  metadata?: TMeta;
  /** Hidden from every read from then on. Not together with ttlMs. */
  expiresAt?: number | Date;
  /** The same, counted from the write. Positive. */
  ttlMs?: number;
}

/** What patch changes; fields that are left out stay. */
export interface RecordPatch<TMeta extends Metadata = Metadata> {
  /** null removes it. */
  vector?: VectorInput | null;
  text?: string | null;
  /** Merged one level deep: null deletes a key. null instead of an object removes all of it. */
  metadata?: { [K in keyof TMeta]?: TMeta[K] | null } | null;
  expiresAt?: number | Date | null;
  ttlMs?: number;
}

/** One write of Database.batch. `collection` is one of the same database handle. */
export type BatchOperation =
  | { type: 'add' | 'upsert'; collection: Collection<any>; record: RecordInput<any> }
  | { type: 'patch'; collection: Collection<any>; id: string; fields: RecordPatch<any>; ifVersion?: number }
  | { type: 'delete'; collection: Collection<any>; id: string; ifVersion?: number };

export interface BatchOperationResult {
  id: string;
  version: number;
  /** For 'delete': whether there was such a record. */
  deleted?: boolean;
}

/** Many records as columns: no object per record, and the matrix is not copied. Nothing of it may change, be
 *  transferred or be resized until the call settles. */
export interface RecordColumns<TMeta extends Metadata = Metadata> {
  /** One id per record; omitted: new UUIDv7s. */
  ids?: readonly string[];
  /** Row after row: exactly records x dimensions numbers. */
  vectors?: Float32Array;
  texts?: readonly (string | null | undefined)[];
  metadatas?: readonly (TMeta | null | undefined)[];
  expiresAts?: readonly (number | Date | null | undefined)[];
}

export interface StoredRecord<TMeta extends Metadata = Metadata> {
  id: string;
  text?: string;
  metadata?: TMeta;
  vector?: Float32Array;
  /** Milliseconds since the epoch. */
  createdAt: number;
  updatedAt: number;
  /** Absent when the record does not expire. */
  expiresAt?: number;
  /** Change version of the last write: grows with every transaction of the database. */
  version: number;
}

export type FilterValue = string | number | boolean | null | Date | readonly unknown[] | { readonly [key: string]: unknown };

/** What a field is compared with. As in MongoDB: a field that is an array matches if any of its elements does; `null` and
 *  `$ne`, `$nin` match a missing field; order is defined between values of one type only. */
export interface FilterOperators {
  $eq?: FilterValue;
  $ne?: FilterValue;
  $gt?: FilterValue;
  $gte?: FilterValue;
  $lt?: FilterValue;
  $lte?: FilterValue;
  $in?: readonly FilterValue[];
  $nin?: readonly FilterValue[];
  $exists?: boolean;
  $not?: FilterOperators;
}

/** Conditions on metadata, by dotted path, and on `$id`, `$createdAt`, `$updatedAt`, `$expiresAt` (ms or Date) and
 *  `$version`. At most 1,000 conditions, 32 levels of $and, $or, $nor and $not, and 1 MiB as JSON.
 *  @throws ERR_INVALID_ARGUMENT naming the path of what is wrong. */
export type Filter<TMeta extends Metadata = Metadata> = {
  readonly [K in keyof TMeta & string]?: FilterValue | FilterOperators;
} & {
  readonly [path: `${string}.${string}`]: FilterValue | FilterOperators;
} & {
  readonly $id?: string | FilterOperators;
  readonly $createdAt?: number | Date | FilterOperators;
  readonly $updatedAt?: number | Date | FilterOperators;
  readonly $expiresAt?: number | Date | null | FilterOperators;
  readonly $version?: number | FilterOperators;
  readonly $and?: readonly Filter<TMeta>[];
  readonly $or?: readonly Filter<TMeta>[];
  readonly $nor?: readonly Filter<TMeta>[];
  readonly $not?: Filter<TMeta>;
};

export interface FindQuery<TMeta extends Metadata = Metadata> extends CallOptions {
  filter?: Filter<TMeta>;
  /** 1..10,000, default 100. */
  limit?: number;
  /** From an earlier result: the page after it. It stays good whatever is written meanwhile. */
  cursor?: string;
  /** Default ['text', 'metadata']. */
  include?: readonly IncludeField[];
}

export interface FindResult<TMeta extends Metadata = Metadata> {
  records: StoredRecord<TMeta>[];
  /** Absent on the last page. */
  cursor?: string;
}

export interface ScanQuery<TMeta extends Metadata = Metadata> extends CallOptions {
  filter?: Filter<TMeta>;
  /** Records read at once, 1..10,000, default 1,000. */
  batchSize?: number;
  include?: readonly IncludeField[];
}

export type IncludeField = 'text' | 'metadata' | 'vector';

export interface WriteResult {
  id: string;
  version: number;
}

export interface BulkResult {
  /** In the order of the records given. */
  ids: string[];
  inserted: number;
  updated: number;
  skipped: number;
  version: number;
}

export interface SearchQuery<TMeta extends Metadata = Metadata> extends CallOptions {
  /** Exactly `dimensions` numbers. */
  vector: VectorInput;
  /** Hits wanted, 1..10,000, default 10. The result has exactly min(k, matching records with a vector) hits. */
  k?: number;
  /** Candidates kept while walking the graph, 1..10,000, default 100; raised to k if smaller. More = better recall, slower. */
  ef?: number;
  /** true: compare with every vector, whatever the size. Default false. */
  exact?: boolean;
  /** Only records that match may be hits. */
  filter?: Filter<TMeta>;
  /** Default ['text', 'metadata']; [] gives ids and scores only. */
  include?: readonly IncludeField[];
  /** true: the returned array has an `explain` property. Default false. */
  explain?: boolean;
}

/** Queries that differ in their vector only. */
export interface SearchQueries<TMeta extends Metadata = Metadata> extends Omit<SearchQuery<TMeta>, 'vector' | keyof CallOptions> {
  /** Row after row: queries x dimensions numbers. */
  vectors: Float32Array;
}

export interface Hit<TMeta extends Metadata = Metadata> {
  id: string;
  /** Larger is better; finite. */
  score: number;
  /** Smaller is nearer. cosine: 1 - cos; l2: Euclidean; ip: -dot. */
  distance: number;
  text?: string;
  metadata?: TMeta;
  vector?: Float32Array;
}

export interface SearchExplain {
  /** 'exact': the vectors of all records that the filter allows were compared. 'scan': their codes were, and the nearest
   *  again by their vectors. 'hnsw': the graph was walked, the filter asked afterwards. 'hnsw-two-hop': the graph was walked
   *  from one allowed record to the next. A walk also scans what is not linked yet. */
  strategy: 'exact' | 'scan' | 'hnsw' | 'hnsw-two-hop';
  /** Candidates kept in the graph walk; 0 without one. */
  ef: number;
  /** Nodes of the graph that were compared with the query. */
  visited: number;
  /** Vectors or codes compared one by one: all that are allowed, or those not yet linked beside a walk. */
  scanned: number;
  /** Candidates compared again with their float32 vectors. */
  rescored: number;
  searchMicros: number;
  hydrateMicros: number;
}

/** Best first; equal scores newest first. */
export type SearchResult<TMeta extends Metadata = Metadata> = Hit<TMeta>[] & { explain?: SearchExplain };

export interface CollectionStats {
  name: string;
  records: number;
  /** Records that have a vector. */
  vectors: number;
  dimensions?: number;
  metric?: Metric;
  /** Records whose stored bytes failed their check when the collection was loaded: reading one gives ERR_CORRUPT. */
  damaged: number;
  index?: {
    M: number;
    efConstruction: number;
    minSize: number;
    /** Vectors in the graph. */
    linked: number;
    /** Vectors whose codes are scanned until the background has linked them. */
    tail: number;
    /** Nodes of deleted or replaced vectors still in the graph; gone after reopening. */
    deleted: number;
    memoryBytes: number;
  };
}

export interface OperationStats {
  count: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
}

export interface DatabaseStats {
  path: string;
  /** 'shared': many connections on one file. 'single': one connection (':memory:'). */
  storageMode: 'shared' | 'single';
  durability: 'full' | 'normal';
  changeVersion: number;
  collections: number;
  records: number;
  fileBytes: number;
  walBytes: number;
  /** Engines open in this process, over all threads. */
  engines: number;
  /** The calls of this thread, and the workers they share with the whole process. */
  queue: {
    /** AsyncWorkers that may be in flight at once in the whole process. */
    workerLimit: number;
    /** Calls of this thread that wait, and that run. */
    waiting: number;
    running: number;
    /** Most AsyncWorkers ever in flight at once in this process. */
    workersMax: number;
    /** Write transactions committed, and calls they carried: group commit at work. */
    writeGroups: number;
    writeCalls: number;
    /** Steps of ours on this event loop (parsing, converting, settling) and the longest, in ms of thread CPU time. */
    loopSteps: number;
    loopStepMaxMs: number;
    /** By operation, such as 'Collection.search': how many, and how long from the call to its settling, within an eighth. */
    operations: Record<string, OperationStats>;
  };
}

export class Database {
  private constructor();
  readonly path: string;
  /** false from the moment close() is called. */
  readonly isOpen: boolean;
  /** Opens a collection, or creates it. Options given must agree with an existing one's. Sync twin.
   *  @throws ERR_INVALID_ARGUMENT naming the option that disagrees. */
  collection<TMeta extends Metadata = Metadata>(name: string, options?: CollectionOptions & CallOptions): Promise<Collection<TMeta>>;
  collectionSync<TMeta extends Metadata = Metadata>(name: string, options?: CollectionOptions): Collection<TMeta>;
  /** Creates a collection. Sync twin. @param name `[A-Za-z0-9_.-]{1,128}`, not '.' or '..'. @throws ERR_ALREADY_EXISTS. */
  createCollection<TMeta extends Metadata = Metadata>(name: string, options?: CollectionOptions & CallOptions): Promise<Collection<TMeta>>;
  createCollectionSync<TMeta extends Metadata = Metadata>(name: string, options?: CollectionOptions): Collection<TMeta>;
  /** Opens an existing collection. Sync twin. @throws ERR_NOT_FOUND. */
  getCollection<TMeta extends Metadata = Metadata>(name: string, options?: CallOptions): Promise<Collection<TMeta>>;
  getCollectionSync<TMeta extends Metadata = Metadata>(name: string): Collection<TMeta>;
  /** Names and options, in name order. Sync twin. */
  listCollections(options?: CallOptions): Promise<CollectionInfo[]>;
  listCollectionsSync(): CollectionInfo[];
  /** Deletes a collection and its records; false if there is none of that name. Sync twin. */
  deleteCollection(name: string, options?: CallOptions): Promise<boolean>;
  deleteCollectionSync(name: string): boolean;
  /** Up to 100,000 writes, all or nothing, across collections. Sync twin.
   *  @throws what the operation that fails would; `argument` begins with `operations[i]`. */
  batch(operations: readonly BatchOperation[], options?: CallOptions): Promise<BatchOperationResult[]>;
  batchSync(operations: readonly BatchOperation[]): BatchOperationResult[];
  /** Copies one committed state into a new file, while reads and writes go on. The file appears when it is complete.
   *  @throws ERR_ALREADY_EXISTS (there is such a file), ERR_IO. */
  backup(path: string, options?: ProgressOptions & CallOptions): Promise<void>;
  /** Sync twin. */
  stats(options?: CallOptions): Promise<DatabaseStats>;
  statsSync(): DatabaseStats;
  /** 'change': something was committed, by this handle or seen by it; `version` is the change version now.
   *  'drain': after a call was refused with ERR_QUEUE_FULL, there is room again. */
  on(event: 'change', listener: (change: { version: number }) => void): this;
  on(event: 'drain', listener: () => void): this;
  once(event: 'change', listener: (change: { version: number }) => void): this;
  once(event: 'drain', listener: () => void): this;
  off(event: 'change' | 'drain', listener: (...args: never[]) => void): this;
  /** Refuses new calls, waits for the accepted ones, and closes; the last handle on a path closes the file. Closing again
   *  is allowed. Sync twin: does not wait, calls accepted before still finish. */
  close(): Promise<void>;
  closeSync(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface CollectionInfo {
  name: string;
  dimensions?: number;
  metric?: Metric;
  hnsw?: Required<HnswOptions>;
}

export class Collection<TMeta extends Metadata = Metadata> {
  private constructor();
  readonly name: string;
  readonly dimensions: number | undefined;
  readonly metric: Metric | undefined;
  /** Stores a new record. Resolves when it is durable and searchable. Sync twin. @throws ERR_ALREADY_EXISTS. */
  add(record: RecordInput<TMeta>, options?: CallOptions): Promise<WriteResult>;
  addSync(record: RecordInput<TMeta>): WriteResult;
  /** Stores a record, replacing one with the same id as a whole (createdAt stays). Sync twin. */
  upsert(record: RecordInput<TMeta>, options?: CallOptions): Promise<WriteResult>;
  upsertSync(record: RecordInput<TMeta>): WriteResult;
  /** Stores up to 100,000 new records, all or nothing. Sync twin. @throws ERR_ALREADY_EXISTS naming the id. */
  addMany(records: readonly RecordInput<TMeta>[] | RecordColumns<TMeta>, options?: ProgressOptions & CallOptions): Promise<BulkResult>;
  addManySync(records: readonly RecordInput<TMeta>[] | RecordColumns<TMeta>): BulkResult;
  /** Stores or replaces up to 100,000 records, all or nothing; of equal ids the last wins. Sync twin. */
  upsertMany(records: readonly RecordInput<TMeta>[] | RecordColumns<TMeta>, options?: ConflictOptions & ProgressOptions & CallOptions): Promise<BulkResult>;
  upsertManySync(records: readonly RecordInput<TMeta>[] | RecordColumns<TMeta>, options?: ConflictOptions): BulkResult;
  /** Changes some fields of a record. Sync twin.
   *  @throws ERR_NOT_FOUND (no such record), ERR_CONFLICT (`ifVersion` is not its version). */
  patch(id: string, fields: RecordPatch<TMeta>, options?: VersionOptions & CallOptions): Promise<WriteResult>;
  patchSync(id: string, fields: RecordPatch<TMeta>, options?: VersionOptions): WriteResult;
  /** The record, or undefined. Vectors only on request. Sync twin. @throws ERR_CORRUPT with the id if its bytes fail their check. */
  get(id: string, options?: { include?: readonly IncludeField[] } & CallOptions): Promise<StoredRecord<TMeta> | undefined>;
  getSync(id: string, options?: { include?: readonly IncludeField[] }): StoredRecord<TMeta> | undefined;
  /** Sync twin. */
  has(id: string, options?: CallOptions): Promise<boolean>;
  hasSync(id: string): boolean;
  /** true if there was such a record. Sync twin. @throws ERR_CONFLICT (`ifVersion` is not its version). */
  delete(id: string, options?: VersionOptions & CallOptions): Promise<boolean>;
  deleteSync(id: string, options?: VersionOptions): boolean;
  /** Deletes what matches, all or nothing; resolves to how many. `{}` matches everything. Sync twin. */
  deleteWhere(filter: Filter<TMeta>, options?: CallOptions): Promise<number>;
  deleteWhereSync(filter: Filter<TMeta>): number;
  /** Records in the collection, or those that match. Sync twin. */
  count(filter?: Filter<TMeta>, options?: CallOptions): Promise<number>;
  countSync(filter?: Filter<TMeta>): number;
  /** One page of records in the order they were first stored, from one committed state. Sync twin. */
  find(query?: FindQuery<TMeta>): Promise<FindResult<TMeta>>;
  findSync(query?: Omit<FindQuery<TMeta>, keyof CallOptions>): FindResult<TMeta>;
  /** All records that match, page by page: each page is one committed state, and a record that is there throughout comes
   *  exactly once. */
  scan(query?: ScanQuery<TMeta>): AsyncGenerator<StoredRecord<TMeta>, void, undefined>;
  /** The nearest records. Sync twin. @throws ERR_INVALID_ARGUMENT (wrong length, collection without vectors, unknown option). */
  search(query: SearchQuery<TMeta>): Promise<SearchResult<TMeta>>;
  searchSync(query: Omit<SearchQuery<TMeta>, keyof CallOptions>): SearchResult<TMeta>;
  /** Many searches; results in the order of the queries. The first failure rejects the whole. Sync twin.
   *  @param options.concurrency searches in flight at once, 1..10,000, default 64. */
  searchMany(queries: readonly Omit<SearchQuery<TMeta>, keyof CallOptions>[] | SearchQueries<TMeta>, options?: { concurrency?: number } & CallOptions): Promise<SearchResult<TMeta>[]>;
  searchManySync(queries: readonly Omit<SearchQuery<TMeta>, keyof CallOptions>[] | SearchQueries<TMeta>): SearchResult<TMeta>[];
  /** Resolves when everything committed before the call is linked in the graph. */
  indexed(options?: CallOptions): Promise<void>;
  /** Sync twin. */
  stats(options?: CallOptions): Promise<CollectionStats>;
  statsSync(): CollectionStats;
}
