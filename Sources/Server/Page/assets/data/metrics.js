/** Figures of `/metrics`, in the text form of Prometheus. */
import { request } from './api.js';

/** @returns {Promise<(name: string) => number | null>} the value of a figure, summed over its labels; null where it is missing */
export async function loadMetrics(signal) {
  const text = await (await request('metrics', { signal })).text();
  const sums = new Map();
  for (const line of text.split('\n')) {
    const found = /^(\w+)(?:\{.*\})? ([-+.\deE]+)$/.exec(line);
    if (found) sums.set(found[1], (sums.get(found[1]) ?? 0) + Number(found[2]));
  }
  return name => sums.get(name) ?? null;
}
