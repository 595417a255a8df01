/** Shifts that the server's settings declare, on the clock that is shown. */
import { ask, get } from './api.js';
import { instant, selectOf } from './nql.js';
import { keyOf, numberOf } from './series.js';
import { instantOf, localOf } from './zone.js';

let shifts = null;

/** The shift under way at an instant; null where there is none. */
export async function shiftAt(ms) {
  shifts ??= (await get('v1/shifts')).shifts;
  const [day, clock] = localOf(ms).split('T');
  const shift = shifts.find(({ from, until }) =>
    from < until ? clock >= from && clock < until : clock >= from || clock < until,
  );
  if (!shift) return null;
  const { from, until } = shift;
  const first = from < until || clock >= from ? day : dayAfter(day, -1);
  const last = from < until ? first : dayAfter(first, 1);
  return {
    name: `${from}–${until}`,
    sinceMs: instantOf(`${first}T${from}`),
    untilMs: instantOf(`${last}T${until}`),
  };
}

/**
 * By how many percent an item differs from what it was at the same point of the shift before; null where that is not known.
 * @returns {Promise<((labels: any[]) => number | null) | null>} of all together where there are no labels, else of a group
 */
export async function changesOnShift(kpi, item, untilMs, hasGroups, signal) {
  const now = await shiftAt(untilMs - 1);
  const before = now && (await shiftAt(now.sinceMs - 1));
  if (!before) return null;
  const valuesOf = async ({ sinceMs, untilMs: endMs }, groups) => {
    const end = Math.min(sinceMs + untilMs - now.sinceMs, endMs);
    const bounds = `SINCE ${instant(sinceMs)} UNTIL ${instant(end)}`;
    const { columns, rows } = await ask(`${selectOf(kpi, { groups, buckets: false })} ${bounds}`, { signal });
    const place = name => columns.findIndex(column => column.name === name);
    const labels = groups ? kpi.group_by : [];
    return rows.map(row => [keyOf(labels.map(name => row[place(name)])), numberOf(row[place(item)])]);
  };
  const valuesIn = async shift =>
    new Map((await Promise.all([valuesOf(shift, false), hasGroups ? valuesOf(shift, true) : []])).flat());
  const [values, earlier] = await Promise.all([valuesIn(now), valuesIn(before)]);
  return labels => {
    const [value, old] = [values, earlier].map(of => of.get(keyOf(labels)) ?? null);
    return value === null || !old ? null : ((value - old) / Math.abs(old)) * 100;
  };
}

function dayAfter(day, days) {
  return new Date(Date.parse(`${day}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
