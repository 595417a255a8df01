/** Texts of the query language: quoting, and taking the server's own statements apart. */

const reserved = new Set(
  'select from where group by having order limit as and or not in between like is null true false of'.split(' '),
);

/** A name as it stands in a statement. */
export function name(text) {
  return /^[A-Za-z_]\w*$/.test(text) && !reserved.has(text.toLowerCase()) ? text : `"${text.replaceAll('"', '""')}"`;
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

const token =
  /\bGROUP BY\b|\bTIME ZONE\b|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|--[^\n]*|\/\*[^]*?\*\/|[A-Za-z_]\w*|\s+|[^]/g;

/**
 * The clauses of `DEFINE KPI`, as the server prints it. Words within strings and names in quotes are no clauses.
 * @param {string} statement
 * @returns {{items: string, from: string, where: string, groupBy: string, every: string, rolling: string, timeZone: string}}
 */
function clausesOf(statement) {
  const clauses = { items: '', from: '', where: '', groupBy: '', every: '', rolling: '', timeZone: '', lateness: '' };
  const begin = {
    AS: 'items',
    FROM: 'from',
    WHERE: 'where',
    'GROUP BY': 'groupBy',
    EVERY: 'every',
    ROLLING: 'rolling',
    'TIME ZONE': 'timeZone',
    LATENESS: 'lateness',
  };
  const order = Object.keys(begin);
  let at = -1;
  let depth = 0;
  for (const [part] of statement.matchAll(token)) {
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    const place = depth === 0 ? order.indexOf(part) : -1;
    // Clauses come in the printer's order, so that an AS within the items is not taken for another one.
    if (place > at && (at >= 0 || place === 0)) at = place;
    else if (at >= 0) clauses[begin[order[at]]] += part;
  }
  for (const [key, text] of Object.entries(clauses)) clauses[key] = text.trim();
  return clauses;
}

/**
 * A question of the same items as a KPI's, in other groups and buckets: merged from its cells, never from its rows.
 * @param {{statement: string}} kpi
 * @param {{groups?: boolean, buckets?: boolean}} keep
 */
export function selectOf(kpi, { groups = false, buckets = true } = {}) {
  const { items, from, where, groupBy, every, rolling, timeZone } = clausesOf(kpi.statement);
  return [
    `SELECT ${items} FROM ${from}`,
    where && `WHERE ${where}`,
    groups && groupBy && `GROUP BY ${groupBy}`,
    buckets && `EVERY ${every}`,
    buckets && rolling && `ROLLING ${rolling}`,
    timeZone && `TIME ZONE ${timeZone}`,
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
