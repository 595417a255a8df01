/** An answer in one of its forms. */
import { drawChart } from './chart.js';
import { seriesColor } from './colors.js';
import { fill, h } from './dom.js';
import { decimalsOf, number } from './format.js';
import { columnsOf, dataTable } from './table.js';
import { shapeOf } from '../data/shape.js';

/** Longer JSON is cut on the screen; CSV and curl give all. */
const mostJson = 200_000;

export function drawAnswer(root, answer, form) {
  if (form === 'json') return fill(root, json(answer));
  if (form === 'chart') return chart(root, answer);
  fill(
    root,
    dataTable({ label: 'Answer', rows: answer.rows, columns: columnsOf(answer), heightPx: 560, empty: 'No rows' }),
  );
}

function json({ text }) {
  const isCut = text.length > mostJson;
  return [
    isCut && h('p.notice', `The first ${number(mostJson, 0)} of ${number(text.length, 0)} characters.`),
    h('pre.json', { tabindex: 0, 'aria-label': 'JSON' }, isCut ? text.slice(0, mostJson) : text),
  ];
}

function chart(root, answer) {
  const shape = shapeOf(answer);
  const more = shape.left > 0 && h('p.notice', `${number(shape.left, 0)} more are in the table.`);
  if (shape.kind === 'none')
    return fill(root, h('p.empty', 'This answer has no numbers along a time or names; the table shows it.'));
  if (shape.kind === 'figure') {
    return fill(
      root,
      h(
        'div.why-values.panel',
        shape.figures.map(({ name, value }) => h('div', h('div.figure', number(value)), h('div.card-of', name))),
      ),
    );
  }
  if (shape.kind === 'bars') return fill(root, bars(shape), more);
  const plot = h('div.plot');
  const lines = shape.lines.map((line, index) => ({ ...line, color: seriesColor(index) }));
  fill(
    root,
    h(
      'div.panel',
      h(
        'div.legend',
        lines.map(({ name, color }) => h('span.key', h('i', { style: { color } }), name)),
      ),
      plot,
    ),
    more,
  );
  drawChart(plot, { ...shape, lines, label: 'Answer', height: 380 });
}

function bars({ item, bars: all }) {
  const most = Math.max(...all.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const decimals = decimalsOf(all.map(({ value }) => value));
  return h(
    'div.panel',
    h(
      'table.bars',
      h('caption', item),
      h(
        'tbody',
        all.map(({ name, value }) =>
          h(
            'tr',
            h('th', { scope: 'row' }, name),
            h('td', h('i', { style: { width: `${(Math.abs(value) / most) * 100}%` } })),
            h('td.number', number(value, decimals)),
          ),
        ),
      ),
    ),
  );
}
