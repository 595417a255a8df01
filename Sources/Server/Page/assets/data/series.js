/** Rows of a KPI as series: one list of times, and for each group a list of values beside it. */

/**
 * @typedef {{key: string, labels: (string | null)[], name: string, values: (number | null)[], rows: (any[] | null)[]}} Series
 * @typedef {{timesMs: number[], states: string[], series: Series[]}} SeriesSet
 */

/** What tells a group from all others, and is in URLs. */
export function keyOf(labels) {
  return JSON.stringify(labels);
}

/** A group as people read it. */
export function nameOf(labels) {
  return labels.map(label => label ?? '(none)').join(' · ') || 'all';
}

/**
 * O(rows).
 * @param {import('./api.js').Answer} answer
 * @param {string} item the column of the values
 * @param {string[]} groupBy the columns of the groups
 * @returns {SeriesSet}
 */
export function seriesOf(answer, item, groupBy) {
  const place = name => answer.columns.findIndex(column => column.name === name);
  const time = answer.columns.findIndex(column => column.type === 'time');
  const state = answer.columns.findIndex(column => column.type === 'state');
  const value = place(item);
  const groups = groupBy.map(place);
  const places = new Map();
  const states = [];
  for (const row of answer.rows) {
    if (places.has(row[time])) continue;
    places.set(row[time], places.size);
    states.push(state < 0 ? 'final' : row[state]);
  }
  const found = new Map();
  for (const row of answer.rows) {
    const labels = groups.map(group => (row[group] === null ? null : String(row[group])));
    const key = keyOf(labels);
    let series = found.get(key);
    if (!series) {
      const empty = () => new Array(places.size).fill(null);
      series = { key, labels, name: nameOf(labels), values: empty(), rows: empty() };
      found.set(key, series);
    }
    const index = places.get(row[time]);
    series.values[index] = numberOf(row[value]);
    series.rows[index] = row;
  }
  return { timesMs: [...places.keys()].map(Date.parse), states, series: [...found.values()] };
}

/** A number to draw; null for what is none. */
export function numberOf(value) {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}

/** The last value that is there, and its place; null when there is none. */
export function lastOf(values) {
  const index = values.findLastIndex(value => value !== null);
  return index < 0 ? null : { index, value: values[index] };
}

/**
 * Bounds of what is usual, as the language's `zscore` has it: for each row the mean of the rows of `lengthMs` before it, and
 * their standard deviation. Null where there are fewer than two. O(rows), by running sums about a first value.
 * @returns {{means: (number | null)[], deviations: (number | null)[]}}
 */
export function usualBounds(timesMs, values, lengthMs) {
  const means = new Array(values.length).fill(null);
  const deviations = new Array(values.length).fill(null);
  const about = values.find(value => value !== null) ?? 0;
  let [begin, count, sum, squares] = [0, 0, 0, 0];
  const add = (value, sign) => {
    if (value === null) return;
    count += sign;
    sum += sign * (value - about);
    squares += sign * (value - about) ** 2;
  };
  for (let index = 0; index < values.length; index += 1) {
    while (timesMs[begin] < timesMs[index] - lengthMs) add(values[begin++], -1);
    if (count >= 2) {
      means[index] = about + sum / count;
      deviations[index] = Math.sqrt(Math.max(0, (squares - (sum * sum) / count) / (count - 1)));
    }
    add(values[index], 1);
  }
  return { means, deviations };
}
