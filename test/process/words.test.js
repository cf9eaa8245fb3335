'use strict';

// Two processes: what one writes, the other finds by its words in its next search.

const { open } = require('agentmemdb');
const { startPeer, useFolder } = require('./children');

const folder = useFolder();

test('what one process writes, replaces and deletes, the other finds by words at once, and the other way round', async () => {
  const file = folder.file('words.db');
  const db = await open(file);
  const texts = await db.collection('texts');
  const peer = startPeer('words.js', [file]);
  await peer.ready;
  const find = async (text) => (await texts.search({ text, typos: false, include: [] })).map(({ id }) => id);

  for (let i = 0; i < 50; i++) {
    await peer.ask('write', { id: `theirs${i}`, text: `word${i} shared` });
    expect(await find(`word${i}`)).toEqual([`theirs${i}`]);
    await texts.add({ id: `ours${i}`, text: `token${i} shared` });
    expect(await peer.ask('find', `token${i}`)).toEqual([`ours${i}`]);
  }
  await peer.ask('write', { id: 'ours0', text: 'replaced' });
  expect([await find('replaced'), await find('token0')]).toEqual([['ours0'], []]);
  await texts.delete('theirs0');
  expect(await peer.ask('find', 'word0')).toEqual([]);
  expect(await peer.ask('find', 'replaced')).toEqual(['ours0']);
  await peer.ask('remove', 'ours0');
  expect(await find('replaced')).toEqual([]);

  // Both count the same texts: their scores agree.
  const [ours] = await texts.search({ text: 'shared', k: 1 });
  await peer.ask('close');
  await peer.ended;
  await db.close();
  const again = await open(file);
  expect((await (await again.collection('texts')).search({ text: 'shared', k: 1 }))[0]).toEqual(ours);
  await again.close();
});
