/** The time that is looked at: a length up to the newest data, or two instants. */
import { change, stateOf } from '../app/state.js';
import { catalogue } from './catalogue.js';

const dayMs = 86_400_000;

/** Lengths to choose from. */
export const lengths = [
  { key: '1h', name: '1 hour', ms: dayMs / 24 },
  { key: '6h', name: '6 hours', ms: dayMs / 4 },
  { key: '24h', name: '24 hours', ms: dayMs },
  { key: '7d', name: '7 days', ms: 7 * dayMs },
  { key: '30d', name: '30 days', ms: 30 * dayMs },
  { key: '90d', name: '90 days', ms: 90 * dayMs },
  { key: '1y', name: '1 year', ms: 365 * dayMs },
];

const usual = '7d';

/**
 * What the URL says, for data of some streams. A length ends now, or where the data does when that is longer ago than the
 * length itself: else old data would be an empty page.
 * @param {string | null} stream null for the newest of all
 * @returns {{sinceMs: number, untilMs: number, length: object | null, endsWithData: boolean}}
 */
export function range(stream = null) {
  const since = Date.parse(stateOf('since'));
  const until = Date.parse(stateOf('until'));
  if (since < until) return { sinceMs: since, untilMs: until, length: null, endsWithData: false };
  const length = lengths.find(({ key }) => key === stateOf('range')) ?? lengths.find(({ key }) => key === usual);
  const nowMs = Date.now();
  const lastMs = lastDataMs(stream);
  const endsWithData = lastMs !== null && lastMs < nowMs - length.ms;
  // The millisecond after the last fact: ranges do not have their end.
  const untilMs = endsWithData ? lastMs + 1 : nowMs;
  return { sinceMs: untilMs - length.ms, untilMs, length, endsWithData };
}

function lastDataMs(stream) {
  const times = catalogue.streams
    .filter(({ name }) => stream === null || name === stream)
    .map(({ last_time: time }) => Date.parse(time))
    .filter(Number.isFinite);
  return times.length ? Math.max(...times) : null;
}

/** Looks at another time; the back button undoes it. */
export function setRange(sinceMs, untilMs) {
  change({ since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString(), range: null });
}

/** Looks at a length. */
export function setLength(key) {
  change({ range: key === usual ? null : key, since: null, until: null });
}

/** Moves by a share of what is seen: -1 is the time before, of the same length. */
export function shift(share, stream = null) {
  const { sinceMs, untilMs } = range(stream);
  const byMs = (untilMs - sinceMs) * share;
  setRange(sinceMs + byMs, untilMs + byMs);
}

/** The milliseconds of a length such as `1h`, `7d`; of months and years about. */
export function lengthMs(text) {
  const [, count, unit] = /^(\d+)\s*([a-z]+)/i.exec(text) ?? [null, 1, 'h'];
  const units = {
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: dayMs,
    w: 7 * dayMs,
    mo: 30 * dayMs,
    q: 91 * dayMs,
    y: 365 * dayMs,
  };
  return count * (units[unit] ?? units[unit[0]]);
}
