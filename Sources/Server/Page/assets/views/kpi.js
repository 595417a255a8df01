/** One KPI: its lines with what is provisional, usual and restated, its groups, its rows, and where each number is from. */
import { state, stateOf, urlOf } from '../app/state.js';
import { askCsv, getAll } from '../data/api.js';
import { catalogue, kpiOf } from '../data/catalogue.js';
import { follow } from '../data/follow.js';
import { linesOf, loadKpi, ownPlaces, together } from '../data/kpiData.js';
import { meaningOf } from '../data/meaning.js';
import { lengthMs, range, setRange } from '../data/range.js';
import { usualBounds } from '../data/series.js';
import { drawChart } from '../parts/chart.js';
import { seriesColor } from '../parts/colors.js';
import { download, fill, h } from '../parts/dom.js';
import { drawNotes, writeNote } from '../parts/notes.js';
import { columnsOf, dataTable } from '../parts/table.js';
import { edgesOf } from '../parts/target.js';
import { failed, latestOnly, section, tag, waiting } from '../parts/words.js';
import { showWhy } from '../parts/why.js';
import { drawControls } from './kpiControls.js';
import { drawLegend, groupTable } from './kpiGroups.js';

export const usesRange = true;
export const title = () => current()?.name ?? 'KPIs';

/** Beyond so many deviations from the mean of the time before a number is marked, as `abs(zscore(...)) > 3`. */
const usualDeviations = 3;
/** News are drawn so often at most. */
const redrawMs = 1000;

function current() {
  const wanted = stateOf('kpi');
  return wanted === null ? catalogue.kpis[0] : kpiOf(wanted);
}

/** What is told instead where there is none. */
function missing() {
  const wanted = stateOf('kpi');
  const text =
    wanted === null ? 'There is no KPI yet. DEFINE KPI in Explore makes one.' : `There is no KPI ${wanted}. `;
  return h('p.empty', text, wanted !== null && h('a', { href: urlOf('kpi'), 'data-inner': true }, 'Show another'));
}

export function open(root) {
  const controls = h('div.controls');
  const definition = h('p.definition');
  const plot = h('div.plot');
  const legend = h('div.legend');
  const groups = h('div');
  const rows = h('div');
  const tools = h('div.row');
  const notes = h('div');
  const content = [controls, definition, h('div.panel', legend, plot, tools, notes), groups, rows];
  const lately = latestOnly();
  let stop = () => {};
  let followed = null;
  let timer = null;
  let drawing = null;

  function followKpi(kpi) {
    const wanted = stateOf('live') === 'off' ? null : kpi.name;
    if (followed === wanted) return;
    stop();
    followed = wanted;
    stop = wanted === null ? () => {} : follow({ kpi: wanted }, soon, soon);
  }

  function soon() {
    timer ??= setTimeout(() => {
      timer = null;
      load();
    }, redrawMs);
  }

  async function update(reason) {
    const kpi = current();
    if (!kpi) return fill(root, missing());
    if (!root.contains(plot)) fill(root, content);
    followKpi(kpi);
    // What comes is told by the subscription; the theme changes colours alone.
    if (reason === 'data') return;
    if (reason === 'theme') return drawing && draw(kpi, drawing);
    if (!drawing || drawing.kpi !== kpi.name) fill(plot, waiting());
    await load();
  }

  async function load() {
    const kpi = current();
    const looked = range(kpi.stream);
    const wanted = {
      ...looked,
      item: stateOf('item'),
      chosen: state().getAll('group'),
      before: stateOf('before'),
      historyMs: stateOf('usual') ? lengthMs(stateOf('usual')) : 0,
      rolling: stateOf('rolling'),
    };
    try {
      await lately(async (signal, isOver) => {
        const [loaded, { notes: written }] = await Promise.all([
          loadKpi(kpi, wanted, signal),
          getAll('v1/notes', 'notes', noteRange(kpi, looked), { signal, most: 500 }),
        ]);
        if (isOver()) return;
        drawing = { kpi: kpi.name, loaded, wanted, written };
        draw(kpi, drawing);
      });
    } catch (problem) {
      fill(plot, failed(problem, load));
    }
  }

  function draw(kpi, { loaded, wanted, written }) {
    drawControls(controls, kpi, loaded);
    fill(definition, tag(`version ${kpi.version}`), ' ', h('code', kpi.statement));
    const drawn = linesOf(loaded, kpi, wanted.before);
    if (!drawn.timesMs.length) {
      fill(plot, h('p.empty', 'No data in this time.'));
      fill(legend);
      fill(groups);
      fill(rows);
      fill(tools);
      return;
    }
    const spec = specOf(kpi, drawn, loaded, wanted);
    const chart = drawChart(plot, {
      ...spec,
      notes: written.map(({ time, until }) => ({ sinceMs: Date.parse(time), untilMs: Date.parse(until ?? time) })),
      onRange: setRange,
      onPick: (index, place) => pick(kpi, loaded, spec.lines[place]?.source?.rows?.[index], spec.timesMs[index]),
    });
    drawLegend(legend, spec);
    fill(
      tools,
      toolsOf(kpi, loaded, chart, () => writeNote(kpi.name, spec.timesMs.at(-1), load)),
    );
    drawNotes(notes, written, load);
    fill(groups, loaded.groups.length > 1 && section('Groups, over this time', groupTable(loaded, spec, groups)));
    const places = ownPlaces(loaded.rows);
    const time = loaded.rows.columns.findIndex(({ type }) => type === 'time');
    const seen = loaded.rows.rows.filter(row => Date.parse(row[time]) >= wanted.sinceMs).reverse();
    fill(
      rows,
      section(
        'Rows',
        dataTable({
          label: `Rows of ${kpi.name}`,
          before: rows,
          rows: seen,
          columns: columnsOf(loaded.rows, places),
          heightPx: 420,
          onRow: row => pick(kpi, loaded, row, Date.parse(row[time])),
          empty: 'Choose a group to see its rows.',
        }),
      ),
    );
  }

  update('state');
  return {
    update,
    close() {
      clearTimeout(timer);
      stop();
      lately(() => {});
    },
  };
}

function pick(kpi, loaded, row, timeMs) {
  if (!row) return;
  const labels = kpi.group_by.map(name => row[loaded.rows.columns.findIndex(column => column.name === name)]);
  showWhy(kpi, labels, timeMs);
}

/** What the chart draws: the lines, and of the first one what is usual, what rolls, and the time before. */
function specOf(
  kpi,
  { timesMs, states, lines, earlier, rolled },
  { rows, item },
  { sinceMs, historyMs, before, rolling },
) {
  const begin = timesMs.findIndex(ms => ms >= sinceMs);
  const cut = values => values.slice(Math.max(0, begin));
  const isBars = stateOf('form') === 'bars' && lines.length === 1;
  const revision = rows.columns.findIndex(({ name }) => name === 'revision');
  const drawn = lines.map((line, index) => ({
    name: line.name === 'all' ? item : line.name,
    color: seriesColor(index),
    values: cut(line.values),
    kind: isBars ? 'bars' : 'line',
    source: { ...line, rows: line.key === together ? null : cut(line.rows) },
  }));
  const marks = drawn.flatMap(({ source }, line) =>
    (source.rows ?? []).flatMap((row, index) =>
      row && revision >= 0 && row[revision] > 0 ? [{ index, line, kind: 'restated' }] : [],
    ),
  );
  const first = lines[0];
  let band;
  if (historyMs && first) {
    const { means, deviations } = usualBounds(timesMs, first.values, historyMs);
    const bound = sign =>
      cut(means.map((mean, index) => (mean === null ? null : mean + sign * usualDeviations * deviations[index])));
    band = { lower: bound(-1), upper: bound(1), color: seriesColor(0) };
    drawn[0].values.forEach((value, index) => {
      if (value !== null && band.lower[index] !== null && (value < band.lower[index] || value > band.upper[index])) {
        marks.push({ index, line: 0, kind: 'outlier' });
      }
    });
  }
  const extra = [];
  if (before && first && earlier.has(first.key))
    extra.push({
      name: `${drawn[0].name}, ${before} before`,
      color: '',
      kind: 'faint',
      values: cut(earlier.get(first.key)),
    });
  if (rolling && first && rolled.has(first.key))
    extra.push({
      name: `${drawn[0].name}, rolling ${rolling}`,
      color: seriesColor(0),
      kind: 'dashes',
      values: cut(rolled.get(first.key)),
    });
  const open = cut(states).indexOf('provisional');
  const meaning = meaningOf(kpi, item);
  return {
    label: `${kpi.name}: ${item}${meaning.unit ? ` (${meaning.unit})` : ''}`,
    unit: meaning.unit,
    target: meaning.target === undefined ? undefined : { edges: edgesOf(meaning), value: meaning.target },
    timesMs: cut(timesMs),
    lines: [...drawn, ...extra],
    band,
    marks,
    everyMs: lengthMs(kpi.every),
    firstOpen: open < 0 ? undefined : open,
  };
}

/** In the words of the API. */
function noteRange(kpi, { sinceMs, untilMs }) {
  return { kpi: kpi.name, since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString() };
}

function toolsOf(kpi, { fileQuery }, chart, onNote) {
  const file = `${kpi.name}-${new Date().toISOString().slice(0, 10)}`;
  return [
    h('button', { type: 'button', onclick: async () => download(`${file}.csv`, await askCsv(fileQuery)) }, 'CSV'),
    h(
      'button',
      {
        type: 'button',
        onclick: async () => {
          const drawn = await chart;
          if (drawn) download(`${file}.png`, await drawn.image());
        },
      },
      'PNG',
    ),
    h('button', { type: 'button', onclick: onNote }, 'Note'),
    h('span.quiet.small', 'Drag to look closer. Click a point to see where it is from.'),
  ];
}
