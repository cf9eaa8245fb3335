import agentmemdb from './index.js';

export const { open, openSync, Database, Collection, AgentMemError } = agentmemdb;
