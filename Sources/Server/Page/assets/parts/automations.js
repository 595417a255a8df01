/** What the store does by itself: schedules, sinks, and sources that it fetches from. */
import { count, moment, text } from './columns.js';
import { dataTable } from './table.js';
import { tag } from './words.js';

/** A state, with why it is so where it is a bad one. */
const state = field => ({
  name: 'state',
  value: row => row[field],
  show: row => (row[field] ? tag(row[field], row[field] === 'failed' || row.failure ? 'bad' : '') : '–'),
  title: row => row.failure ?? row.last_failure,
});

/** @param {HTMLElement} before has the table that this one takes the place of; so in the others */
export function schedulesTable(before, rows) {
  return dataTable({
    label: 'Schedules',
    before,
    rows,
    empty: 'No schedule is defined.',
    columns: [
      text('schedule', 'name'),
      { name: 'times', value: row => `${row.cron} ${row.time_zone}` },
      moment('last', 'last'),
      state('last_state'),
      moment('next', 'next'),
      text('into', 'target'),
    ],
  });
}

export function sinksTable(before, rows) {
  return dataTable({
    label: 'Sinks',
    before,
    rows,
    empty: 'No sink is defined.',
    columns: [
      text('sink', 'name'),
      text('KPI', 'kpi'),
      text('into', 'target'),
      text('state', 'state'),
      count('rows', 'rows'),
      count('waiting', 'waiting_rows'),
      moment('since', 'waiting_since'),
      text('failure', 'failure'),
    ],
  });
}

export function sourcesTable(before, rows) {
  return dataTable({
    label: 'Sources that are fetched from',
    before,
    rows,
    empty: 'None is defined: programs send their events here.',
    columns: [
      text('source', 'name'),
      text('kind', 'kind'),
      text('into', 'into'),
      state('state'),
      count('events', 'events'),
      count('a second', 'events_per_second', 1),
      count('rejected', 'rejected'),
      count('behind', 'lag'),
      text('failure', 'failure'),
    ],
  });
}
