'use strict';

// The one error class: its codes, its members, its stack, and telling it from others across copies and realms.

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const ts = require('typescript');

const native = require('../lib/native');
const { AgentMemError, errorOf, open, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();
const ROOT = path.join(__dirname, '..');

describe('the codes', () => {
  const codes = native.errorCodes.map((each) => each.code);

  test('of the addon are exactly those of ErrorCode in index.d.ts, in the same order', () => {
    const file = path.join(ROOT, 'index.d.ts');
    const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const union = source.statements.find((each) => ts.isTypeAliasDeclaration(each) && each.name.text === 'ErrorCode');
    expect(codes).toEqual(union.type.types.map((each) => each.literal.text));
  });

  test('are all explained in docs/errors.md, and no others', () => {
    const text = fs.readFileSync(path.join(ROOT, 'docs', 'errors.md'), 'utf8');
    expect([...new Set(text.match(/\bERR_[A-Z_]+\b/g))].sort()).toEqual([...codes].sort());
  });

  test('each have a meaning of one sentence', () => {
    for (const { meaning } of native.errorCodes) expect(meaning).toMatch(/^[A-Z].*\.$/);
  });
});

describe('an error', () => {
  test('names the method in its message, and the argument', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    const error = await errorOf(c.search({ vector: [1, 2], k: 0 }));
    expect(error).toBeInstanceOf(AgentMemError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'AgentMemError', code: 'ERR_INVALID_ARGUMENT', argument: 'query.k' });
    expect(error.message).toMatch(/^Collection\.search\(\): query\.k .*0/);
    expect(`${error}`).toBe(`AgentMemError: ${error.message}`);
  });

  test('has the members that index.d.ts promises, and only those that apply', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    await c.add({ id: 'a' });
    expect(Object.keys(await errorOf(c.add({ id: 'a' }))).sort()).toEqual(['argument', 'code', 'id']);
    expect(Object.keys(await errorOf(c.add({ id: '' }))).sort()).toEqual(['argument', 'code']);
    const folder = databases.folder();
    expect(await errorOf(open(folder))).toMatchObject({ code: 'ERR_IO', path: fs.realpathSync(folder) });
    await db.close();
    expect(Object.keys(await errorOf(c.count()))).toEqual(['code']);
  });

  test('that an asynchronous call rejects with has the line of the call in its stack', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    await c.add({ id: 'a' });
    const calls = {
      refusedHere: async () => await c.add({ id: 5 }),
      refusedByTheAddon: async () => await c.search({ vector: [1, 2], k: 0 }),
      refusedByTheEngine: async () => await c.add({ id: 'a' }),
      refusedInBulk: async () => await c.addMany([{ id: 'b' }, { id: 'a' }]),
      refusedByTheDatabase: async () => await db.createCollection('c'),
    };
    for (const call of Object.values(calls)) {
      const { stack } = await errorOf(call);
      expect(stack).toContain(__filename);
    }
  });

  test('that a sync twin throws has the line of the call in its stack', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    await c.add({ id: 'a' });
    for (const call of [() => c.addSync({ id: 5 }), () => c.addSync({ id: 'a' }), () => c.searchSync({ vector: [1, 2], ef: 0 })]) {
      const { stack } = thrownBy(call);
      expect(stack.split('\n').slice(0, 8).join('\n')).toContain(__filename);
    }
  });

  test('each call has an error of its own, also when one transaction carried them', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    await c.add({ id: 'a' });
    const [first, second] = await Promise.all([errorOf(c.add({ id: 'a' })), errorOf(c.add({ id: 'a' }))]);
    expect(first).not.toBe(second);
    expect(first.code).toBe(second.code);
  });
});

describe('isError', () => {
  test('tells our errors from everything else', async () => {
    const db = await databases.open();
    expect(AgentMemError.isError(await errorOf(db.getCollection('none')))).toBe(true);
    const others = [undefined, null, 0, '', 'ERR_IO', Symbol('s'), {}, [], () => 1, new Error('x'), Object.assign(new Error('x'), { code: 'ERR_IO' })];
    for (const other of others) expect(AgentMemError.isError(other)).toBe(false);
  });

  test('knows the errors of another copy of the package, whose class is another', async () => {
    let copy;
    jest.isolateModules(() => {
      copy = require('../lib');
    });
    expect(copy.AgentMemError).not.toBe(AgentMemError);
    const error = await errorOf(copy.open(''));
    expect(error instanceof AgentMemError).toBe(false);
    expect(AgentMemError.isError(error)).toBe(true);
    expect(copy.AgentMemError.isError(await errorOf(open('')))).toBe(true);
  });

  test('knows our errors in another realm', async () => {
    const error = await errorOf(open(''));
    const look = vm.runInNewContext('(error, isError) => [error instanceof Error, error.code, isError(error)]');
    expect([...look(error, AgentMemError.isError)]).toEqual([false, 'ERR_INVALID_ARGUMENT', true]);
  });
});

test('values of another realm are taken like our own', async () => {
  const db = await databases.open();
  const c = await db.collection('c', vm.runInNewContext('({ dimensions: 2, metric: "l2", hnsw: { M: 8 } })'));
  const record = vm.runInNewContext('({ id: "a", vector: new Float32Array([1, 2]), metadata: { list: [1, { at: new Date(0) }] } })');
  await c.add(record);
  await c.addMany(vm.runInNewContext('[{ id: "b", vector: [3, 4] }]'));
  await c.addMany(vm.runInNewContext('({ ids: ["c"], vectors: new Float32Array([5, 6]), texts: ["x"] })'));
  const hits = await c.search(vm.runInNewContext('({ vector: [1, 2], include: ["metadata"] })'));
  expect(hits.map((hit) => hit.id)).toEqual(['a', 'b', 'c']);
  expect(hits[0].metadata).toEqual({ list: [1, { at: '1970-01-01T00:00:00.000Z' }] });
});
