/** What did not go straight in: late, twice, rejected and ahead, with reasons, over time and by source. */
import { change, stateOf } from '../app/state.js';
import { ask } from '../data/api.js';
import { catalogue } from '../data/catalogue.js';
import { name as quotedName } from '../data/nql.js';
import { drawChart } from '../parts/chart.js';
import { css } from '../parts/colors.js';
import { count, moment, text } from '../parts/columns.js';
import { fill, h } from '../parts/dom.js';
import { showEntry } from '../parts/entry.js';
import { number } from '../parts/format.js';
import { dataTable } from '../parts/table.js';
import { choice, failed, latestOnly, section, selection, tag, waiting } from '../parts/words.js';

export const usesRange = false;
export const title = () => 'Ledger';

const kinds = [
  { key: 'rejected', name: 'Rejected', show: 'SHOW REJECTED', tone: 'bad', color: '--bad' },
  { key: 'late', name: 'Late', show: 'SHOW LATE', tone: 'warn', color: '--warn' },
  { key: 'duplicate', name: 'Twice', show: 'SHOW DUPLICATES', tone: '', color: '--series-1' },
  { key: 'ahead', name: 'Ahead', show: 'SHOW AHEAD', tone: '', color: '--series-4' },
];
/** The newest of each kind; the language asks for others. */
const most = 2000;

export function open(root) {
  const totals = h('div.totals');
  const controls = h('div.controls');
  const body = h('div.view', waiting());
  root.append(totals, controls, body);
  const lately = latestOnly();
  let drawn = null;

  async function load() {
    drawTotals(totals);
    drawControls(controls);
    const stream = stateOf('stream');
    const wanted = kinds.filter(({ key }) => stateOf('kind') === null || stateOf('kind') === key);
    try {
      await lately(async (signal, isOver) => {
        const answers = await Promise.all(
          wanted.map(({ show }) =>
            ask(`${show}${stream ? ` FROM ${quotedName(stream)}` : ''} ORDER BY received DESC LIMIT ${most}`, {
              signal,
            }),
          ),
        );
        if (isOver()) return;
        drawn = answers.flatMap((answer, index) => answer.rows.map(row => entryOf(answer, row, wanted[index])));
        drawn.sort((one, other) => other.receivedMs - one.receivedMs);
        draw(
          body,
          drawn,
          answers.some(({ rows }) => rows.length === most),
        );
      });
    } catch (problem) {
      fill(body, failed(problem, load));
    }
  }

  load();
  return {
    update(reason) {
      if (reason !== 'theme') return load();
      if (drawn) draw(body, drawn, false);
    },
    close: () => lately(() => {}),
  };
}

function entryOf({ columns }, row, kind) {
  const of = Object.fromEntries(columns.map(({ name }, index) => [name, row[index]]));
  return { ...of, kind, receivedMs: Date.parse(of.received), short: of.source.split('/').pop() || of.source };
}

function drawTotals(root) {
  const sum = field => catalogue.streams.reduce((all, stream) => all + (stream[field] ?? 0), 0);
  const total = (name, count, tone) =>
    h('div.total', h('div', { class: `figure ${count ? tone : ''}` }, number(count, 0)), h('div.card-of', name));
  fill(
    root,
    total('events', sum('events'), ''),
    total('rejected', sum('rejected'), 'bad-text'),
    total('late', sum('late'), 'warn-text'),
    total('came twice', sum('duplicates'), ''),
  );
}

function drawControls(root) {
  fill(
    root,
    choice(
      'Kind',
      [{ key: '', name: 'All' }, ...kinds.map(({ key, name }) => ({ key, name }))],
      stateOf('kind', ''),
      key => change({ kind: key || null }),
    ),
    selection(
      'Stream',
      [{ key: '', name: 'all' }, ...catalogue.streams.map(({ name }) => ({ key: name, name }))],
      stateOf('stream', ''),
      key => change({ stream: key || null }),
    ),
  );
}

function draw(root, entries, isCut) {
  if (!entries.length) return fill(root, h('p.empty.good', 'Nothing was rejected, late, ahead or came twice.'));
  const plot = root.querySelector('.plot') ?? h('div.plot');
  fill(
    root,
    h(
      'div.panel',
      h(
        'div.legend',
        kinds.map(({ name, color }) => h('span.key', h('i.bars', { style: { color: css(color) } }), name)),
        h('span.quiet.small', 'by when they came'),
      ),
      plot,
    ),
    section(
      'By source',
      dataTable({
        label: 'By source',
        before: root,
        rows: bySource(entries),
        heightPx: 260,
        columns: [
          { name: 'source', value: row => row.source, title: row => row.path },
          text('stream', 'stream'),
          ...kinds.map(({ key, name }) => count(name.toLowerCase(), key)),
        ],
      }),
    ),
    section(
      'Entries',
      dataTable({
        label: 'Entries',
        before: root,
        rows: entries,
        heightPx: 520,
        onRow: showEntry,
        columns: [
          { name: 'kind', value: row => row.kind.key, show: row => tag(row.kind.key, row.kind.tone) },
          moment('received', 'receivedMs', 'second'),
          text('stream', 'stream'),
          { name: 'reason', value: row => row.detail, title: row => row.detail, widthCh: 60 },
          { name: 'source', value: row => row.source, show: row => row.short, title: row => row.source },
          moment('event time', 'time', 'second'),
        ],
      }),
      isCut &&
        h(
          'p.quiet.small',
          `The newest ${number(most, 0)} of each kind. SHOW LATE and the like in Explore ask for others.`,
        ),
    ),
  );
  drawChart(plot, { ...histogram(entries), label: 'Entries of the ledger by when they came', height: 180 });
}

function bySource(entries) {
  const none = Object.fromEntries(kinds.map(({ key }) => [key, 0]));
  const found = new Map();
  for (const { short, source, stream, kind } of entries) {
    const key = `${stream}\n${source}`;
    const row = found.get(key) ?? { source: short, path: source, stream, ...none };
    row[kind.key] += 1;
    found.set(key, row);
  }
  return [...found.values()];
}

/** Some 60 buckets of time; kinds stand on each other, drawn from the highest down. */
function histogram(entries) {
  const last = entries[0].receivedMs;
  // A minute at least, so that the clock below tells the buckets apart.
  const first = Math.min(entries.at(-1).receivedMs, last - 60_000);
  const stepMs = Math.max(1000, Math.ceil((last - first) / 60 / 1000) * 1000);
  const begin = Math.floor(first / stepMs) * stepMs;
  const count = Math.floor((last - begin) / stepMs) + 1;
  const timesMs = Array.from({ length: Math.max(count, 2) }, (_, index) => begin + index * stepMs);
  const below = timesMs.map(() => 0);
  const lines = kinds.map(({ key, name, color }) => {
    for (const { kind, receivedMs } of entries)
      if (kind.key === key) below[Math.floor((receivedMs - begin) / stepMs)] += 1;
    return { name, color: css(color), kind: 'bars', values: [...below] };
  });
  return { timesMs, lines: lines.reverse(), everyMs: stepMs };
}
