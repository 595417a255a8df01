/** What a card and the wall tell of a KPI: its last number, how it has changed, and its groups. */
import { ask } from './api.js';
import { alertsOf } from './catalogue.js';
import { instant, name as quotedName, selectOf } from './nql.js';
import { meaningOf, standingOf } from './meaning.js';
import { lengthMs } from './range.js';
import { keyOf, lastOf, nameOf, numberOf, seriesOf } from './series.js';

/** Up to so many groups have lines of their own. */
const mostLines = 6;
const dayMs = 86_400_000;

/**
 * @param {object} kpi of the catalogue
 * @param {{sinceMs: number, untilMs: number}} range
 * @returns {Promise<object>} with `last` null where the range has no data
 */
export async function glanceAt(kpi, { sinceMs, untilMs }, signal) {
  const everyMs = lengthMs(kpi.every);
  const length = comparedWith(everyMs);
  const compare = length ? ` COMPARE WITH ${length} AGO` : '';
  const bounds = `SINCE ${instant(sinceMs)} UNTIL ${instant(untilMs)} WHOLE BUCKETS`;
  const alert = worstAlert(kpi);
  const all = await ask(`${selectOf(kpi)} ${bounds}${compare}`, { signal });
  const items = all.columns.filter(({ name, type }) => isItem(type) && !isComparison(name));
  const numbers = items.filter(({ type }) => type === 'number' || type === 'integer');
  if (!all.rows.length || !numbers.length) return { last: null, alert, groups: [], groupCount: 0 };
  const item = numbers[0].name;
  const {
    timesMs,
    states,
    series: [line],
  } = seriesOf(all, item, []);
  const found = lastOf(line.values);
  if (!found) return { last: null, alert, groups: [], groupCount: 0 };
  const last = { value: found.value, timeMs: timesMs[found.index], state: states[found.index] };
  const firstOpen = states.indexOf('provisional');
  const finalMs = timesMs[states.lastIndexOf('final')];
  const groups = kpi.group_by.length
    ? await groupsOf(kpi, item, { sinceMs, last, finalMs, compare, everyMs }, signal)
    : { list: [], count: 0 };
  const meaning = meaningOf(kpi, item);
  return {
    alert,
    item,
    last,
    meaning,
    standing: standingOf(meaning, last.value),
    everyMs,
    finalMs,
    values: line.values,
    firstOpen: firstOpen < 0 ? states.length : firstOpen,
    change: changeOf(all, item, length, timesMs, states),
    others: numbers.slice(1, 5).map(({ name }) => ({
      name,
      value: all.rows[found.index][all.columns.findIndex(column => column.name === name)],
    })),
    groups: groups.list,
    groupCount: groups.count,
  };
}

/** The groups of the last bucket; lines of them where they are few, those that changed most first where they are many. */
async function groupsOf(kpi, item, { sinceMs, last, finalMs, compare, everyMs }, signal) {
  const kpiName = quotedName(kpi.name);
  const itemName = quotedName(item);
  const end = last.timeMs + everyMs;
  // From the last final bucket on: changes are told of that one, values of the last.
  const now = await ask(
    `SELECT ${itemName} FROM ${kpiName} SINCE ${instant(finalMs ?? last.timeMs)} UNTIL ${instant(last.timeMs + 1)} WHOLE BUCKETS${compare}`,
    { signal },
  );
  const place = name => now.columns.findIndex(column => column.name === name);
  const [time, value, change] = [
    now.columns.findIndex(({ type }) => type === 'time'),
    place(item),
    place(`${item} (change %)`),
  ];
  const changes = new Map();
  const list = [];
  for (const row of now.rows) {
    const labels = kpi.group_by.map(name => row[place(name)]);
    const timeMs = Date.parse(row[time]);
    if (timeMs === finalMs && change >= 0) changes.set(keyOf(labels), numberOf(row[change]));
    if (timeMs === last.timeMs && numberOf(row[value]) !== null)
      list.push({ labels, name: nameOf(labels), value: numberOf(row[value]), change: null });
  }
  for (const group of list) group.change = changes.get(keyOf(group.labels)) ?? null;
  if (list.length > mostLines) {
    const weight = list.some(({ change: known }) => known !== null)
      ? ({ change: by }) => Math.abs(by ?? 0)
      : ({ value }) => value;
    list.sort((one, other) => weight(other) - weight(one));
    return { list, count: list.length };
  }
  const rows = await ask(
    `SELECT ${itemName} FROM ${kpiName} SINCE ${instant(sinceMs)} UNTIL ${instant(end)} WHOLE BUCKETS`,
    { signal },
  );
  const { series } = seriesOf(rows, item, kpi.group_by);
  for (const group of list) group.values = series.find(({ name }) => name === group.name)?.values;
  return { list, count: list.length };
}

/** Of the last final bucket: one that is under way has less than the whole one before it. */
function changeOf(answer, item, length, timesMs, states) {
  const place = answer.columns.findIndex(({ name }) => name === `${item} (change %)`);
  const index = states.lastIndexOf('final');
  if (place < 0 || index < 0) return null;
  const time = answer.columns.findIndex(({ type }) => type === 'time');
  const row = answer.rows.findLast(one => Date.parse(one[time]) === timesMs[index]);
  const value = numberOf(row?.[place]);
  return value === null ? null : { value, length: length === '1d' ? 'the day' : 'the week', timeMs: timesMs[index] };
}

/** Hours are like those of the day before, days like those of the week before. */
function comparedWith(everyMs) {
  if (everyMs < dayMs) return dayMs % everyMs === 0 ? '1d' : null;
  return everyMs === dayMs ? '1w' : null;
}

function worstAlert(kpi) {
  const states = alertsOf(kpi).flatMap(({ groups }) => groups.map(({ state }) => state));
  return ['firing', 'pending'].find(state => states.includes(state)) ?? null;
}

function isItem(type) {
  return type !== 'time' && type !== 'state';
}

/** Whether a column is one that COMPARE WITH adds. */
export function isComparison(name) {
  return / \((\d+\w+ ago|change %)\)$/.test(name);
}

/** How much it needs eyes: alerts, then faults, then what is off its target, then changes. */
export function urgencyOf(glance) {
  if (!glance) return -1;
  if (glance.problem) return 2000;
  const alert = { firing: 4000, pending: 3000 }[glance.alert] ?? 0;
  const standing = { bad: 1200, near: 400 }[glance.standing] ?? 0;
  return alert + standing + Math.min(1000, Math.abs(glance.change?.value ?? 0));
}
