import embedders from './embedders.js';

export const { openaiEmbedder, aiSdkEmbedder } = embedders;
