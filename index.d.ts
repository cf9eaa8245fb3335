// agentmemdb: an embedded memory database for AI agents. One process, one file, no server.
//
// Every asynchronous method takes `{ signal, timeoutMs }`, never throws synchronously and rejects with an AgentMemError,
// or with `signal.reason` when the signal aborted it. Every method marked "Sync twin" has one named `...Sync` that does the
// same work on the calling thread: it waits for engine locks only, never for queued calls, and throws what the async form
// would reject with.
//
// Not repeated below: every method may fail with ERR_INVALID_ARGUMENT (naming the argument), ERR_CLOSED, ERR_IO, ERR_CORRUPT and
// ERR_INTERNAL; an asynchronous one with ERR_QUEUE_FULL and ERR_TIMEOUT too; one that writes with ERR_BUSY (another process holds
// the write lock), ERR_READ_ONLY and ERR_LIMIT; one of a collection that was deleted with ERR_NOT_FOUND.
// Names end with their unit: Ms milliseconds, Micros microseconds, Bytes. Times are milliseconds since the epoch.

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
  /** What kind of error it is. */
  readonly code: ErrorCode;
  /** The argument that was refused, as a path: `query.vector`, `records[3].id`. */
  readonly argument?: string;
  /** The file concerned, for ERR_IO and ERR_CORRUPT. */
  readonly path?: string;
  /** The id of the record concerned, for ERR_CORRUPT and ERR_ALREADY_EXISTS. */
  readonly id?: string;
  /** Of an import that failed: what its next attempt passes as `resumeAfter`. */
  readonly resumeAfter?: number;
  /** Whether a value is such an error, whichever realm or copy of the package made it. */
  static isError(value: unknown): value is AgentMemError;
}

/** Accepted by every asynchronous method. */
export interface CallOptions {
  /** Aborting drops a waiting call and stops a running one where it can; the promise rejects with `signal.reason`.
   *  A write that has begun to commit finishes and resolves. Default: none. */
  signal?: AbortSignal;
  /** Milliseconds from now after which the call rejects with ERR_TIMEOUT. 1..2^31-1. Default: none. */
  timeoutMs?: number;
}

/** Long calls tell how far they are, at most 20 times a second, on the event loop. */
export interface ProgressOptions {
  /** `done` of `total`: in records for bulk writes, in pages of the file for backup and createSnapshot. What it throws ends the call, as an
   *  abort would, and rejects it; where the call came off all the same, it is an uncaught exception. Default: none. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** Accepted by upsertMany. */
export interface ConflictOptions {
  /** What happens to an id that is there already: 'error' rejects the whole with ERR_ALREADY_EXISTS. Default 'replace'. */
  onConflict?: 'replace' | 'skip' | 'error';
}

/** Makes a write conditional. */
export interface VersionOptions {
  /** The record must have this version, else ERR_CONFLICT. Default: any. */
  ifVersion?: number;
}

/** Where an embedder keeps vectors it has made, such as a Keyv. */
export interface EmbeddingStore {
  /** What was set, or undefined. */
  get(key: string): Promise<unknown>;
  /** Keeps a string of base64. */
  set(key: string, value: string): Promise<unknown>;
}

/** Makes vectors of texts. Options are read when it is first given; collections and databases that share one share its cache and its
 *  limits. docs/api/embedders.md. */
export interface Embedder {
  /** Name of the model, 1..200 bytes. A collection remembers it: with another one it is not opened. */
  readonly model: string;
  /** Length of its vectors, 1..8,192. */
  readonly dimensions: number;
  /** The vectors of texts, in their order: a list, or one row after the other. `signal` aborts when nobody waits for them any more. An
   *  error that it rejects with is retried, unless `isRetryable` is false or `status` or `statusCode` is 4xx (but 408, 409, 429). */
  embed(texts: string[], options: { signal: AbortSignal }): Promise<ArrayLike<number>[] | Float32Array>;
  /** Texts of one call of embed(). 1..100,000, default 96. */
  readonly maxBatch?: number;
  /** Calls of embed() at once. 1..1,000, default 4. */
  readonly maxConcurrency?: number;
  /** How often one that failed is made again. 0..100, default 2. */
  readonly retries?: number;
  /** Before a retry, a random time up to this, doubled with each, at most 20 s; or what Retry-After says, at most 60 s. 0..3,600,000,
   *  default 500. */
  readonly retryDelayMs?: number;
  /** Bytes of vectors kept in memory, those used last. 0..2^53-1, default 8 MiB. */
  readonly maxCacheBytes?: number;
  /** Where vectors are kept instead, by a hash of model and text; false: nowhere. Default: in memory. */
  readonly cache?: EmbeddingStore | false;
}

/** Accepted by open(). */
export interface OpenOptions extends CallOptions {
  /** Of collections that have vectors and none of their own: those that are created get vectors of its length. Default: none. */
  embedder?: Embedder;
  /** true: every write rejects with ERR_READ_ONLY, and nothing is created; a file that is not there is ERR_NOT_FOUND. Works
   *  on files and in folders that cannot be written to. Default false. */
  readOnly?: boolean;
  /** 'full' (default): a write that resolved survives power loss. 'normal': it survives a killed process; power loss may
   *  take the last writes, never consistency. The first handle on a path decides for all handles of the process. */
  durability?: 'full' | 'normal';
  /** How long a write waits for the write lock of another process before ERR_BUSY. 0..2^31-1 ms, default 5,000. */
  busyTimeoutMs?: number;
  /** Calls that may wait or run on this handle at once; one more rejects with ERR_QUEUE_FULL. 1..1e6, default 10,000. */
  maxPending?: number;
  /** Bytes of input (vectors, texts, metadata, ids, filters) that calls of this handle may hold while they wait or run; a
   *  further call rejects with ERR_QUEUE_FULL. A call is taken as long as the others hold less, so one may be larger.
   *  1..2^53, default 256 MiB. */
  maxPendingBytes?: number;
  /** Records of one addMany, upsertMany or batch; more are ERR_LIMIT. 1..100,000, default 100,000. */
  maxBatch?: number;
}

/** Opens or creates a database file; ':memory:' makes a private one that lives as long as the handle. Sync twin.
 *  Handles on one path share one engine, in worker threads too.
 *  @throws ERR_INVALID_ARGUMENT, ERR_NOT_FOUND (readOnly, and there is no database), ERR_IO (cannot be opened or created, or
 *          this process has another file open by that name), ERR_CORRUPT (not a database, or damaged),
 *          ERR_UNSUPPORTED (another program's database, a newer format, or another copy of agentmemdb in this process has the file
 *          open), ERR_BUSY (also: another process has it open, and it lies on a network file system). */
export function open(path: string, options?: OpenOptions): Promise<Database>;
export function openSync(path: string, options?: Omit<OpenOptions, keyof CallOptions>): Database;

/** How near two vectors are: by angle, by Euclidean distance, by inner product. */
export type Metric = 'cosine' | 'l2' | 'ip';

/** The graph of a collection with vectors. */
export interface HnswOptions {
  /** Links per node and level (level 0: twice as many). 4..64, default 16. */
  M?: number;
  /** Candidates kept while linking a node. 8..4,096, default 128. */
  efConstruction?: number;
  /** Vectors from which on the graph answers; below it every search is exact. 0..2^31-1, default 5,000. */
  minSize?: number;
}

/** How texts become words to search by. docs/api/search.md. */
export interface TextOptions {
  /** Whose endings are taken off: a Snowball algorithm by its English name, such as 'english', 'german', 'french', 'russian'; 'none': words stay as they
   *  are. Stop words and question words are left out with 'english' only. Default 'english'. */
  language?: string;
  /** 'default': Unicode words in lower case without accents, camelCase names whole and in parts, scripts without spaces as single characters and
   *  pairs. 'reference': `[a-z0-9]+`, without typos, phrases and question words, as plain BM25 is usually compared. Default 'default'. */
  analyzer?: 'default' | 'reference';
}

/** What a collection is created with. Opening an existing one compares only what is given. */
export interface CollectionOptions {
  /** Length of every vector, 1..8,192. Default: none, a collection without vectors, for ever. */
  dimensions?: number;
  /** Default 'cosine'. Scores: cosine cos (-1..1), l2 1 / (1 + distance), ip the dot product. Larger is better. */
  metric?: Metric;
  /** The graph. Default: the defaults of its options. */
  hnsw?: HnswOptions;
  /** How texts become words. Default: the defaults of its options. Not to be changed later. */
  text?: TextOptions;
  /** Makes vectors of texts that come without one, in every asynchronous method of this handle. Its length must be that of the
   *  collection, which is created with it; its model that of the vectors there, if one is known. null: none. Default: the database's. */
  embedder?: Embedder | null;
  /** Dotted paths (and system fields) that filters and orderBy will ask of, at most 32: kept in memory for good, whatever that takes.
   *  Others are made when first asked for, and give way. Opening an existing collection adds those it lacks, and takes none
   *  away. Default: none. */
  indexes?: readonly string[];
}

/** A JSON object: null, booleans, finite numbers (integers to 2^53), strings, arrays, plain objects. `undefined` members
 *  are dropped, a Date becomes its ISO string and comes back as one. At most 1 MiB as JSON and 32 levels deep.
 *  A type of your own in its place (`db.collection<Film>(...)`) types records, hits, patches and filters. */
export type Metadata = { [key: string]: unknown };

/** A vector going in: copied when the call is made. All numbers finite; Euclidean norm at most 1e18, and at least 1e-18
 *  with the cosine metric. */
export type VectorInput = Float32Array | readonly number[];

/** A record going in. Every field may be left out. */
export interface RecordInput<TMeta extends object = Metadata> {
  /** 1..512 bytes of UTF-8 without NUL. Default: a new UUIDv7. */
  id?: string;
  /** Exactly `dimensions` numbers. Default: that of `text` where there is an embedder and the text is not empty, else none. null: none.
   *  A record without one is found by id, filter and words, never by a vector. */
  vector?: VectorInput | null;
  /** At most 16 MiB of UTF-8; unpaired surrogates become U+FFFD. Default: none. */
  text?: string;
  /** Default: none. */
  metadata?: TMeta;
  /** Hidden from every read from then on; milliseconds since the epoch, or a Date. Not together with ttlMs. Default: never. */
  expiresAt?: number | Date;
  /** The same, in whole milliseconds counted from the write. Positive. Default: never. */
  ttlMs?: number;
}

/** What patch changes; fields that are left out stay. */
export interface RecordPatch<TMeta extends object = Metadata> {
  /** null removes it. Left out, where there is an embedder, a new text gets one of its own. */
  vector?: VectorInput | null;
  /** null removes it. */
  text?: string | null;
  /** Merged one level deep: null deletes a key. null instead of an object removes all of it. */
  metadata?: { [K in keyof TMeta]?: TMeta[K] | null } | null;
  /** null: it no longer expires. Milliseconds since the epoch, or a Date. */
  expiresAt?: number | Date | null;
  /** The same, in whole milliseconds counted from the write. Positive. */
  ttlMs?: number;
}

/** One write of Database.batch. `collection` is one of the same database handle. */
export type BatchOperation =
  | { type: 'add' | 'upsert'; collection: Collection<any>; record: RecordInput<any> }
  | { type: 'patch'; collection: Collection<any>; id: string; fields: RecordPatch<any>; ifVersion?: number }
  | { type: 'delete'; collection: Collection<any>; id: string; ifVersion?: number };

/** What one write of Database.batch did. */
export interface BatchOperationResult {
  /** The id of the record, made if none was given. */
  id: string;
  /** Change version of the batch. */
  version: number;
  /** For 'delete': whether there was such a record. */
  deleted?: boolean;
}

/** Many records as columns: no object per record, and the matrix is not copied. Nothing of it may change, be
 *  transferred or be resized until the call settles. */
export interface RecordColumns<TMeta extends object = Metadata> {
  /** One id per record. Default: new UUIDv7s. */
  ids?: readonly string[];
  /** Row after row: exactly records x dimensions numbers. null: no record has a vector. Default: those of the texts where there is an
   *  embedder, else none. */
  vectors?: Float32Array | null;
  /** One entry per record; null or undefined: no text. Default: no record has one. */
  texts?: readonly (string | null | undefined)[];
  /** One entry per record; null or undefined: no metadata. Default: no record has any. */
  metadatas?: readonly (TMeta | null | undefined)[];
  /** One entry per record, milliseconds since the epoch or a Date; null or undefined: never. Default: none expires. */
  expiresAts?: readonly (number | Date | null | undefined)[];
}

/** A record coming out. */
export interface StoredRecord<TMeta extends object = Metadata> {
  /** Unique in its collection. */
  id: string;
  /** Absent when it has none, or `include` did not name it. */
  text?: string;
  /** Absent when it has none, or `include` did not name it. */
  metadata?: TMeta;
  /** Absent when it has none, or `include` did not name it. It is the one that went in, not normalised. */
  vector?: Float32Array;
  /** When it was first stored: milliseconds since the epoch. */
  createdAt: number;
  /** When it was last written: milliseconds since the epoch. */
  updatedAt: number;
  /** Milliseconds since the epoch. Absent when the record does not expire. */
  expiresAt?: number;
  /** Change version of the last write: each call that writes has one of its own, and later ones have larger. */
  version: number;
}

/** What a filter may compare with, where nothing is known of the field: JSON, or a Date, which is compared as its ISO string (as
 *  milliseconds with a system time). */
export type FilterValue = string | number | boolean | null | Date | readonly unknown[] | { readonly [key: string]: unknown };

/** What a field of type T may equal: such a value, null (it is null or missing), and of an array also one of its elements. */
export type FilterOperand<T = unknown> = unknown extends T ? FilterValue : OperandOf<T> | null;

type OperandOf<T> = T extends undefined
  ? never
  : T extends Date
    ? Date | string
    : T extends string
      ? string extends T
        ? string | Date
        : T
      : T extends readonly (infer Element)[]
        ? T | OperandOf<Element>
        : T;

/** What a field of type T may be before or after: a value of its type, of an array one of its elements' type. */
export type FilterBound<T = unknown> = unknown extends T ? string | number | boolean | Date : BoundOf<T>;

type BoundOf<T> = T extends string | Date
  ? string | Date
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : T extends readonly (infer Element)[]
        ? BoundOf<Element>
        : never;

/** What a field of type T is compared with; all operators given must hold. As in MongoDB: a field that is an array matches if any
 *  of its elements does, or the array as a whole; `null`, `$ne` and `$nin` match a missing field. */
export interface FilterOperators<T = unknown> {
  /** Equal to it. */
  $eq?: FilterOperand<T>;
  /** Not equal to it, or missing. */
  $ne?: FilterOperand<T>;
  /** Greater; only a value of the same type is. */
  $gt?: FilterBound<T>;
  /** Greater or equal. */
  $gte?: FilterBound<T>;
  /** Less. */
  $lt?: FilterBound<T>;
  /** Less or equal. */
  $lte?: FilterBound<T>;
  /** Equal to one of them. */
  $in?: readonly FilterOperand<T>[];
  /** Equal to none of them, or missing. */
  $nin?: readonly FilterOperand<T>[];
  /** An array that has all of them; [] matches nothing. Or what several elements have to be, each as { $elemMatch }. */
  $all?: readonly FilterOperand<T>[] | readonly { readonly $elemMatch: FilterElement<T> }[];
  /** An array that has one element to which all of it applies: operators, or of objects a filter. */
  $elemMatch?: FilterElement<T>;
  /** true: the field is there, be it null. false: it is missing. */
  $exists?: boolean;
  /** Like JavaScript's includes: a string that has it as a part, an array that has it as an element. */
  $contains?: FilterOperand<T>;
  /** A string that starts with it, also one in an array. */
  $startsWith?: string;
  /** A string in which the regular expression is found, also one in an array: RE2's syntax, without back-references and
   *  look-around; at most 1,000 bytes, and 100 in one filter. */
  $regex?: string;
  /** Of $regex: letters of i (any case), m (^ and $ at each line), s (. matches line breaks), x (white space and comments are left out). */
  $options?: string;
  /** The operators in it do not all hold. */
  $not?: FilterOperators<T>;
}

/** What one element of an array has to be: operators, or of objects a filter. */
export type FilterElement<T = unknown> =
  | FilterOperators<T extends readonly (infer Element)[] ? Element : T>
  | { readonly [path: string]: unknown };

/** A value, which means $eq, or operators. */
export type FilterCondition<T = unknown> = FilterOperand<T> | FilterOperators<T>;

/** The members a type names, without its index signature. */
type Named<T> = { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] };

/** Dotted paths into T: through arrays into their elements, or by index. Below five levels any path goes. */
type PathsOf<T, Depth extends readonly 1[] = []> = unknown extends T
  ? string
  : Depth['length'] extends 5
    ? string
    : T extends string | number | boolean | null | undefined | Date
      ? never
      : T extends readonly (infer Element)[]
        ? PathsOf<Element, [...Depth, 1]> | `${number}` | `${number}.${PathsOf<Element, [...Depth, 1]>}`
        : NamedPathsOf<T, Depth> | (Depth extends [] ? never : string extends keyof T ? string : never);

type NamedPathsOf<T, Depth extends readonly 1[]> = {
  [K in keyof Named<T> & string]: K | `${K}.${PathsOf<T[K], [...Depth, 1]>}`;
}[keyof Named<T> & string];

/** The type of what a dotted path reaches. */
type ValueAt<T, Path extends string> = unknown extends T
  ? unknown
  : T extends readonly (infer Element)[]
    ? Path extends `${number}`
      ? Element
      : Path extends `${number}.${infer Rest}`
        ? ValueAt<Element, Rest>
        : ValueAt<Element, Path>
    : Path extends keyof T
      ? T[Path]
      : Path extends `${infer Head}.${infer Rest}`
        ? Head extends keyof T
          ? ValueAt<NonNullable<T[Head]>, Rest>
          : unknown
        : unknown;

/**
 * Conditions on metadata, by dotted path, and on system fields; all must hold, and `{}` matches everything. At most 1,000 conditions,
 * 32 levels of $and, $or, $nor, $not and $elemMatch, and 1 MiB as JSON. docs/api/filters.md has all of it.
 *
 * Or as text, with the same meaning: `topic = 'billing' AND year >= 2020`. An error in it names the position.
 *
 * Paths and values are typed by TMeta: `Filter<{ year: number; cast: { name: string }[] }>` takes `{ year: { $gte: 1970 },
 * 'cast.name': 'Sean' }`. What an index signature allows, such as that of the default Metadata, is not checked.
 * @throws ERR_INVALID_ARGUMENT naming the path of what is wrong.
 */
export type Filter<TMeta extends object = Metadata> = string | FilterObject<TMeta>;

/** A filter as data. */
export type FilterObject<TMeta extends object = Metadata> = {
  readonly [Path in PathsOf<TMeta>]?: FilterCondition<ValueAt<TMeta, Path>>;
} & (string extends keyof TMeta ? { readonly [path: string]: FilterCondition } : unknown) & {
    /** The id of the record. */
    readonly $id?: string | FilterOperators<string>;
    /** When it was first stored: milliseconds since the epoch, or a Date. */
    readonly $createdAt?: number | Date | FilterOperators<number | Date>;
    /** When it was last written. */
    readonly $updatedAt?: number | Date | FilterOperators<number | Date>;
    /** When it expires; null: never. */
    readonly $expiresAt?: number | Date | null | FilterOperators<number | Date>;
    /** Change version of its last write. */
    readonly $version?: number | FilterOperators<number>;
    /** All of them hold. */
    readonly $and?: readonly FilterObject<TMeta>[];
    /** One of them holds. */
    readonly $or?: readonly FilterObject<TMeta>[];
    /** None of them holds. */
    readonly $nor?: readonly FilterObject<TMeta>[];
    /** It does not hold. */
    readonly $not?: FilterObject<TMeta>;
  };

/** 'year', '-year' (descending), several of them, or { year: 'desc', title: 'asc' }: at most 8 dotted paths or system fields. Records
 *  that are equal in all of them come in the order they were first stored. Values sort as in MongoDB: missing and null, numbers, strings
 *  by code point, objects, arrays, booleans; an array sorts by its smallest element (descending: its largest), an empty one before
 *  everything. */
export type OrderBy = string | readonly string[] | { readonly [path: string]: 'asc' | 'desc' };

/** What find() asks for. */
export interface FindQuery<TMeta extends object = Metadata> extends CallOptions {
  /** Only records that match. Default: all. */
  filter?: Filter<TMeta>;
  /** Default: the order in which the records were first stored. */
  orderBy?: OrderBy;
  /** Records of one page, 1..10,000, default 100. */
  limit?: number;
  /** From an earlier result with the same orderBy: the page after it. It stays good whatever is written meanwhile. Default: the
   *  first page. */
  cursor?: string;
  /** true: the result has `total`. Default false. */
  total?: boolean;
  /** Default ['text', 'metadata']. */
  include?: readonly IncludeField[];
}

/** One page. */
export interface FindResult<TMeta extends object = Metadata> {
  /** In the order asked for. */
  records: StoredRecord<TMeta>[];
  /** Absent on the last page. */
  cursor?: string;
  /** How many records match, on all pages. Absent unless asked for. */
  total?: number;
}

/** What scan() goes through. `timeoutMs` counts for each page on its own. */
export interface ScanQuery<TMeta extends object = Metadata> extends CallOptions {
  /** Only records that match. Default: all. */
  filter?: Filter<TMeta>;
  /** Records read at once, 1..10,000, default 1,000. */
  batchSize?: number;
  /** Default ['text', 'metadata']. */
  include?: readonly IncludeField[];
}

/** What a result may carry beside id, times, version and score. */
export type IncludeField = 'text' | 'metadata' | 'vector';

/** What a write did. */
export interface WriteResult {
  /** The id of the record, made if none was given. */
  id: string;
  /** Its version from now on: the change version of this write. */
  version: number;
}

/** What a bulk write did. */
export interface BulkResult {
  /** In the order of the records given. */
  ids: string[];
  /** Records whose id was new. */
  inserted: number;
  /** Records that replaced another. */
  updated: number;
  /** Records left out by `onConflict: 'skip'`. */
  skipped: number;
  /** Change version of this write. */
  version: number;
}

/** What search() asks for: a vector, a text, or both. docs/api/search.md. */
export interface SearchQuery<TMeta extends object = Metadata> extends CallOptions {
  /** Exactly `dimensions` numbers. Default: that of `text`, where there is an embedder; else none. null: none, `text` is searched by its words
   *  alone. */
  vector?: VectorInput | null;
  /** Searched by its words, and "phrases in quotes"; beside a vector, by both. Scores of words alone are BM25. Default: none. */
  text?: string;
  /** Hits wanted, 1..10,000, default 10. The result has exactly min(k, matching records) hits: those with a vector, or with a word of the text,
   *  or with either. */
  k?: number;
  /** Candidates kept while walking the graph, 1..10,000, default 100; raised to k if smaller. More = better recall, slower; easy queries
   *  end sooner. Only with a vector. */
  ef?: number;
  /** true: compare with every vector, whatever the size. Only with a vector. Default false. */
  exact?: boolean;
  /** Only records that match may be hits. Default: all. */
  filter?: Filter<TMeta>;
  /** Default ['text', 'metadata']; [] gives ids and scores only. */
  include?: readonly IncludeField[];
  /** true: the returned array has an `explain` property, and so have hits that were found by words or ranked. Default false. */
  explain?: boolean;
  /** Whether a word of 4 or more characters, none a digit, that no record has stands for the most frequent one that is one letter away, with weight 0.8.
   *  Only with a text. Default true. */
  typos?: boolean;
  /** Whether the last word may be unfinished: its 5 most frequent completions are searched too, with weight 1 / sqrt(how many). Only with a text.
   *  Default false. */
  prefix?: boolean;
  /** true: hits have `highlights`. Only with a text. Default false. */
  highlight?: boolean;
  /** How the scores of words and of vectors become one. 'weighted': (1 - w) bm25 / best + w (similarity - mean) / (best - mean). 'rrf': (1 - w) /
   *  (10 + rank by words) + w / (10 + rank by vectors). 'minmax': each from its least to its greatest. 'dbsf': each from mean - 3 to mean + 3
   *  standard deviations. Only where both are searched. Default 'weighted'. */
  fusion?: 'weighted' | 'rrf' | 'minmax' | 'dbsf';
  /** w: the share of vectors, 0..1. Only where both are searched. Default: with 'weighted' that of the collection (0.35, or what
   *  calibrate() chose), less where its vectors are noise; else 0.5. */
  alpha?: number;
  /** Makes scores anew of what records are beside near. Default: as they were found. */
  rank?: RankOptions;
  /** Hits whose score is less are left out; after `rank`. A fused score is relative to its query: no threshold. Default: none are. */
  minScore?: number;
  /** Takes hits that differ from those before them (by their vectors): maximal marginal relevance. k at most 1,000. Default: not. */
  mmr?: {
    /** lambda * score - (1 - lambda) * greatest similarity to a hit before it; scores are divided by the best where `rank.similarity` divides them.
     *  0: only different, 1: only near. Default 0.5. */
    lambda?: number;
  };
  /** Ends the result before the nth drop of scores that is more than twice the median drop, and than a hundredth of the best score. 1..100. Default:
   *  not. */
  autocut?: number;
  /** Leaves the best hits of each value of a field; records without it all stay. A path alone means one of each. Default: all. */
  groupBy?:
    | string
    | {
        /** Dotted path into metadata, or a system field. */
        field: string;
        /** Hits of each value, 1..10,000, default 1. */
        size?: number;
      };
  /** Puts hits into another order, by a model that reads them for instance. It is given the best `rerankK` and resolves to scores, a finite number
   *  for each, or to the hits themselves, best first, fewer if it likes. When it throws, the order is as it was and `rerankError` of the result
   *  has what it threw. `signal` aborts when nobody waits for it any more. search() only. Default: none.
   *  @throws ERR_INVALID_ARGUMENT (it resolves to something else). */
  rerank?(hits: Hit<TMeta>[], options: { signal: AbortSignal }): Promise<readonly number[] | readonly Reranked[]> | readonly number[] | readonly Reranked[];
  /** Hits that `rerank` is given, k..10,000. Default: twice k, at least 50, at most 1,000 or k. */
  rerankK?: number;
}

/** A hit, or what `rerank` made of one. */
export type Reranked = Pick<Hit, 'id' | 'score'>;

/** What scores are made of: similarity * s + recency * decay(age) + the sum of weight * field + usage * ln(1 + n) / ln(1 + greatest n). Weights are
 *  -1,000..1,000. Four times k records (at least 50) are looked at. */
export interface RankOptions {
  /** Weight of what the search found: cosine or l2 scores as they are; those of words, of fusion and of 'ip' divided by the best. Default 1. */
  similarity?: number;
  /** How new it is. Default: does not count. */
  recency?: {
    /** Weight of a record of age 0. */
    weight: number;
    /** After this many milliseconds half of it is left. Positive. */
    halfLifeMs: number;
    /** Where the time is: milliseconds since the epoch, or a text as Date writes it. Without one it counts 0. Default '$createdAt'. */
    field?: string;
    /** With a = age / halfLifeMs: 'exponential' 2^-a, 'linear' max(0, 1 - a / 2), 'gaussian' 2^(-a * a). Default 'exponential'. */
    decay?: 'exponential' | 'linear' | 'gaussian';
  };
  /** Weights by dotted path, of numbers as they are and booleans as 0 and 1; what is neither counts 0. At most 16. Default: none. */
  fields?: { readonly [path: string]: number };
  /** How often it was used. Default: does not count. */
  usage?: {
    /** Weight of the most used of the records looked at. */
    weight: number;
    /** Where the number of uses is. */
    field: string;
  };
  /** The time that ages are counted from, milliseconds since the epoch. Default: the clock's. */
  now?: number;
}

/** Queries that differ in their vector only. */
export interface SearchQueries<TMeta extends object = Metadata>
  extends Omit<SearchQuery<TMeta>, 'vector' | 'text' | 'typos' | 'prefix' | 'highlight' | 'fusion' | 'alpha' | 'rerank' | 'rerankK' | keyof CallOptions> {
  /** Row after row: queries x dimensions numbers. */
  vectors: Float32Array;
}

/** A question with known answers. */
export interface JudgedQuery {
  /** The question. */
  text: string;
  /** Its vector. Default: that of `text`, where there is an embedder; else it is required. */
  vector?: VectorInput;
  /** Ids of what answers it, or grades by id: larger is better, above 0 is relevant. */
  relevant: readonly string[] | { readonly [id: string]: number };
}

/** What calibrate() found. Means of nDCG@10 over the queries: 0 nothing right found, 1 all of it in the right order. */
export interface Calibration {
  /** The share of vectors that was chosen. */
  alpha: number;
  /** How many there were: below 20, chance decides. */
  queries: number;
  /** By words alone. */
  keyword: number;
  /** By vectors alone. */
  vector: number;
  /** With the default share. */
  default: number;
  /** With the one chosen; of these very queries, so it flatters. */
  calibrated: number;
  /** As in SearchExplain: 0 where vectors are noise, and no share matters. */
  gate: number;
}

/** What searchMany() asks for. */
export type ManyQueries<TMeta extends object = Metadata> =
  | readonly Omit<SearchQuery<TMeta>, 'rerank' | 'rerankK' | keyof CallOptions>[]
  | SearchQueries<TMeta>;

/** One list out of those of many queries. */
export interface FuseOptions {
  /** 'rrf': reciprocal rank fusion, the sum of weight / (10 + rank) over the queries that found a record (Cormack et al., SIGIR 2009). */
  fuse:
    | 'rrf'
    | {
        /** As above. */
        method: 'rrf';
        /** In the place of 10: less tells first places from others more. 0..1,000,000, default 10. */
        rankConstant?: number;
        /** One for each query, 0..1,000. Default: all 1. */
        weights?: readonly number[];
        /** Hits wanted, 1..10,000. Default: the greatest k of the queries. */
        k?: number;
      };
}

/** A record that was found by one or more of many queries; as the query found it that has it first. */
export interface FusedHit<TMeta extends object = Metadata> extends Hit<TMeta> {
  /** Its place by query, from 1; null where the query did not find it. */
  ranks: (number | null)[];
}

/** A record that was found. */
export interface Hit<TMeta extends object = Metadata> {
  /** Of the record. */
  id: string;
  /** Larger is better; finite. Of a vector: that of the metric; of words: BM25; of both: fused; with `rank`, `rerank` or `fuse`: theirs. */
  score: number;
  /** Smaller is nearer. cosine: 1 - cos; l2: Euclidean; ip: -dot. Absent without a vector, in the query or the record. */
  distance?: number;
  /** Absent when it has none, or `include` did not name it. */
  text?: string;
  /** Absent when it has none, or `include` did not name it. */
  metadata?: TMeta;
  /** Absent when it has none, or `include` did not name it. */
  vector?: Float32Array;
  /** There when the query asked for it: what of its text matched, in its order, at most 100. */
  highlights?: Highlight[];
  /** There when the query asked for it and searched for words or ranked: what the score was made of. */
  explain?: HitExplain;
}

/** A word of a text that was searched for: `text.slice(start, end)`. */
export interface Highlight {
  /** As it is indexed: its stem, in lower case. */
  term: string;
  /** Where it begins, in UTF-16 code units. */
  start: number;
  /** Where it ends. */
  end: number;
}

/** What a score was made of. With `rank`, it is the sum of `similarity` and what comes after it. */
export interface HitExplain {
  /** BM25; 0: it has no word of the query. Absent when no words were searched. */
  keyword?: number;
  /** Score of the metric. Absent without a vector, in the query or the record. */
  vector?: number;
  /** Of `rank`, times its weight. */
  similarity?: number;
  /** Of `rank`, times its weight. */
  recency?: number;
  /** Of `rank`, times their weights. */
  fields?: { [path: string]: number };
  /** Of `rank`, times its weight. */
  usage?: number;
}

/** How a search was answered. */
export interface SearchExplain {
  /** 'exact': the vectors of all records that the filter allows were compared. 'scan': their codes were, and the nearest
   *  again by their vectors. 'hnsw': the graph was walked, the filter asked afterwards. 'hnsw-two-hop': the graph was walked
   *  from one allowed record to the next. A walk also scans what is not linked yet. Absent, like the next four, without a vector. */
  strategy?: 'exact' | 'scan' | 'hnsw' | 'hnsw-two-hop';
  /** Candidates kept in the graph walk; 0 without one. */
  ef?: number;
  /** Nodes of the graph that were compared with the query. */
  visited?: number;
  /** Vectors or codes compared one by one: all that are allowed, or those not yet linked beside a walk. */
  scanned?: number;
  /** Candidates compared again with their float32 vectors. */
  rescored?: number;
  /** What was searched for, as it is indexed. Absent, like the next three, without a text. */
  terms?: string[];
  /** By word of the query: what it was taken for. */
  corrections?: { [word: string]: string };
  /** Entries of word lists that were looked at. */
  postings?: number;
  /** Texts whose score was computed to the end. */
  scored?: number;
  /** The share of vectors in the scores, with the gate. Absent unless both were searched. */
  alpha?: number;
  /** What the default share was multiplied with: 0 where the vectors of the collection are noise, 1 where they are not or too few to tell. Absent
   *  with an `alpha` or another `fusion`. */
  gate?: number;
  /** Records that the filter and expiry let through; absent where neither keeps any back. */
  allowed?: number;
  /** Microseconds to find out which those are. */
  filterMicros: number;
  /** Microseconds to find and to order the best of them. */
  searchMicros: number;
  /** Those of `searchMicros` in which candidates were compared again; 0 when the search was exact. Absent without a vector. */
  rescoreMicros?: number;
  /** Microseconds to read the records. */
  hydrateMicros: number;
}

/** Best first; equal scores newest first. */
export type SearchResult<TMeta extends object = Metadata> = Hit<TMeta>[] & {
  /** There when the query asked for it. */
  explain?: SearchExplain;
  /** What `rerank` threw. Absent when it did not. */
  rerankError?: unknown;
};

/** The state of a collection. */
export interface CollectionStats {
  /** Of the collection. */
  name: string;
  /** Records that have not expired. */
  records: number;
  /** Vectors in the index, those of expired records too. */
  vectors: number;
  /** Absent when it has no vectors. */
  dimensions?: number;
  /** Absent when it has no vectors. */
  metric?: Metric;
  /** Records whose stored bytes failed their check when the collection was loaded: reading one gives ERR_CORRUPT. */
  damaged: number;
  /** Fields in memory, by path: those declared, and those that filters and orderBy have asked of. */
  indexes: {
    /** Dotted. */
    path: string;
    /** Whether it is one of the option `indexes`. */
    declared: boolean;
    /** Different values (of more than 10,000 numbers, about), of the records that were read so far: what was written since is read by
     *  the next who asks. */
    distinct: number;
    /** About. */
    memoryBytes: number;
  }[];
  /** Absent when it has no vectors. */
  index?: {
    /** As created. */
    M: number;
    /** As created. */
    efConstruction: number;
    /** As created. */
    minSize: number;
    /** Vectors in the graph. */
    linked: number;
    /** Vectors whose codes are scanned until the background has linked them. */
    tail: number;
    /** Nodes of deleted or replaced vectors still in the graph; taken out when they are a tenth of it. */
    deleted: number;
    /** Memory of vectors, codes and graph; vectors that lie in the index image are not counted. */
    memoryBytes: number;
    /** The index image it was loaded from, or saved to last: the next open reads it instead of building the graph. Absent while
     *  there is none: below `minSize` vectors, in memory, and until the first save. */
    image?: {
      /** The database's change version that the image holds; what is newer is read from the database. */
      version: number;
      /** Of its two files. */
      bytes: number;
    };
  };
  /** The keyword index. Absent until somebody has searched for words. */
  text?: {
    /** Texts in it. */
    texts: number;
    /** Words in it, each as often as it occurs. */
    tokens: number;
    /** Parts that it consists of. */
    segments: number;
    /** Of the process. */
    memoryBytes: number;
    /** How near records with the same words are by their vectors: about 0 when vectors are noise, 0.5..0.9 with a model that fits. Of a sample,
     *  once there was a hybrid search; absent below 16 records that have both. */
    agreement?: number;
    /** There when the agreement is below 0.1: the vectors are of another model, or of other texts. */
    warning?: string;
  };
  /** What searches of this collection did since this process opened the file. Absent when it has no vectors. */
  searches?: {
    /** Those answered by the strategy 'exact' (SearchExplain). */
    exact: number;
    /** By 'scan'. */
    scan: number;
    /** By 'hnsw'. */
    hnsw: number;
    /** By 'hnsw-two-hop'. */
    hnswTwoHop: number;
    /** Nodes of the graph that were compared with a query. */
    visited: number;
    /** Vectors or codes compared one by one. */
    scanned: number;
    /** Candidates compared again with their float32 vectors. */
    rescored: number;
  };
}

/** How long the calls of one operation took, from the call to its settling, within an eighth. */
export interface OperationStats {
  /** Calls that have settled. */
  count: number;
  /** Half of them took no longer. */
  p50Ms: number;
  /** 95 % of them took no longer. */
  p95Ms: number;
  /** 99 % of them took no longer. */
  p99Ms: number;
}

/** The state of a database and of the scheduler. */
export interface DatabaseStats {
  /** As Database.path. */
  path: string;
  /** 'shared': many connections on one file. 'single': one connection (':memory:', and files on network file systems, which
   *  one process at a time can open). */
  storageMode: 'shared' | 'single';
  /** Of this handle. */
  readOnly: boolean;
  /** What the first handle of this process on the path asked for. */
  durability: 'full' | 'normal';
  /** Grows by one with every call that changes something. */
  changeVersion: number;
  /** How many there are. */
  collections: number;
  /** Rows of all collections, expired ones too. */
  records: number;
  /** Size of the file. */
  fileBytes: number;
  /** Size of its write-ahead log. */
  walBytes: number;
  /** What the engine holds in memory, about: indexes, and the rows of ':memory:'. */
  memoryBytes: number;
  /** What V8 was told that the engines of this thread's open handles hold. It is told in steps of at least 64 MiB. */
  externalBytes: number;
  /** Engines open in this process, over all threads. */
  engines: number;
  /** The calls of this thread, and the workers they share with the whole process. */
  queue: {
    /** AsyncWorkers that may be in flight at once in the whole process. */
    workerLimit: number;
    /** Calls of this thread that wait. */
    waiting: number;
    /** Calls of this thread that run. */
    running: number;
    /** Bytes of input that calls of this handle hold, which maxPendingBytes bounds. */
    pendingBytes: number;
    /** Most AsyncWorkers ever in flight at once in this process. */
    workersMax: number;
    /** Write transactions committed. */
    writeGroups: number;
    /** Calls that they carried: group commit at work. */
    writeCalls: number;
    /** Steps of ours on this event loop: parsing, converting, settling. */
    loopSteps: number;
    /** The longest of them, in milliseconds of thread CPU time. */
    loopStepMaxMs: number;
    /** By operation, such as 'Collection.search'. */
    operations: Record<string, OperationStats>;
  };
}

/** A handle on a database, made by open(). */
export class Database {
  private constructor();
  /** The file, with links resolved; ':memory:'. */
  readonly path: string;
  /** false from the moment close() is called. */
  readonly isOpen: boolean;
  /** Opens a collection, or creates it. Options given must agree with an existing one's. Sync twin.
   *  @throws ERR_INVALID_ARGUMENT naming the option that disagrees. */
  collection<TMeta extends object = Metadata>(name: string, options?: CollectionOptions & CallOptions): Promise<Collection<TMeta>>;
  collectionSync<TMeta extends object = Metadata>(name: string, options?: CollectionOptions): Collection<TMeta>;
  /** Creates a collection. Sync twin. @param name `[A-Za-z0-9_.-]{1,128}`, not '.' or '..'. @throws ERR_ALREADY_EXISTS. */
  createCollection<TMeta extends object = Metadata>(name: string, options?: CollectionOptions & CallOptions): Promise<Collection<TMeta>>;
  createCollectionSync<TMeta extends object = Metadata>(name: string, options?: CollectionOptions): Collection<TMeta>;
  /** Opens an existing collection. Sync twin. @throws ERR_NOT_FOUND. */
  getCollection<TMeta extends object = Metadata>(name: string, options?: CallOptions): Promise<Collection<TMeta>>;
  getCollectionSync<TMeta extends object = Metadata>(name: string): Collection<TMeta>;
  /** Names and options, in name order. Sync twin. */
  listCollections(options?: CallOptions): Promise<CollectionInfo[]>;
  listCollectionsSync(): CollectionInfo[];
  /** Deletes a collection and its records; false if there is none of that name. Sync twin. */
  deleteCollection(name: string, options?: CallOptions): Promise<boolean>;
  deleteCollectionSync(name: string): boolean;
  /** Up to `maxBatch` writes, all or nothing, across collections. Sync twin.
   *  @throws ERR_LIMIT (more writes, or more than 256 MiB), and what the operation that fails would; `argument` begins with `operations[i]`. */
  batch(operations: readonly BatchOperation[], options?: CallOptions): Promise<BatchOperationResult[]>;
  batchSync(operations: readonly BatchOperation[]): BatchOperationResult[];
  /** Copies one committed state into a new file, while reads and writes go on. The file appears when it is complete.
   *  @throws ERR_INVALID_ARGUMENT (':memory:'), ERR_ALREADY_EXISTS (there is such a file, or an SQLite log of that name), ERR_IO. */
  backup(path: string, options?: ProgressOptions & CallOptions): Promise<void>;
  /** Copies one committed state, as backup() does, to `<file>-snapshots/<name>.db`. Names are as those of collections.
   *  @throws ERR_ALREADY_EXISTS, ERR_READ_ONLY, ERR_UNSUPPORTED (a database in memory), ERR_BUSY (another process is making one), ERR_IO. */
  createSnapshot(name: string, options?: ProgressOptions & CallOptions): Promise<SnapshotInfo>;
  /** Oldest first. @throws ERR_UNSUPPORTED (a database in memory). */
  listSnapshots(options?: CallOptions): Promise<SnapshotInfo[]>;
  /** Makes everything what a snapshot holds, in one transaction, for every handle and process that has the file open; nothing is
   *  closed. Reads go on meanwhile; writes wait. Graphs are linked anew in the background. Collections that the snapshot does not have are
   *  deleted; versions go on rising. Progress is in records. Resolves to the change version.
   *  @throws ERR_NOT_FOUND, ERR_CORRUPT (the snapshot or a record of it is damaged; nothing has changed), ERR_READ_ONLY, ERR_BUSY, ERR_IO,
   *          ERR_UNSUPPORTED (a database in memory; a newer format). */
  restoreSnapshot(name: string, options?: ProgressOptions & CallOptions): Promise<{ version: number }>;
  /** false if there is none of that name. @throws ERR_READ_ONLY, ERR_UNSUPPORTED (a database in memory), ERR_BUSY, ERR_IO. */
  deleteSnapshot(name: string, options?: CallOptions): Promise<boolean>;
  /** Deletes records that have expired, takes what was deleted out of graphs, rewrites the file and the index images, and empties the
   *  log: space comes back, and nothing of what was deleted is left in a file. Reads go on meanwhile; writes wait, for about a second
   *  a gigabyte, and so do those of other processes. Needs as much free disk space as the file is large. Progress is in stages.
   *  @throws ERR_READ_ONLY, ERR_BUSY (another process writes all the time), ERR_IO (no room). */
  compact(options?: ProgressOptions & CallOptions): Promise<CompactReport>;
  /**
   * All records of some collections, or of all, as a stream of UTF-8: a line of JSON each, with every field, vectors so that they read back
   * bit by bit (docs/file-format.md). Nothing is done before the stream is read, and no more than is read; what is wrong comes as its
   * error. A record that is there throughout comes exactly once, as it is when its turn comes; one that is added meanwhile does not.
   * @throws ERR_NOT_FOUND (no such collection), ERR_CORRUPT (a damaged record), ERR_CONFLICT (a snapshot was restored meanwhile), ERR_BUSY;
   *         ERR_CLOSED once the database was closed.
   */
  exportJsonl(options?: ExportOptions): import('node:stream').Readable;
  /**
   * Reads what exportJsonl wrote: collections that are not there are created, options of those that are must agree, and records keep
   * every field but their version. Written in transactions of about a megabyte: when it fails, what came before is imported, and the
   * error's `resumeAfter` tells how many lines that were; when the signal ends it, the last progress does. close() does not wait for it.
   * @param options.collections names of those to import; records of others are left out. Default: all.
   * @returns also how many `lines` were read.
   * @throws ERR_CORRUPT (a line is damaged, or the source was cut off, which the last line tells), ERR_INVALID_ARGUMENT (a record or
   *         option that is refused), both naming the line as an editor counts it: `line 3: record.vector`; ERR_ALREADY_EXISTS naming the
   *         line and the id; ERR_NOT_FOUND (the source has no such collection), ERR_UNSUPPORTED (a newer format); and what reading the
   *         source throws.
   */
  importJsonl(source: ImportSource, options?: ImportOptions & { collections?: readonly string[] }): Promise<ImportResult & { lines: number }>;
  /**
   * Reads episodes as AgentMemDB saves them: a document `{ dim, episodes }`, or one episode after the other. `id` becomes the id (one is
   * made where there is none), `state_embedding` the vector, `timestamp` both createdAt and updatedAt, and everything but id and
   * embedding (task_id, reward, metadata, steps, timestamp, tags, source, user_id) becomes metadata, as it is, null left out.
   * Otherwise like importJsonl, with `episode 3` for `line 3`.
   * @param options.collection where to: created, with the metric 'l2', if it is not there; if it is, `dimensions` must agree.
   * @returns also how many `episodes` were read.
   * @throws as importJsonl.
   */
  importAgentMemDB(source: ImportSource, options: ImportOptions & { collection: string }): Promise<ImportResult & { episodes: number }>;
  /** Reads the whole file, and compares with it what is in memory (ids, vectors, codes, graph, fields) and the index images: a few
   *  seconds for a million records. Reads and writes go on meanwhile. What is damaged is in the report and no error; progress is in
   *  records. Sync twin.
   *  @throws ERR_IO, ERR_BUSY. */
  verify(options?: ProgressOptions & CallOptions): Promise<VerifyReport>;
  verifySync(): VerifyReport;
  /** Sizes, versions, and the scheduler at work. Sync twin. */
  stats(options?: CallOptions): Promise<DatabaseStats>;
  statsSync(): DatabaseStats;
  /** 'change': something was committed, by this handle or seen by it; `version` is the change version now.
   *  'drain': after a call was refused with ERR_QUEUE_FULL, there is room again.
   *  @throws ERR_INVALID_ARGUMENT (another event, or no function). */
  on(event: 'change', listener: (change: { version: number }) => void): this;
  on(event: 'drain', listener: () => void): this;
  /** Like on(), for one event. */
  once(event: 'change', listener: (change: { version: number }) => void): this;
  once(event: 'drain', listener: () => void): this;
  /** Takes a listener off again. */
  off(event: 'change' | 'drain', listener: (...args: never[]) => void): this;
  /** Refuses new calls, waits for the accepted ones, and closes; the last handle on a path closes the file, and saves index images:
   *  about a second for 200,000 vectors of 384 dimensions. Closing again is allowed. Sync twin: does not wait for calls accepted
   *  before, which still finish, but saves where it is called. */
  close(): Promise<void>;
  closeSync(): void;
  /** The same as close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A named copy of the database. */
export interface SnapshotInfo {
  /** Unique in its database. */
  name: string;
  /** Ms since the epoch. */
  createdAt: number;
  /** Of its file. */
  bytes: number;
}

/** What compact() came to. */
export interface CompactReport {
  /** Whether nothing of what was deleted or replaced is in any file of the database, its snapshots aside. */
  erased: boolean;
  /** Why it is not: a reader of an older state, in another process for instance, keeps the log, or a file could not be
   *  removed. Call compact() again later. */
  why?: string;
  /** Of all files, its snapshots aside. */
  bytesBefore: number;
  /** The same, now. */
  bytesAfter: number;
  /** Names of snapshots: they hold what they held. */
  snapshots: string[];
}

/** Accepted by exportJsonl. `timeoutMs` counts for each part on its own. */
export interface ExportOptions extends CallOptions {
  /** Names of those to export. Default: all. */
  collections?: readonly string[];
  /** What happens to records that fail their check: 'error' ends the export with ERR_CORRUPT, 'skip' leaves them out. Default 'error'. */
  onDamaged?: 'error' | 'skip';
  /** Called for each part that was handed on: `done` records of the `total` there were at the beginning. Default: none. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** What an import reads: a readable stream, or any other iterable of chunks, which may end anywhere. Strings and Buffers themselves
 *  are not taken for one; put them into an array. */
export type ImportSource = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** Accepted by importJsonl and importAgentMemDB. */
export interface ImportOptions extends CallOptions {
  /** What happens to an id that is there already: 'error' rejects with ERR_ALREADY_EXISTS, 'replace' puts the imported record in its
   *  place, 'skip' leaves what is there. Default 'error'. */
  onConflict?: 'error' | 'replace' | 'skip';
  /** That many lines (or episodes) are read and not written again: `resumeAfter` of the error, or `done` of the last progress, of an
   *  import of the same source that did not end. 0..2^53 - 1, default 0. */
  resumeAfter?: number;
  /** Called after each transaction: lines (or episodes), and bytes, of which everything is written. Default: none. */
  onProgress?: (progress: { done: number; bytes: number }) => void;
}

/** What an import did, without what `resumeAfter` left out. */
export interface ImportResult {
  /** Names of the collections that records went to, or that were created, in the order of the source. */
  collections: string[];
  /** Records whose id was new. */
  inserted: number;
  /** Records that replaced another. */
  updated: number;
  /** Records left out by `onConflict: 'skip'`. */
  skipped: number;
}

/** What verify() found. */
export interface VerifyReport {
  /** Whether nothing differs. */
  ok: boolean;
  /** How many differences there are. */
  found: number;
  /** The first 1,000 of them. */
  differences: VerifyDifference[];
  /** What was looked at. */
  checked: {
    /** In the file, damaged ones included. */
    records: number;
    /** Of these, with a vector. */
    vectors: number;
    /** Of graphs, those of deleted vectors included. */
    nodes: number;
    /** Index images. */
    images: number;
  };
}

/** One thing that is not as it should be. */
export interface VerifyDifference {
  /** Where: 'file' the structure of the SQLite file; 'record' one that fails its check: delete it, upsert it, or restore a backup;
   *  'count' records have vanished: restore a backup; 'memory' what is in memory is not what the file holds, 'graph' links are wrong:
   *  reopen the database; 'image' an index image was damaged: nothing to do, it is not used. */
  part: 'file' | 'record' | 'count' | 'memory' | 'graph' | 'image';
  /** Its name. */
  collection?: string;
  /** Of the record. */
  id?: string;
  /** What is wrong. */
  message: string;
}

/** What a collection was created with. */
export interface CollectionInfo {
  /** Unique in its database. */
  name: string;
  /** Absent when it has no vectors. */
  dimensions?: number;
  /** Absent when it has no vectors. */
  metric?: Metric;
  /** Absent when it has no vectors. */
  hnsw?: Required<HnswOptions>;
  /** How its texts become words. Absent when it is the default. */
  text?: Required<TextOptions>;
  /** The share of vectors that calibrate() has chosen. Absent when it has not. */
  alpha?: number;
  /** What made its vectors. Absent when no embedder was given yet. */
  embedder?: {
    /** Its name. */
    model: string;
  };
  /** Absent when none is declared. Ascending. */
  indexes?: string[];
}

/** Records with an id, and optionally a vector, text and metadata of type TMeta. Made by Database. */
export class Collection<TMeta extends object = Metadata> {
  private constructor();
  /** Unique in its database. */
  readonly name: string;
  /** Length of every vector; undefined when it has no vectors. */
  readonly dimensions: number | undefined;
  /** undefined when it has no vectors. */
  readonly metric: Metric | undefined;
  /** Stores a new record. Resolves when it is durable and searchable. Sync twin. @throws ERR_ALREADY_EXISTS. */
  add(record: RecordInput<TMeta>, options?: CallOptions): Promise<WriteResult>;
  addSync(record: RecordInput<TMeta>): WriteResult;
  /** Stores a record, replacing one with the same id as a whole (createdAt stays). Sync twin. */
  upsert(record: RecordInput<TMeta>, options?: CallOptions): Promise<WriteResult>;
  upsertSync(record: RecordInput<TMeta>): WriteResult;
  /** Stores up to `maxBatch` new records, all or nothing. Sync twin.
   *  @throws ERR_ALREADY_EXISTS naming the id, ERR_LIMIT (more records, or more than 256 MiB). */
  addMany(records: readonly RecordInput<TMeta>[] | RecordColumns<TMeta>, options?: ProgressOptions & CallOptions): Promise<BulkResult>;
  addManySync(records: readonly RecordInput<TMeta>[] | RecordColumns<TMeta>): BulkResult;
  /** Stores or replaces up to `maxBatch` records, all or nothing; of equal ids the last wins. Sync twin.
   *  @throws ERR_LIMIT (more records, or more than 256 MiB). */
  upsertMany(records: readonly RecordInput<TMeta>[] | RecordColumns<TMeta>, options?: ConflictOptions & ProgressOptions & CallOptions): Promise<BulkResult>;
  upsertManySync(records: readonly RecordInput<TMeta>[] | RecordColumns<TMeta>, options?: ConflictOptions): BulkResult;
  /** Changes some fields of a record. Sync twin.
   *  @throws ERR_NOT_FOUND (no such record), ERR_CONFLICT (`ifVersion` is not its version). */
  patch(id: string, fields: RecordPatch<TMeta>, options?: VersionOptions & CallOptions): Promise<WriteResult>;
  patchSync(id: string, fields: RecordPatch<TMeta>, options?: VersionOptions): WriteResult;
  /** The record, or undefined. Sync twin. @param options.include default ['text', 'metadata'].
   *  @throws ERR_CORRUPT with the id if its bytes fail their check. */
  get(id: string, options?: { include?: readonly IncludeField[] } & CallOptions): Promise<StoredRecord<TMeta> | undefined>;
  getSync(id: string, options?: { include?: readonly IncludeField[] }): StoredRecord<TMeta> | undefined;
  /** Whether there is a record of that id. Sync twin. */
  has(id: string, options?: CallOptions): Promise<boolean>;
  hasSync(id: string): boolean;
  /** Deletes a record; resolves to whether there was one. Sync twin. @throws ERR_CONFLICT (`ifVersion` is not its version). */
  delete(id: string, options?: VersionOptions & CallOptions): Promise<boolean>;
  deleteSync(id: string, options?: VersionOptions): boolean;
  /** Deletes what matches, all or nothing; resolves to how many. `{}` matches everything. Sync twin.
   *  @throws ERR_INVALID_ARGUMENT (no filter, or a wrong one). */
  deleteWhere(filter: Filter<TMeta>, options?: CallOptions): Promise<number>;
  deleteWhereSync(filter: Filter<TMeta>): number;
  /** Records in the collection, or those that match. Sync twin. */
  count(filter?: Filter<TMeta>, options?: CallOptions): Promise<number>;
  countSync(filter?: Filter<TMeta>): number;
  /** One page of records, from one committed state. Sync twin. */
  find(query?: FindQuery<TMeta>): Promise<FindResult<TMeta>>;
  findSync(query?: Omit<FindQuery<TMeta>, keyof CallOptions>): FindResult<TMeta>;
  /** All records that match, page by page: each page is one committed state, and a record that is there throughout comes
   *  exactly once. */
  scan(query?: ScanQuery<TMeta>): AsyncGenerator<StoredRecord<TMeta>, void, undefined>;
  /** The records that fit best: by vector, by words, or by both. Sync twin, without an embedder and `rerank`.
   *  @throws ERR_INVALID_ARGUMENT (wrong length, a vector for a collection without vectors, unknown option). */
  search(query: SearchQuery<TMeta>): Promise<SearchResult<TMeta>>;
  searchSync(query: Omit<SearchQuery<TMeta>, 'rerank' | 'rerankK' | keyof CallOptions>): SearchResult<TMeta>;
  /** Many searches; results in the order of the queries, or with `fuse` one list of what all of them found. The first failure rejects the whole.
   *  Sync twin.
   *  @param options.concurrency searches in flight at once, 1..10,000, default 64; fewer where maxPending leaves no room for them. */
  searchMany(queries: ManyQueries<TMeta>, options: { concurrency?: number } & FuseOptions & CallOptions): Promise<FusedHit<TMeta>[]>;
  searchMany(queries: ManyQueries<TMeta>, options?: { concurrency?: number } & CallOptions): Promise<SearchResult<TMeta>[]>;
  searchManySync(queries: ManyQueries<TMeta>, options: FuseOptions): FusedHit<TMeta>[];
  searchManySync(queries: ManyQueries<TMeta>): SearchResult<TMeta>[];
  /** Chooses the share of vectors in hybrid search from 1..1,000 questions with known answers, best 20 to 30: of 0, 0.05, ... 1 that with the highest mean of
   *  nDCG@10 less 0.05 (alpha - 0.35)^2 * 10 / (queries + 5), so that few questions change little.
   *  @param options.store whether the collection keeps it, for every search without `alpha`, in the file. Default true.
   *  @throws ERR_INVALID_ARGUMENT (a collection without vectors; what is wrong with a query, by its place). */
  calibrate(queries: readonly JudgedQuery[], options?: { store?: boolean } & CallOptions): Promise<Calibration>;
  /** Resolves when everything committed before the call is linked in the graph. */
  indexed(options?: CallOptions): Promise<void>;
  /** Sizes, and the state of the graph. Sync twin. */
  stats(options?: CallOptions): Promise<CollectionStats>;
  statsSync(): CollectionStats;
}
