/**
 * Server-sent events of `/v1/subscribe`, read with `fetch`: the browser's EventSource cannot show a token. After a break it goes
 * on from the last event that it had, so nothing is missed.
 */
import { request } from './api.js';

const longestPauseMs = 30_000;
/** Where the server has no subscription left, its rows are asked for so often. */
const refreshMs = 60_000;

/**
 * @param {Record<string, string>} names what to follow, as in the query string
 * @param {(events: {event: string, data: any}[]) => void} onEvents what came at a time
 * @param {() => void} onRefresh asks for all anew: a definition has changed, or nobody follows for us
 * @returns {() => void} stops it
 */
export function follow(names, onEvents, onRefresh) {
  const ending = new AbortController();
  let lastId = null;
  let pauseMs = 1000;

  async function once() {
    const headers = lastId ? { 'Last-Event-ID': lastId } : {};
    const response = await request(`v1/subscribe?${new URLSearchParams(names)}`, { headers, signal: ending.signal });
    pauseMs = 1000;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const end = text.lastIndexOf('\n\n');
      if (end < 0) continue;
      const events = text.slice(0, end).split('\n\n').map(parsed);
      text = text.slice(end + 2);
      lastId = events.findLast(event => event.id)?.id ?? lastId;
      if (events.some(({ event }) => event === 'reset' || event === 'end')) onRefresh();
      const told = events.filter(({ event }) => ['changed', 'final', 'restated'].includes(event));
      if (told.length) onEvents(told);
    }
  }

  (async () => {
    while (!ending.signal.aborted) {
      try {
        await once();
      } catch (error) {
        if (ending.signal.aborted) return;
        if (error.status === 429) {
          await pause(refreshMs, ending.signal);
          if (!ending.signal.aborted) onRefresh();
          continue;
        }
      }
      await pause(pauseMs, ending.signal);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  })();
  return () => ending.abort();
}

function parsed(block) {
  const fields = { event: 'message', data: '', id: null };
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
  return { ...fields, data: fields.data ? JSON.parse(fields.data) : null };
}

function pause(ms, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
