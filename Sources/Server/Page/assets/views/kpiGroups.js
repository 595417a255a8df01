/** The groups of a KPI: the legend of those that are drawn, and the table of all, in which they are chosen. */
import { change, state } from '../app/state.js';
import { lastOf } from '../data/series.js';
import { seriesColor } from '../parts/colors.js';
import { fill, h } from '../parts/dom.js';
import { decimalsOf, number } from '../parts/format.js';
import { dataTable } from '../parts/table.js';
import { written } from '../parts/target.js';

/** Those that are drawn, with their last values, and what else is drawn beside them. */
export function drawLegend(root, { lines, band, marks, target, unit }) {
  const keys = lines.filter(({ source }) => source).map(({ source }) => source.key);
  fill(
    root,
    lines.map(({ name, color, kind, source, values }) => {
      const content = [
        h('i', { class: kind, style: kind === 'faint' ? {} : { color } }),
        name,
        ' ',
        h('b', number(lastOf(values)?.value ?? null, decimalsOf(values))),
      ];
      if (!source || keys.length < 2) return h('span.key', content);
      return h(
        'button',
        {
          type: 'button',
          class: 'key',
          title: 'Show this one alone; with Shift, leave it out',
          onclick: event => change({ group: event.shiftKey ? keys.filter(key => key !== source.key) : [source.key] }),
        },
        content,
      );
    }),
    target && h('span.key', h('i.aim'), `target ${written(target.value)}${unit ? `\u00a0${unit}` : ''}`),
    band && h('span.key', h('i.usual', { style: { color: band.color } }), `usual of ${lines[0].name}`),
    ['outlier', 'restated'].map(
      kind => marks.some(mark => mark.kind === kind) && h('span.key', h('i', { class: kind }), kind),
    ),
    keys.length === 1 &&
      state().has('group') &&
      h('button', { type: 'button', class: 'key', onclick: () => change({ group: null }) }, 'show others'),
  );
}

/** All groups with their numbers over the whole time; of those that are drawn also what they were last, least and most. */
export function groupTable({ groups, items, chosen }, { lines }, before) {
  const drawn = new Map(
    lines
      .filter(({ source }) => source)
      .map(({ source: { key }, values }) => {
        const there = values.filter(value => value !== null);
        return [
          key,
          {
            last: lastOf(values)?.value ?? null,
            low: there.length ? Math.min(...there) : null,
            high: there.length ? Math.max(...there) : null,
          },
        ];
      }),
  );
  const decimals = decimalsOf([...drawn.values()].flatMap(({ low, high }) => [low, high]));
  const of = (name, field) => ({
    name,
    isNumber: true,
    value: ({ key }) => drawn.get(key)?.[field] ?? null,
    show: ({ key }) => (drawn.has(key) ? number(drawn.get(key)[field], decimals) : ''),
  });
  const color = new Map(chosen.map(({ key }, index) => [key, seriesColor(index)]));
  const keys = chosen.map(({ key }) => key);
  return dataTable({
    label: 'Groups',
    before,
    rows: groups,
    heightPx: 380,
    onRow: ({ key }) => change({ group: color.has(key) ? keys.filter(one => one !== key) : [...keys, key] }),
    columns: [
      {
        name: 'group',
        value: ({ name }) => name,
        show: ({ key, name }) =>
          h('span.group', h('i', { style: { background: color.get(key) ?? 'transparent' } }), name),
      },
      of('last', 'last'),
      of('lowest', 'low'),
      of('highest', 'high'),
      ...items.map(item => {
        const places = decimalsOf(groups.map(({ values }) => values[item]));
        return {
          name: item,
          isNumber: true,
          value: ({ values }) => values[item],
          show: ({ values }) => number(values[item], places),
          title: ({ values }) => String(values[item]),
        };
      }),
    ],
  });
}
