// How embedders are meant to be used, from CommonJS.

import { open } from 'agentmemdb';
import type { Embedder } from 'agentmemdb';
import { aiSdkEmbedder, openaiEmbedder } from 'agentmemdb/embedders';

class Letters implements Embedder {
  readonly model = 'letters';
  readonly dimensions = 26;
  readonly retries = 1;
  async embed(texts: string[], { signal }: { signal: AbortSignal }): Promise<Float32Array> {
    signal.throwIfAborted();
    return new Float32Array(26 * texts.length);
  }
}

export async function use(): Promise<void> {
  const db = await open('memory.db', { embedder: new Letters() });
  const own = openaiEmbedder({ model: 'm', dimensions: 3, apiKey: 'k', maxBatch: 10, cache: new Map<string, string>() as never });
  const notes = await db.collection('notes', { embedder: own });
  await db.collection('plain', { embedder: null });
  await db.collection('numbers', { embedder: { model: 'm', dimensions: 2, embed: async (texts) => texts.map((text) => [text.length, 1]) } });
  await notes.add({ text: 'a', vector: null });
  await notes.search({ text: 'a' });
  await notes.searchMany([{ text: 'a' }, { vector: [1, 2, 3] }]);
  const model: string | undefined = (await db.listCollections())[0]?.embedder?.model;
  const doEmbed = async ({ values }: { values: string[] }) => ({ embeddings: values.map(() => [1, 2]), usage: { tokens: 1 } });
  aiSdkEmbedder({ specificationVersion: 'v3', modelId: 'm', maxEmbeddingsPerCall: undefined, supportsParallelCalls: true, doEmbed }, { dimensions: 2 });
  void model;

  // @ts-expect-error it needs a model
  await open('x', { embedder: { dimensions: 2, embed: async () => [] } });
  // @ts-expect-error it must give vectors
  await open('x', { embedder: { model: 'm', dimensions: 2, embed: async () => ['a'] } });
  // @ts-expect-error the length must be known
  openaiEmbedder({ model: 'm' });
  // @ts-expect-error not an option
  openaiEmbedder({ model: 'm', dimensions: 2, url: 'x' });
  // @ts-expect-error a name is no model
  aiSdkEmbedder('openai/m', { dimensions: 2 });
}
