// The same from an ES module.

import { openaiEmbedder } from 'agentmemdb/embedders';

openaiEmbedder({ model: 'm', dimensions: 3 });
// @ts-expect-error there is no default export
import missing from 'agentmemdb/embedders';

export { missing };
