'use strict';

// What a run found, as text for people. Everything here reads the object that --json writes, and changes nothing.

const LOOP_COLUMNS = ['loop max ms', 'x idle', 'p99 ms', 'x idle'];

function header({ machine, options, engines }) {
  const { n, dim, metric, queries, k, seed, rounds, M, efConstruction } = options;
  const { cpu, cores, memoryGiB, system, loadAverage, node, commit, date } = machine;
  const versions = engines.map((engine) => `${engine.name} ${engine.version ?? '(not loaded)'}`);
  const lines = [
    `agentmemdb bench of ${date}, commit ${commit}`,
    `data       ${n} x ${dim}, ${metric}, ${queries} queries, k ${k}, seed ${seed}`,
    `graphs     M ${M}, efConstruction ${efConstruction}; ef the smallest that reaches the recall asked for`,
    `machine    ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, load average ${loadAverage.toFixed(1)} before`,
    `software   node ${node}, ${versions.join(', ')}`,
    `method     one process per engine, one at work at a time; order rotated each round; medians over ${rounds} rounds`,
    'memory     of the process, after building and 200 searches less before, both times garbage collected',
    'x idle     lateness of a 1 ms timer of the event loop, against the same loop doing nothing just before',
  ];
  if (machine.filesInMemory) {
    lines.push('caution    files are on tmpfs, where a sync costs nothing: give --dir a folder on a disk');
  }
  return lines.join('\n');
}

function failures({ engines }) {
  const failed = engines.filter((engine) => engine.failed);
  return failed.map((engine) => `${engine.name}: left out, ${engine.failed}`).join('\n');
}

function buildTable({ engines }) {
  const columns = ['build', 'load rows/s', 'built vec/s', 'CPU s', ...LOOP_COLUMNS, 'RssAnon B/vec', 'file B/vec'];
  const rows = built(engines).map(({ name, build }) => [
    name,
    whole(build.loadPerSecond),
    whole(build.builtPerSecond),
    fixed(build.processCpuMs / 1000, 1),
    ...loopCells(build.loop),
    whole(build.bytesPerVector.anon),
    whole(build.bytesPerVector.file),
  ]);
  const notes = [
    'load: rows written and searchable (ours: durable too); built: vectors in the graph, first row to last link',
    ...built(engines).map(({ name, build }) => `${name}: ${build.settings}`),
  ];
  return table(columns, rows) + notes.map((note) => `\n  ${note}`).join('');
}

function sequentialTable({ engines }, target) {
  const first = `recall >= ${target}, one by one`;
  const columns = [first, 'ef', 'recall', 'QPS', 'p50 us', 'p99 us', 'CPU us', 'loop CPU us'];
  const rows = built(engines).map((engine) => {
    const found = engine.targets[target];
    if (!found) return [engine.name, 'never'];
    const { qps, p50, p99, processCpuMicros, loopCpuMicros } = found.sequential ?? {};
    const speeds = [qps, p50, p99, processCpuMicros, loopCpuMicros].map(whole);
    return [engine.name, found.ef, fixed(found.recall, 4), ...speeds];
  });
  return table(columns, rows);
}

function concurrentTable({ engines, options }, target) {
  const first = `recall >= ${target}, ${options.inFlight} in flight`;
  const columns = [first, 'recall', 'QPS', 'p50 us', 'p99 us', ...LOOP_COLUMNS];
  const rows = built(engines).map((engine) => {
    const found = engine.targets[target];
    if (!found) return [engine.name, 'never'];
    const { qps, p50, p99, loop } = found.concurrent ?? {};
    return [engine.name, fixed(found.recall, 4), whole(qps), whole(p50), whole(p99), ...loopCells(loop ?? {})];
  });
  return table(columns, rows);
}

/** Ours beside the best peer, each quantity with its own best; larger is better in the last column of every row. */
function ratioTable(results) {
  const ours = results.engines.find((engine) => engine.name === 'ours');
  if (!ours || ours.failed) return 'ours against the best peer: ours was not measured';
  const peers = results.engines.filter((engine) => engine !== ours && !engine.failed);
  const rows = quantities(results.options).map(([label, read, largerIsBetter]) => {
    const mine = read(ours);
    const best = bestOf(peers, read, largerIsBetter);
    if (!(mine > 0) || !best) return [label, whole(mine), best ? whole(best.value) : '-', best?.name ?? '-', '-'];
    const ratio = largerIsBetter ? mine / best.value : best.value / mine;
    return [label, whole(mine), whole(best.value), best.name, `${ratio.toFixed(2)}x`];
  });
  return table(['ours against the best peer', 'ours', 'best peer', 'which', 'ours is better by'], rows);
}

function quantities({ targets, inFlight }) {
  const perTarget = targets.flatMap((target) => [
    [`QPS one by one, recall ${target}`, (engine) => engine.targets?.[target]?.sequential?.qps, true],
    [`p50 us one by one, recall ${target}`, (engine) => engine.targets?.[target]?.sequential?.p50, false],
    [`p99 us one by one, recall ${target}`, (engine) => engine.targets?.[target]?.sequential?.p99, false],
    [`QPS ${inFlight} in flight, recall ${target}`, (engine) => engine.targets?.[target]?.concurrent?.qps, true],
  ]);
  return [
    ['load rows/s', (engine) => engine.build?.loadPerSecond, true],
    ['built vectors/s', (engine) => engine.build?.builtPerSecond, true],
    ['RssAnon bytes per vector', (engine) => engine.build?.bytesPerVector.anon, false],
    ...perTarget,
  ];
}

function bestOf(peers, read, largerIsBetter) {
  const values = peers.map((peer) => ({ name: peer.name, value: read(peer) }));
  const known = values.filter(({ value }) => value > 0);
  return known.sort((a, b) => (largerIsBetter ? b.value - a.value : a.value - b.value))[0];
}

function factLines({ engines }) {
  const told = engines.flatMap(({ name, facts }) => Object.entries(facts ?? {}).map((fact) => [name, ...fact]));
  return told.map(([name, what, value]) => `${name}: ${what}: ${value ?? '-'}`).join('\n');
}

function report(results) {
  const { targets } = results.options;
  const searches = targets.flatMap((target) => [sequentialTable(results, target), concurrentTable(results, target)]);
  const parts = [header(results), failures(results), buildTable(results), ...searches, ratioTable(results)];
  return [...parts, factLines(results)].filter((part) => part !== '').join('\n\n');
}

function built(engines) {
  return engines.filter((engine) => engine.build && !engine.failed);
}

function loopCells({ maxMs, maxRatio, p99Ms, p99Ratio }) {
  return [fixed(maxMs, 1), fixed(maxRatio, 1), fixed(p99Ms, 1), fixed(p99Ratio, 1)];
}

function whole(number) {
  return Number.isFinite(number) ? String(Math.round(number)) : '-';
}

function fixed(number, digits) {
  return Number.isFinite(number) ? number.toFixed(digits) : '-';
}

/** The first column to the left, all others to the right; a short row is filled up. */
function table(columns, rows) {
  const lines = [columns, ...rows].map((cells) => columns.map((_, i) => String(cells[i] ?? '')));
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i].length)));
  const pad = (cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  const text = lines.map((cells) => cells.map(pad).join('  ').trimEnd());
  return [text[0], '-'.repeat(text[0].length), ...text.slice(1)].join('\n');
}

module.exports = { report };
