/** The zone in which times are shown. Buckets are of the zone of their KPI, whatever is shown. */
import { change, stateOf } from '../app/state.js';

/** The browser's own. */
export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** As the URL says. */
export function zone() {
  return stateOf('zone', ownZone);
}

export function setZone(name) {
  change({ zone: name === ownZone ? null : name });
}

/** All that the browser knows, this one and UTC first. */
export function zones() {
  return [...new Set([ownZone, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
}

/** Milliseconds since 1970 of a local time `2024-06-01T12:00` in a zone; of one that clocks skip the time after the gap. */
export function instantOf(local, name = zone()) {
  const asUtc = Date.parse(`${local}Z`);
  // Two steps: the offset may be another one at the instant that the first one leads to.
  let guess = asUtc - offsetMs(asUtc, name);
  guess = asUtc - offsetMs(guess, name);
  return guess;
}

/** `2024-06-01T12:00` of an instant. */
export function localOf(ms, name = zone()) {
  return new Date(ms + offsetMs(ms, name)).toISOString().slice(0, 16);
}

function offsetMs(ms, name) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const local = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  return local - Math.floor(ms / 1000) * 1000;
}
