// Filters typed by the metadata of a collection: what must compile, and what must not. Compiled by test/types.test.js, never run.

import type { Collection, Filter, Metadata } from 'agentmemdb';

interface Film {
  title: string;
  year: number;
  genre: 'drama' | 'comedy';
  seen?: Date;
  classic: boolean;
  tags: string[];
  cast: { name: string; age?: number }[];
  maker: { name: string; address: { city: string } | null };
  notes: unknown;
}

export const right: Filter<Film>[] = [
  {},
  { year: 1970 },
  { year: { $gte: 1970, $lt: 2000 } },
  { title: 'Rope', classic: true },
  { title: { $gt: 'R', $not: { $in: ['Rope'] } } },
  { genre: 'drama' },
  { genre: { $in: ['drama', null] } },
  { seen: { $lt: new Date() } },
  { seen: '2026-11-20T00:00:00.000Z' },
  { seen: null },
  { classic: { $exists: false } },
  // One element of an array, or all of it.
  { tags: 'old' },
  { tags: ['old', 'long'] },
  { tags: { $nin: ['old'] } },
  { 'tags.0': 'old' },
  { 'cast.name': 'Keir' },
  { 'cast.0.name': { $ne: 'Sean' } },
  { 'cast.age': { $gt: 30 } },
  { cast: { name: 'Keir', age: 32 } },
  { 'maker.address.city': 'Paris' },
  { maker: { name: 'Agnes', address: null } },
  // Nothing is known of this one.
  { notes: { any: ['thing'] } },
  { 'notes.any.0': { $exists: true } },
  { $and: [{ year: 1970 }, { $or: [{ title: 'Rope' }, { tags: 'old' }] }], $nor: [{ classic: true }], $not: { genre: 'comedy' } },
  { tags: { $all: ['old', 'long'] } },
  { tags: { $contains: 'old' } },
  { tags: { $elemMatch: { $startsWith: 'o', $ne: 'old' } } },
  { cast: { $elemMatch: { name: 'Keir', age: { $gte: 30 } } } },
  { cast: { $all: [{ $elemMatch: { name: 'Keir' } }, { $elemMatch: { name: 'Sean' } }] } },
  { title: { $regex: '^r', $options: 'i', $contains: 'op', $startsWith: 'R' } },
  "title LIKE 'R%' AND year >= 1970",
  { $id: { $in: ['a', 'b'] }, $createdAt: { $gt: Date.now() }, $updatedAt: new Date(), $expiresAt: null, $version: { $lte: 5 } },
];

// @ts-expect-error the string form is all of a filter, not a part
export const textInside: Filter<Film> = { $and: ['year = 1970'] };
// @ts-expect-error a text
export const wrongPattern: Filter<Film> = { title: { $regex: 5 } };
// @ts-expect-error no such field
export const noField: Filter<Film> = { yeer: 1970 };
// @ts-expect-error no such field in an element
export const noFieldInElement: Filter<Film> = { 'cast.nam': 'Keir' };
// @ts-expect-error no such field below
export const noFieldBelow: Filter<Film> = { 'maker.address.town': 'Paris' };
// @ts-expect-error no such field, in a part
export const noFieldInPart: Filter<Film> = { $and: [{ $or: [{ yeer: 1970 }] }] };
// @ts-expect-error a number
export const wrongValue: Filter<Film> = { year: '1970' };
// @ts-expect-error a number, at a path
export const wrongValueAtPath: Filter<Film> = { 'cast.age': '30' };
// @ts-expect-error not one of the values
export const notOneOf: Filter<Film> = { genre: 'horror' };
// @ts-expect-error no string is greater than a number
export const wrongBound: Filter<Film> = { year: { $gte: '1970' } };
// @ts-expect-error no element of that type
export const wrongElement: Filter<Film> = { tags: 5 };
// @ts-expect-error nothing comes after an object
export const boundOfObject: Filter<Film> = { maker: { $gt: 5 } };
// @ts-expect-error no such operator
export const noOperator: Filter<Film> = { year: { $gtt: 1970 } };
// @ts-expect-error no such operator at the top
export const noOperatorAtTop: Filter<Film> = { $xor: [] };
// @ts-expect-error a list is needed
export const noList: Filter<Film> = { year: { $in: 1970 } };
// @ts-expect-error a list of filters is needed
export const noListOfFilters: Filter<Film> = { $or: { year: 1970 } };
// @ts-expect-error a boolean is needed
export const noBoolean: Filter<Film> = { year: { $exists: 1 } };
// @ts-expect-error ids are strings
export const wrongId: Filter<Film> = { $id: 5 };

// Without a type, any path and any value go; the grammar is still checked.
export const untyped: Filter[] = [{ anything: 5, 'a.b.c': { $gt: 3, $lt: 'x' }, $or: [{ x: null }], $id: 'a' }];
// @ts-expect-error a list of filters is needed
export const untypedList: Filter = { $or: 5 };
// @ts-expect-error versions are numbers
export const untypedVersion: Filter = { $version: 'x' };

// With an index signature, what is named is checked, and the rest goes.
interface Task extends Metadata {
  done: boolean;
}
export const loose: Filter<Task>[] = [{ done: true, other: 5, 'a.b': { $in: [1, 'x'] } }];
// @ts-expect-error a boolean
export const looseValue: Filter<Task> = { done: 'yes' };

// Types that contain themselves are named five levels deep.
interface Tree {
  value: number;
  children: Tree[];
}
export const deep: Filter<Tree>[] = [{ 'children.children.value': 5 }, { 'children.children.children.children.children.children.value': 5 }];
// @ts-expect-error no such field
export const notInTree: Filter<Tree> = { 'children.size': 5 };

export async function methods(films: Collection<Film>, anything: Collection): Promise<void> {
  await films.count({ year: 1970 });
  await films.deleteWhere({ 'cast.name': 'Sean' });
  films.findSync({ filter: { classic: true } });
  for await (const { metadata } of films.scan({ filter: { tags: 'old' } })) void metadata?.title.length;
  await films.search({ vector: [1], filter: { $and: [{ year: { $gt: 1960 } }, { genre: 'drama' }] } });
  await films.searchMany({ vectors: new Float32Array(4), filter: { year: 1970 } }, { concurrency: 2 });
  await anything.count({ whatever: ['there', { is: 1 }] });

  // @ts-expect-error no such field
  await films.count({ yeer: 1970 });
  // @ts-expect-error a filter is needed
  await films.deleteWhere();
  // @ts-expect-error a number
  await films.search({ vector: [1], filter: { year: 'x' } });
  // @ts-expect-error not one of the values
  films.searchManySync([{ vector: [1], filter: { genre: 'horror' } }]);
}

/** For code that knows nothing of the metadata. */
export function countAll<TMeta extends object>(collection: Collection<TMeta>, filter: Filter<TMeta>): Promise<number> {
  return collection.count(filter);
}

export function asPlain(tasks: Collection<Task>, films: Collection<Film>): [Collection, Collection<any>] {
  return [tasks, films];
}
