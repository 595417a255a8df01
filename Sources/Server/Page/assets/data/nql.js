/** Texts of the query language: quoting, and questions of what a KPI computes. */
import { reserved } from './words.js';

const quotedWords = new Set([...reserved, 'of']);

/** A name as it stands in a statement. */
export function name(text) {
  return /^[A-Za-z_]\w*$/.test(text) && !quotedWords.has(text.toLowerCase()) ? text : `"${text.replaceAll('"', '""')}"`;
}

/** A text in single quotes. */
function quoted(text) {
  return `'${String(text).replaceAll("'", "''")}'`;
}

/** A time, of milliseconds since 1970. */
export function instant(ms) {
  return quoted(new Date(ms).toISOString());
}

/**
 * The test of one group: each name with its label, null where it has none.
 * @param {string[]} names
 * @param {(string | null)[]} labels
 */
export function groupTest(names, labels) {
  return names
    .map((of, index) => (labels[index] === null ? `${name(of)} IS NULL` : `${name(of)} = ${quoted(labels[index])}`))
    .join(' AND ');
}

/**
 * A question of the same items as a KPI's, in other groups and buckets: merged from its cells, never from its rows.
 * @param {object} kpi of the catalogue
 * @param {{groups?: boolean, buckets?: boolean}} keep
 */
export function selectOf(kpi, { groups = false, buckets = true } = {}) {
  const { columns, stream, where, dimensions, every, rolling, time_zone: timeZone } = kpi;
  const items = columns.map(({ name: column, expression }) => `${expression} AS ${name(column)}`);
  return [
    `SELECT ${items.join(', ')} FROM ${name(stream)}`,
    where && `WHERE ${where}`,
    groups && dimensions.length && `GROUP BY ${dimensions.join(', ')}`,
    buckets && `EVERY ${every}`,
    buckets && rolling && `ROLLING ${rolling}`,
    `TIME ZONE ${quoted(timeZone)}`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** Names of the parameters of a text, each once. */
export function parametersOf(text) {
  const names = [];
  for (const [part, next] of text.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\$([A-Za-z_]\w*)/g)) {
    if (part.startsWith('$') && !names.includes(next)) names.push(next);
  }
  return names;
}
