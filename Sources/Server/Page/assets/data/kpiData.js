/** What the view of a KPI asks: its groups over the whole time, and the rows of those that are drawn. */
import { ask } from './api.js';
import { isComparison } from './glance.js';
import { groupTest, instant, name as quotedName, selectOf } from './nql.js';
import { keyOf, nameOf, numberOf, seriesOf } from './series.js';

/** Lines that are drawn where nobody has chosen any. */
export const mostLines = 8;
/** What stands for all groups together, where a group's key is a list. */
export const together = '*';

/**
 * @param {object} kpi
 * @param {{sinceMs: number, untilMs: number, item: string | null, chosen: string[], before: string | null, historyMs: number, rolling: string | null}} wanted
 */
export async function loadKpi(kpi, wanted, signal) {
  const { sinceMs, untilMs, historyMs, before, rolling } = wanted;
  const bounds = (from = sinceMs) => `SINCE ${instant(from)} UNTIL ${instant(untilMs)}`;
  const whole = await ask(`${selectOf(kpi, { groups: true, buckets: false })} ${bounds()}`, { signal });
  const items = whole.columns
    .filter(({ name, type }) => !kpi.group_by.includes(name) && (type === 'number' || type === 'integer'))
    .map(({ name }) => name);
  const item = items.includes(wanted.item) ? wanted.item : items[0];
  const groups = groupsOf(whole, kpi, items, item);
  const chosen = chosenOf(groups, wanted.chosen, kpi);
  const compare = before ? ` COMPARE WITH ${before} AGO` : '';
  const rowsOf = groupsWanted => rowsQuery(kpi, groupsWanted, groups.length);
  const query = `SELECT *, revision ${rowsOf(chosen)} ${bounds(sinceMs - historyMs)} WHOLE BUCKETS${compare}`;
  const fileQuery = `SELECT *, revision ${rowsOf(chosen)} ${bounds()} WHOLE BUCKETS`;
  const hasTogether = chosen.some(({ key }) => key === together);
  const [rows, all, rolled] = await Promise.all([
    ask(query, { signal }),
    hasTogether ? ask(`${selectOf(kpi)} ${bounds(sinceMs - historyMs)} WHOLE BUCKETS${compare}`, { signal }) : null,
    rolling
      ? ask(
          `SELECT ${quotedName(item)} ${rowsOf(chosen)} ${bounds(sinceMs - historyMs)} EVERY ${kpi.every} ROLLING ${rolling} WHOLE BUCKETS`,
          { signal },
        )
      : null,
  ]);
  return { items, item, groups, chosen, rows, all, rolled, fileQuery };
}

function groupsOf(whole, kpi, items, item) {
  const place = name => whole.columns.findIndex(column => column.name === name);
  const labelPlaces = kpi.group_by.map(place);
  const groups = whole.rows.map(row => {
    const labels = labelPlaces.map(index => (row[index] === null ? null : String(row[index])));
    return {
      key: keyOf(labels),
      labels,
      name: nameOf(labels),
      values: Object.fromEntries(items.map(name => [name, row[place(name)]])),
    };
  });
  return groups.sort(
    (one, other) => (numberOf(other.values[item]) ?? -Infinity) - (numberOf(one.values[item]) ?? -Infinity),
  );
}

/** Those of the URL that there are; else all where they are few, and the greatest where they are many. */
function chosenOf(groups, keys, kpi) {
  const all = { key: together, labels: [], name: 'all together' };
  const known = keys.map(key => (key === together ? all : groups.find(group => group.key === key))).filter(Boolean);
  if (known.length) return known;
  const first = groups.slice(0, mostLines);
  // By name, so that a line keeps its colour when the order of values changes.
  if (groups.length <= mostLines) return first.sort((one, other) => one.name.localeCompare(other.name));
  return kpi.group_by.length ? [all, ...first.slice(0, mostLines - 1)] : first;
}

function rowsQuery(kpi, chosen, groupCount) {
  const named = chosen.filter(({ key }) => key !== together);
  const needsTest = kpi.group_by.length && named.length && named.length < groupCount;
  const test = needsTest
    ? ` WHERE ${named.map(({ labels }) => `(${groupTest(kpi.group_by, labels)})`).join(' OR ')}`
    : '';
  // A question without groups is one of no rows here; its line comes from the query of all.
  return `FROM ${quotedName(kpi.name)}${
    named.length || !kpi.group_by.length
      ? test
      : ` WHERE ${groupTest(
          kpi.group_by,
          kpi.group_by.map(() => ''),
        )}`
  }`;
}

/**
 * The lines that are drawn, all along the same times.
 * @returns {{timesMs: number[], states: string[], lines: import('./series.js').Series[], earlier: Map<string, (number | null)[]>, rolled: Map<string, (number | null)[]>}}
 */
export function linesOf({ rows, all, rolled, chosen, item }, kpi, before) {
  const sets = [seriesOf(rows, item, kpi.group_by)];
  if (all) sets.push({ ...seriesOf(all, item, []), isAll: true });
  const timesMs = [...new Set(sets.flatMap(set => set.timesMs))].sort((one, other) => one - other);
  const stateAt = new Map(sets.flatMap(set => set.timesMs.map((ms, index) => [ms, set.states[index]])));
  const states = timesMs.map(ms => stateAt.get(ms));
  const aligned = (set, values) => {
    const places = new Map(set.timesMs.map((ms, index) => [ms, index]));
    return timesMs.map(ms => (places.has(ms) ? values[places.get(ms)] : null));
  };
  const keyed = (answer, column, groupBy) => {
    const set = seriesOf(answer, column, groupBy);
    return set.series.map(({ key, values }) => [
      groupBy.length || !kpi.group_by.length ? key : together,
      aligned(set, values),
    ]);
  };
  const lines = chosen.map(({ key, name }) => {
    const set = sets.find(one => Boolean(one.isAll) === (key === together)) ?? sets[0];
    const series = set.series.find(one => key === together || one.key === key);
    const none = timesMs.map(() => null);
    return {
      key,
      name,
      values: series ? aligned(set, series.values) : none,
      rows: series ? aligned(set, series.rows) : none,
    };
  });
  const column = `${item} (${before} ago)`;
  const earlier = new Map(before ? [...keyed(rows, column, kpi.group_by), ...(all ? keyed(all, column, []) : [])] : []);
  return { timesMs, states, lines, earlier, rolled: new Map(rolled ? keyed(rolled, item, kpi.group_by) : []) };
}

/** The places of an answer's columns that are the KPI's own, and not a comparison's. */
export function ownPlaces(answer) {
  return answer.columns.map(({ name }, index) => (isComparison(name) ? -1 : index)).filter(index => index >= 0);
}
