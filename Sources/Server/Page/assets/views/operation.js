/** How the store is: health, streams, KPIs with their versions, schedules, alerts, sinks, sources, and what was changed by whom. */
import { ask, getAll } from '../data/api.js';
import { catalogue } from '../data/catalogue.js';
import { loadMetrics } from '../data/metrics.js';
import { schedulesTable, sinksTable, sourcesTable } from '../parts/automations.js';
import { count, moment, text } from '../parts/columns.js';
import { fill, h } from '../parts/dom.js';
import { bytes, duration, number } from '../parts/format.js';
import { columnsOf, dataTable } from '../parts/table.js';
import { failed, latestOnly, section, tag } from '../parts/words.js';

export const usesRange = false;
export const title = () => 'Operation';

const titles = {
  streams: 'Streams',
  kpis: 'KPIs, all versions',
  alerts: 'Alerts',
  schedules: 'Schedules',
  sinks: 'Sinks',
  sources: 'Sources that are fetched from',
  history: 'Changes',
};

export function open(root) {
  const parts = Object.fromEntries(['health', ...Object.keys(titles)].map(name => [name, h('div')]));
  fill(
    root,
    h('div.totals', parts.health),
    Object.entries(titles).map(([name, title]) => section(title, parts[name])),
  );
  const lately = latestOnly();

  async function update(reason) {
    if (reason === 'theme') return;
    drawStreams(parts.streams);
    drawAlerts(parts.alerts);
    await lately(async (signal, isOver) => {
      const put = async (name, work) => {
        try {
          const content = await work();
          if (!isOver()) fill(parts[name], content);
        } catch (problem) {
          if (!isOver()) fill(parts[name], failed(problem));
        }
      };
      await Promise.all([
        put('health', async () => health(await loadMetrics(signal))),
        put('kpis', async () =>
          answerTable(
            'Versions',
            parts.kpis,
            await ask('SHOW VERSIONS', { signal }),
            ['kpi', 'version', 'active', 'definition', 'filled %', 'actor', 'time'],
            'No KPI yet',
          ),
        ),
        put('schedules', async () =>
          schedulesTable(parts.schedules, (await getAll('v1/schedules', 'schedules', {}, { signal })).schedules),
        ),
        put('sinks', async () => sinksTable(parts.sinks, (await getAll('v1/sinks', 'sinks', {}, { signal })).sinks)),
        put('sources', async () =>
          sourcesTable(parts.sources, (await getAll('v1/sources', 'defined', {}, { signal })).defined),
        ),
        put('history', async () =>
          answerTable(
            'Changes',
            parts.history,
            await ask('SHOW HISTORY ORDER BY time DESC LIMIT 200', { signal }),
            ['time', 'actor', 'change', 'name', 'statement'],
            'Nothing was defined yet',
          ),
        ),
      ]);
    });
  }

  update('state');
  return { update, close: () => lately(() => {}) };
}

function health(of) {
  const figure = (name, value, note) =>
    h('div.total', h('div.figure', value), h('div.card-of', name), note && h('div.quiet.small', note));
  const mean = name => {
    const count = of(`${name}_count`);
    return count ? `${number((of(`${name}_sum`) / count) * 1000, 1)} ms` : '–';
  };
  return [
    figure('events', number(of('nilo_last_seq'), 0)),
    figure('on disk', bytes(of('nilo_store_disk_bytes')), `${bytes(of('nilo_store_used_bytes'))} used`),
    figure(
      'memory',
      bytes(of('process_resident_memory_bytes')),
      `cells ${bytes(of('nilo_cells_memory_bytes'))} of ${bytes(of('nilo_cells_memory_limit_bytes'))}`,
    ),
    figure('an append takes', mean('nilo_append_seconds'), `${bytes(of('nilo_append_pending_bytes'))} waiting`),
    figure(
      'a query takes',
      mean('nilo_query_seconds'),
      `${number(of('nilo_queries_running') ?? 0, 0)} running, ${number(of('nilo_queries_waiting') ?? 0, 0)} waiting`,
    ),
    figure(
      'connections',
      number(of('nilo_http_connections') ?? 0, 0),
      `${number(of('nilo_subscriptions') ?? 0, 0)} subscriptions`,
    ),
  ];
}

function drawStreams(root) {
  fill(
    root,
    dataTable({
      label: 'Streams',
      before: root,
      rows: catalogue.streams,
      empty: 'No stream yet',
      columns: [
        text('stream', 'name'),
        count('version', 'version'),
        { name: 'fields', isNumber: true, value: row => row.fields.length },
        {
          name: 'late after',
          isNumber: true,
          value: row => row.lateness_seconds,
          show: row => duration(row.lateness_seconds),
        },
        moment('from', 'first_time', 'day'),
        text('statement', 'statement'),
      ],
    }),
  );
}

function answerTable(label, before, answer, names, empty) {
  const places = names
    .map(name => answer.columns.findIndex(column => column.name === name))
    .filter(place => place >= 0);
  return dataTable({ label, before, rows: answer.rows, columns: columnsOf(answer, places), heightPx: 360, empty });
}

function drawAlerts(root) {
  const rows = catalogue.alerts.flatMap(alert =>
    alert.groups.length
      ? alert.groups.map(group => ({ ...alert, ...group }))
      : [{ ...alert, state: alert.failure ? 'failed' : alert.judged ? 'quiet' : 'not judged yet' }],
  );
  const tone = { firing: 'bad', pending: 'warn', failed: 'bad' };
  fill(
    root,
    dataTable({
      label: 'Alerts',
      before: root,
      rows,
      empty: 'No alert is defined. DEFINE ALERT in Explore makes one.',
      columns: [
        text('alert', 'name'),
        { name: 'state', value: row => row.state, show: row => tag(row.state, tone[row.state] ?? '') },
        { name: 'group', value: row => (row.labels ? Object.values(row.labels).join(' · ') : '') },
        moment('since', 'since'),
        text('told', 'target'),
        text('statement', 'statement'),
      ],
    }),
  );
}
