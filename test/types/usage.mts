// The same package from an ES module.

import { AgentMemError, Collection, Database, open, openSync } from 'agentmemdb';
import * as agentmemdb from 'agentmemdb';
import type { Metadata, SearchQuery } from 'agentmemdb';

interface Task extends Metadata {
  done: boolean;
}

const db: Database = await open(':memory:');
const tasks: Collection<Task> = await db.collection<Task>('tasks', { dimensions: 2 });
const query: SearchQuery = { vector: [1, 2] };
const done: boolean | undefined = (await tasks.search(query))[0]?.metadata?.done;
const same: typeof open = agentmemdb.open;
const isOurs: boolean = AgentMemError.isError(new Error('no'));
openSync(':memory:').closeSync();

// @ts-expect-error there is no default export
import missing from 'agentmemdb';
// @ts-expect-error no such export
import { Store } from 'agentmemdb';
// @ts-expect-error done is a boolean
await tasks.add({ metadata: { done: 'yes' } });

export { done, same, isOurs, missing, Store };
