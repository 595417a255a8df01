/**
 * What the page asks of the server, as docs/api.md describes it. All requests go to the page's own origin.
 */
import { authorization, requireToken } from '../app/session.js';

/** A problem of RFC 9457 that the server answered, or that it did not answer at all. */
export class Problem extends Error {
  /** @param {{title?: string, detail?: string, status?: number, errors?: {line: number, column: number, message: string, hint?: string}[]}} told */
  constructor(told) {
    super(told.detail ?? told.title ?? 'The server did not say what is wrong');
    this.status = told.status ?? 0;
    /** Faults of a statement, each with its place. */
    this.errors = told.errors ?? [];
  }

  /** Whether nobody answered. */
  get isUnreachable() {
    return this.status === 0;
  }
}

/**
 * Sends a request, with a token where one is needed. Throws a {@link Problem}.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...options.headers, ...authorization() } });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem({ detail: 'The server does not answer' });
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({ status: response.status, title: response.statusText }));
  if (response.status === 401) {
    await requireToken(told.detail);
    return request(path, options);
  }
  throw new Problem(told);
}

/** Gets JSON. Names whose value is null are left out. */
export async function get(path, names = {}, options = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(names)) {
    for (const one of [value ?? []].flat()) query.append(name, one);
  }
  const suffix = query.size ? `?${query}` : '';
  return exact(await (await request(path + suffix, options)).text());
}

/** All entries of a list that comes in pages, up to `most`. */
export async function getAll(path, field, names = {}, { most = 10_000, ...options } = {}) {
  const entries = [];
  let cursor = null;
  let first;
  do {
    const page = await get(path, { ...names, limit: 1000, cursor }, options);
    first ??= page;
    entries.push(...page[field]);
    cursor = page.next;
  } while (cursor && entries.length < most);
  return { ...first, [field]: entries, next: cursor };
}

/**
 * Asks one statement.
 * @param {string} query
 * @param {{params?: Record<string, any>, timeZone?: string | null, signal?: AbortSignal}} [options]
 * @returns {Promise<Answer>}
 */
export async function ask(query, { params, timeZone, signal } = {}) {
  const response = await post(query, { params, timeZone, signal });
  const text = await response.text();
  return { ...exact(text), text };
}

/** The same as a file of CSV: the bytes of the server's answer. */
export async function askCsv(query, options = {}) {
  return (await post(query, { ...options, format: 'csv' })).blob();
}

function post(query, { params, timeZone, format, signal }) {
  const body = { query, params, format, time_zone: timeZone ?? undefined };
  return request('v1/query', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
    signal,
  });
}

/** JSON with all digits of its integers: beyond 2^53 they are BigInt. */
export function exact(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (key, value, context) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context.source)
      : value,
  );
}

/**
 * @typedef {{name: string, type: string, approximate?: boolean}} Column
 * @typedef {{columns: Column[], rows: any[][], meta: Record<string, any>, message?: string, text: string}} Answer
 *   `message` is what a statement that changes something says, `text` is the JSON itself
 */
