/**
 * What is shown, as the URL has it: the one state of the page. Whoever has the URL sees the same.
 *
 * | name | is |
 * |---|---|
 * | `view` | which view |
 * | `range`, or `since` and `until` | the time: a length such as `7d`, or two instants |
 * | `zone` | the zone in which times are shown |
 * | `live` | `off` when the page does not follow |
 * | others | each view's own |
 */

const listeners = new Set();

/** What is kept when another view is opened: time is common to all of them. */
const common = ['range', 'since', 'until', 'zone', 'live'];

/** @returns {URLSearchParams} a copy, to be read */
export function state() {
  return new URLSearchParams(location.search);
}

/** The value of a name; `otherwise` where the URL has none. */
export function stateOf(name, otherwise = null) {
  return state().get(name) ?? otherwise;
}

/**
 * The URL with some names changed: null takes one out, a list is one name several times.
 * @param {Record<string, string | string[] | null>} changes
 */
export function urlWith(changes) {
  const next = state();
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const one of [value ?? []].flat()) next.append(name, one);
  }
  const query = next.toString();
  return query ? `?${query}` : location.pathname;
}

/** The URL of a view with names of its own. */
export function urlOf(view, names = {}) {
  const kept = new URLSearchParams();
  for (const name of common) if (stateOf(name) !== null) kept.set(name, stateOf(name));
  if (view !== 'overview') kept.set('view', view);
  if ('since' in names) kept.delete('range');
  for (const [name, value] of Object.entries(names)) {
    kept.delete(name);
    for (const one of [value ?? []].flat()) kept.append(name, one);
  }
  const query = kept.toString();
  return query ? `?${query}` : location.pathname;
}

/**
 * Changes what is shown. The back button undoes it, unless `replace`: what happens by itself is no step of whoever looks.
 * @param {Record<string, string | string[] | null>} changes
 */
export function change(changes, { replace = false } = {}) {
  open(urlWith(changes), { replace });
}

/** Goes to a URL of this page without loading it anew. */
export function open(url, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  tell();
}

/** Calls `listener` whenever the URL changes. */
export function onChange(listener) {
  listeners.add(listener);
}

function tell() {
  for (const listener of listeners) listener();
}

addEventListener('popstate', tell);
