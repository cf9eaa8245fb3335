'use strict';

// Index images as users meet them: a graph that is there at once after reopening, and is never missed.

const fs = require('node:fs');
const path = require('node:path');

const { clusteredVectors, rowOf, asNobody, seeded, useDatabases } = require('./support/database');

const databases = useDatabases();
const DIMENSIONS = 16;
const COUNT = 1500;
const ids = Array.from({ length: COUNT }, (_, i) => `r${i}`);

const imagesOf = (file) => (fs.existsSync(`${file}-index`) ? fs.readdirSync(`${file}-index`).filter((name) => name.endsWith('.image')) : []);

/** A closed database whose collection 'c' has a graph and an image. Returns its vectors. */
async function make(file, random) {
  const vectors = clusteredVectors(random, COUNT, DIMENSIONS);
  const db = await databases.open(file);
  const c = await db.collection('c', { dimensions: DIMENSIONS, metric: 'l2', hnsw: { minSize: 0 } });
  await c.addMany({ ids, vectors });
  await c.indexed();
  expect((await c.stats()).index.image).toBeUndefined();
  await db.close();
  return vectors;
}

test(
  'a database that was closed has its graph at once when it is opened again, with the same answers',
  seeded(async (random) => {
    const file = databases.file();
    const vectors = await make(file, random);
    for (const open of [databases.open, databases.openSync]) {
      const db = await open(file);
      const c = await db.collection('c');
      const hits = await c.search({ vector: rowOf(vectors, DIMENSIONS, 7), k: 1, explain: true });
      expect(hits[0]).toMatchObject({ id: 'r7', distance: 0 });
      expect(hits.explain).toMatchObject({ strategy: 'hnsw', scanned: 0 });
      const { index } = await c.stats();
      expect(index).toMatchObject({ linked: COUNT, tail: 0, deleted: 0, image: { version: (await db.stats()).changeVersion } });
      const files = fs.readdirSync(`${file}-index`).map((name) => fs.statSync(path.join(`${file}-index`, name)).size);
      expect(index.image.bytes).toBe(files.reduce((sum, bytes) => sum + bytes));
      db.closeSync();
    }
  }),
);

test(
  'closeSync saves where it is called, and what was written later is found beside an older image',
  seeded(async (random) => {
    const file = databases.file();
    await make(file, random);
    const [first] = imagesOf(file);
    const db = databases.openSync(file);
    const c = db.collectionSync('c');
    c.addSync({ id: 'new', vector: new Float32Array(DIMENSIONS).fill(9) });
    c.deleteSync('r3');
    db.closeSync();
    const [second, ...others] = imagesOf(file);
    expect(others).toEqual([]);
    expect(second).not.toBe(first);

    fs.rmSync(`${file}-index`, { recursive: true });
    const again = await (await databases.open(file)).collection('c');
    expect((await again.stats()).index.image).toBeUndefined();
    expect((await again.search({ vector: new Float32Array(DIMENSIONS).fill(9), k: 1 }))[0].id).toBe('new');
    expect(await again.has('r3')).toBe(false);
  }),
);

test(
  'a reader who may not write reads the image',
  seeded(async (random) => {
    const folder = databases.folder();
    const file = path.join(folder, 'memory.db');
    await make(file, random);
    const before = fs.readdirSync(`${file}-index`);
    fs.chmodSync(folder, 0o555);
    const printed = asNobody(`
      const { openSync } = require(${JSON.stringify(path.join(__dirname, '..'))});
      const db = openSync(${JSON.stringify(file)}, { readOnly: true });
      const { linked, tail, image } = db.collectionSync('c').statsSync().index;
      console.log(linked, tail, typeof image.bytes);
      db.closeSync();`);
    fs.chmodSync(folder, 0o755);
    expect(printed).toBe(`${COUNT} 0 number`);
    expect(fs.readdirSync(`${file}-index`)).toEqual(before);
  }),
);

test(
  'a damaged image is built anew, and nobody is told',
  seeded(async (random) => {
    const file = databases.file();
    const vectors = await make(file, random);
    for (const ending of ['.image', '.f32']) {
      const image = path.join(`${file}-index`, fs.readdirSync(`${file}-index`).find((name) => name.endsWith(ending)));
      const bytes = fs.readFileSync(image);
      for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 50)) bytes[at] ^= 0x10;
      fs.writeFileSync(image, bytes);
      const db = await databases.open(file);
      const c = await db.collection('c');
      expect((await c.search({ vector: rowOf(vectors, DIMENSIONS, 11), k: 1 }))[0]).toMatchObject({ id: 'r11', distance: 0 });
      expect((await c.stats()).index.image).toBeUndefined();
      expect(await c.count()).toBe(COUNT);
      await c.indexed();
      await db.close();
    }
  }),
);

test('dropping a collection, and saving again, removes its image', async () => {
  const file = databases.file();
  const db = await databases.open(file);
  for (const name of ['a', 'b']) {
    const c = await db.collection(name, { dimensions: 2, hnsw: { minSize: 0 } });
    await c.addMany({ vectors: Float32Array.from({ length: 100 }, (_, i) => Math.sin(i)) });
    await c.indexed();
  }
  await db.close();
  expect(imagesOf(file).length).toBe(2);
  const again = await databases.open(file);
  await again.deleteCollection('a');
  await again.close();
  await (await databases.open(file)).close(); // Opening removes what is foreign.
  expect(imagesOf(file).length).toBe(1);
});
