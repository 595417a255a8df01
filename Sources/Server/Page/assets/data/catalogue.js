/**
 * What there is: streams, KPIs, alerts. It is asked for every few seconds, which also tells whether the server is there and
 * whether anything has come.
 */
import { getAll } from './api.js';
import { stateOf } from '../app/state.js';

const everyMs = 3000;
const longestPauseMs = 15_000;
const listeners = new Set();
let timer = null;
let failures = 0;

/** As it was told last. `seq` is the last event of the log. */
export const catalogue = {
  isLoaded: false,
  streams: [],
  kpis: [],
  alerts: [],
  seq: 0,
  /** Null while the server answers; else since when it does not, in milliseconds since 1970. */
  goneSinceMs: null,
  nextTryMs: null,
  /** Events of each stream a second, since it was asked before. */
  rates: new Map(),
};

/** Calls `listener` with `{isNew, hasCome}`: whether definitions have changed, and whether events have come. */
export function onCatalogue(listener) {
  listeners.add(listener);
}

/** Begins to ask, and asks at once if it is asking already. */
export async function refresh() {
  clearTimeout(timer);
  try {
    await load();
    failures = 0;
  } catch (problem) {
    failures += 1;
    catalogue.goneSinceMs ??= Date.now();
    tell({ isNew: false, hasCome: false, problem });
  }
  const pauseMs = failures ? Math.min(1000 * 2 ** (failures - 1), longestPauseMs) : everyMs;
  catalogue.nextTryMs = Date.now() + pauseMs;
  timer = setTimeout(refresh, pauseMs);
}

let countedMs = 0;

async function load() {
  const [streams, kpis, alerts] = await Promise.all([
    getAll('v1/streams', 'streams'),
    getAll('v1/kpis', 'kpis'),
    getAll('v1/alerts', 'alerts'),
  ]);
  const nowMs = Date.now();
  for (const stream of streams.streams) {
    const before = catalogue.streams.find(({ name }) => name === stream.name);
    if (before) catalogue.rates.set(stream.name, ((stream.events - before.events) * 1000) / (nowMs - countedMs));
  }
  countedMs = nowMs;
  const isNew =
    !catalogue.isLoaded ||
    named(streams.streams) !== named(catalogue.streams) ||
    named(kpis.kpis) !== named(catalogue.kpis) ||
    catalogue.goneSinceMs !== null;
  const hasCome = streams.as_of_seq !== catalogue.seq;
  Object.assign(catalogue, {
    isLoaded: true,
    goneSinceMs: null,
    streams: streams.streams,
    kpis: kpis.kpis,
    alerts: alerts.alerts,
    seq: streams.as_of_seq,
  });
  tell({ isNew, hasCome: hasCome && stateOf('live') !== 'off' });
}

function named(entries) {
  return entries
    .map(({ name, version, progress, statement }) => `${name} ${version} ${progress} ${statement}`)
    .join('\n');
}

function tell(news) {
  for (const listener of listeners) listener(news);
}

/** A stream by its name. */
export function streamOf(name) {
  return catalogue.streams.find(stream => stream.name === name);
}

/** A KPI by its name. */
export function kpiOf(name) {
  return catalogue.kpis.find(kpi => kpi.name === name);
}

/** Alerts that judge what a KPI shows: those on it, and those on its stream. */
export function alertsOf(kpi) {
  return catalogue.alerts.filter(({ statement }) => {
    const from = / FROM ("(?:[^"]|"")*"|\S+)/.exec(statement)?.[1].replace(/^"|"$/g, '').replaceAll('""', '"');
    return from === kpi.name || from === kpi.stream;
  });
}
