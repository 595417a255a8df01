/** Shifts that the server's settings declare, on the clock that is shown. */
import { get } from './api.js';
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

function dayAfter(day, days) {
  return new Date(Date.parse(`${day}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
