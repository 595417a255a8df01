/** Which chart an answer asks for. */
import { lengthMs } from './range.js';
import { numberOf, seriesOf } from './series.js';

/** Beyond so many, lines cannot be told apart: the first ones are drawn, and it is said. */
const mostLines = 12;
const mostBars = 40;

/**
 * @param {import('./api.js').Answer} answer
 * @returns {{kind: 'lines', timesMs: number[], firstOpen: number | undefined, everyMs: number, lines: {name: string, values: (number | null)[]}[], left: number}
 *   | {kind: 'bars', item: string, bars: {name: string, value: number}[], left: number}
 *   | {kind: 'figure', figures: {name: string, value: any}[]} | {kind: 'none'}}
 */
export function shapeOf(answer) {
  const { columns, rows } = answer;
  const numbers = columns
    .filter(({ type }) => type === 'number' || type === 'integer')
    .map(({ name }) => name)
    .filter(name => !name.endsWith('(change %)'));
  const texts = columns.filter(({ type }) => type === 'text' || type === 'boolean').map(({ name }) => name);
  if (!numbers.length || !rows.length) return { kind: 'none' };
  if (columns.some(({ type }) => type === 'time') && rows.length > 1) return linesOf(answer, numbers, texts);
  if (rows.length === 1 && !texts.length)
    return {
      kind: 'figure',
      figures: numbers.map(name => ({ name, value: rows[0][columns.findIndex(column => column.name === name)] })),
    };
  if (!texts.length) return { kind: 'none' };
  const value = columns.findIndex(({ name }) => name === numbers[0]);
  const labels = texts.map(name => columns.findIndex(column => column.name === name));
  const bars = rows
    .map(row => ({ name: labels.map(place => row[place] ?? '(none)').join(' · '), value: numberOf(row[value]) }))
    .filter(bar => bar.value !== null);
  return { kind: 'bars', item: numbers[0], bars: bars.slice(0, mostBars), left: Math.max(0, bars.length - mostBars) };
}

function linesOf(answer, numbers, texts) {
  const sets = numbers.map(name => ({ item: name, set: seriesOf(answer, name, texts) }));
  const { timesMs, states } = sets[0].set;
  const lines = sets.flatMap(({ item, set }) =>
    set.series.map(({ name, values }) => ({
      name: texts.length ? (numbers.length > 1 ? `${name}: ${item}` : name) : item,
      values,
    })),
  );
  const open = states.indexOf('provisional');
  const stepMs = timesMs.length > 1 ? timesMs[1] - timesMs[0] : lengthMs('1h');
  return {
    kind: 'lines',
    timesMs,
    everyMs: stepMs,
    firstOpen: open < 0 ? undefined : open,
    lines: lines.slice(0, mostLines),
    left: Math.max(0, lines.length - mostLines),
  };
}
