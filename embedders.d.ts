// agentmemdb/embedders: embedders for what others offer. They need no other package.

import type { Embedder } from './index.js';

/** What both take beside their own: see Embedder. */
export type EmbedderTuning = Pick<Embedder, 'maxBatch' | 'maxConcurrency' | 'retries' | 'retryDelayMs' | 'maxCacheBytes' | 'cache'>;

/** Accepted by openaiEmbedder(). */
export interface OpenAIEmbedderOptions extends EmbedderTuning {
  /** The name of the model, as the endpoint knows it. */
  model: string;
  /** Length of the model's vectors. */
  dimensions: number;
  /** Sends `dimensions` with each request, for models that can shorten their vectors. Default false. */
  sendDimensions?: boolean;
  /** Of the API (`https://host/v1`), or of the endpoint itself (`https://host/v1/embeddings`). Default: OpenAI's. */
  baseURL?: string;
  /** Sent as a bearer token; never part of a message. Default: none is sent. */
  apiKey?: string;
  /** Sent with each request. Default: none. */
  headers?: Record<string, string>;
  /** For one request; then it fails, and is made again as `retries` allows. 1..2^31-1 ms, default 60,000. */
  requestTimeoutMs?: number;
  /** Used instead of the global one. Default: that one. */
  fetch?: typeof fetch;
}

/** An embedder for any endpoint that speaks the OpenAI embeddings API. @throws AgentMemError ERR_INVALID_ARGUMENT. */
export function openaiEmbedder(options: OpenAIEmbedderOptions): Embedder;

/** What there is of an embedding model of the AI SDK in its versions 2, 3 and 4. */
export interface AiSdkEmbeddingModel {
  /** 'v2', 'v3' or 'v4'. */
  readonly specificationVersion: string;
  /** The name of the model. */
  readonly modelId: string;
  /** Texts of one call. */
  readonly maxEmbeddingsPerCall: PromiseLike<number | undefined> | number | undefined;
  /** Whether there may be several calls at once. */
  readonly supportsParallelCalls: PromiseLike<boolean> | boolean;
  /** Embeds texts. */
  doEmbed(options: any): PromiseLike<{ embeddings: number[][] }>;
}

/** Accepted by aiSdkEmbedder(). */
export interface AiSdkEmbedderOptions extends EmbedderTuning {
  /** Length of the model's vectors. */
  dimensions: number;
  /** What the collection remembers as its model. Default: the model's `modelId`. */
  name?: string;
  /** Passed to doEmbed. Default: none. */
  headers?: Record<string, string>;
  /** Passed to doEmbed. Default: none. */
  providerOptions?: Record<string, Record<string, unknown>>;
}

/** An embedder for an embedding model of the AI SDK, which is called directly. @throws AgentMemError ERR_INVALID_ARGUMENT. */
export function aiSdkEmbedder(model: AiSdkEmbeddingModel, options: AiSdkEmbedderOptions): Embedder;
