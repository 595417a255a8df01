/** Numbers and times as people read them. Figures are told whole in titles and files. */
import { zone } from '../data/zone.js';

const missing = '–';
/** More of them nobody reads. */
const mostDigits = 7;

/** With some four digits that count, and no more decimals than a column of the like. */
export function number(value, decimals = null) {
  if (value === null || value === undefined) return missing;
  if (typeof value !== 'number' && typeof value !== 'bigint') return String(value);
  const places = decimals ?? decimalsOf([Number(value)], 3);
  return plain(places).format(value).replace('-', '−');
}

const formats = new Map();

function plain(decimals) {
  if (!formats.has(decimals)) {
    formats.set(
      decimals,
      new Intl.NumberFormat('en', {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      }),
    );
  }
  return formats.get(decimals);
}

/**
 * So many decimals that the largest of some numbers has `digits` digits, or two of them tell the numbers apart where these lie
 * close together; none where all are whole.
 */
export function decimalsOf(values, digits = 4) {
  let [low, high] = [Infinity, -Infinity];
  let isWhole = true;
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    isWhole &&= Number.isInteger(value);
  }
  if (isWhole) return 0;
  const place = size => Math.floor(Math.log10(size));
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const bySize = digits - 1 - place(largest);
  const bySpread = high > low ? 1 - place(high - low) : 0;
  return Math.max(0, Math.min(8, mostDigits - 1 - place(largest), Math.max(bySize, bySpread)));
}

const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `26.1K`, where room is scarce. */
export function compact(value) {
  return value === null || value === undefined
    ? missing
    : Math.abs(value) < 10_000
      ? number(value)
      : short.format(value);
}

/** `+3.1 %`; a change of nothing is no change. */
export function percent(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return missing;
  const size = Math.abs(value);
  const text = size >= 1000 ? short.format(size) : size.toFixed(size >= 100 ? 0 : 1);
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${text} %`;
}

const times = new Map();

function timeFormat(options) {
  const key = `${zone()} ${options.key}`;
  if (!times.has(key))
    times.set(key, new Intl.DateTimeFormat('en-GB', { timeZone: zone(), hourCycle: 'h23', ...options.parts }));
  return times.get(key);
}

const day = { day: 'numeric', month: 'short', year: 'numeric' };
const clock = { hour: '2-digit', minute: '2-digit' };
const forms = {
  day: { key: 'day', parts: day },
  minute: { key: 'minute', parts: { ...day, ...clock } },
  second: { key: 'second', parts: { ...day, ...clock, second: '2-digit' } },
  clock: { key: 'clock', parts: clock },
};

/**
 * A time in the zone that is shown.
 * @param {number | string | null} time milliseconds since 1970, or RFC 3339
 * @param {'day' | 'minute' | 'second' | 'clock'} form
 */
export function time(time, form = 'minute') {
  if (time === null || time === undefined) return missing;
  const ms = typeof time === 'number' ? time : Date.parse(time);
  return Number.isFinite(ms) ? timeFormat(forms[form]).format(ms).replace(',', '') : String(time);
}

/** The time of a bucket, as exactly as its length asks for. */
export function bucketTime(ms, everyMs) {
  return time(ms, everyMs >= 86_400_000 ? 'day' : everyMs >= 60_000 ? 'minute' : 'second');
}

/** `2 min`, `3 d`: a length of time in the largest unit that has two of it. */
export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return missing;
  const size = Math.abs(seconds);
  for (const [unit, name] of [
    [31_557_600, 'y'],
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ]) {
    if (size >= 2 * unit) return `${number(Math.round(seconds / unit), 0)} ${name}`;
  }
  return `${number(Math.round(seconds), 0)} s`;
}

/** `1.2 MiB`. */
export function bytes(count) {
  if (count === null || !Number.isFinite(count)) return missing;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = count < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  return `${number(count / 1024 ** step, step ? 1 : 0)} ${units[step]}`;
}
