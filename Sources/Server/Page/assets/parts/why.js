/** "Why this number": what the server says of one row, and the documents behind it. */
import { urlOf } from '../app/state.js';
import { ask } from '../data/api.js';
import { groupTest, instant, name as quotedName } from '../data/nql.js';
import { lengthMs } from '../data/range.js';
import { nameOf } from '../data/series.js';
import { dialog, fill, h, icon } from './dom.js';
import { bucketTime, number, time } from './format.js';
import { stateTag } from './table.js';
import { failed, waiting } from './words.js';

/** Documents that are shown; the others are asked for in Explore. */
const mostEvents = 50;

const told = new Set(['definition', 'facts', 'first_seq', 'last_seq', 'revisions', 'late', 'duplicate']);

/**
 * @param {object} kpi
 * @param {(string | null)[]} labels of the row's group
 * @param {number} timeMs the start of its bucket
 */
export function showWhy(kpi, labels, timeMs) {
  const test = kpi.group_by.length ? ` WHERE ${groupTest(kpi.group_by, labels)}` : '';
  const select = `SELECT * FROM ${quotedName(kpi.name)}${test} SINCE ${instant(timeMs)} UNTIL ${instant(timeMs + 1)} WHOLE BUCKETS`;
  const body = h('div.why', waiting());
  const box = dialog(
    h(
      'div',
      h(
        'header.box-head',
        h(
          'div',
          h('h2', 'Why this number'),
          h(
            'p.quiet',
            [kpi.name, kpi.group_by.length ? nameOf(labels) : null, bucketTime(timeMs, lengthMs(kpi.every))]
              .filter(Boolean)
              .join(' · '),
          ),
        ),
        h(
          'button',
          { type: 'button', class: 'tool', 'aria-label': 'Close', onclick: () => box.close() },
          icon('close'),
        ),
      ),
      body,
    ),
    { label: 'Why this number' },
  );
  box.classList.add('side');
  load();

  async function load() {
    try {
      const [value, events] = await Promise.all([
        ask(`EXPLAIN VALUE ${select}`),
        ask(`EVENTS FOR ${select} LIMIT ${mostEvents}`),
      ]);
      fill(body, explanation(value, kpi), documents(events, `EVENTS FOR ${select}`));
    } catch (problem) {
      fill(body, failed(problem, load));
    }
  }
}

function explanation(answer, kpi) {
  const [row] = answer.rows;
  if (!row) return h('p.empty', 'There is no such row any more.');
  const of = Object.fromEntries(answer.columns.map(({ name }, index) => [name, row[index]]));
  const items = answer.columns
    .map(({ name, type, approximate, error_bound: bound }, index) => ({
      name,
      type,
      approximate,
      bound,
      value: row[index],
    }))
    .filter(({ name, type }) => !told.has(name) && !kpi.group_by.includes(name) && type !== 'time' && type !== 'state');
  const fact = (name, value) => h('div', h('dt', name), h('dd', value));
  return [
    h(
      'div.why-values',
      items.map(({ name, value, approximate, bound }) =>
        h(
          'div',
          h('div.figure', typeof value === 'object' && value !== null ? JSON.stringify(value) : number(value)),
          h('div.card-of', name, approximate && ` · ${bound ?? 'approximate'}`),
        ),
      ),
    ),
    h(
      'dl.facts',
      fact('state', stateTag(of.state ?? 'final')),
      fact('computed by', of.definition ?? 'the stream itself'),
      fact('from facts', number(of.facts, 0)),
      fact('events', of.facts > 0 ? `${number(of.first_seq, 0)} to ${number(of.last_seq, 0)}` : 'none'),
      fact('corrected since it was final', of.revisions === null ? 'not known of columns' : number(of.revisions, 0)),
      fact('came late', number(of.late, 0)),
      fact('came twice', number(of.duplicate, 0)),
      fact('as of event', number(answer.meta.as_of_seq, 0)),
    ),
  ];
}

function documents(answer, statement) {
  const place = name => answer.columns.findIndex(column => column.name === name);
  const [seq, received, source, document] = ['seq', 'received', 'source', 'document'].map(place);
  return h(
    'section',
    h(
      'h3',
      answer.rows.length === 1
        ? 'The document behind it'
        : `The ${answer.rows.length < mostEvents ? answer.rows.length : `first ${mostEvents}`} documents behind it`,
    ),
    h(
      'ol.documents',
      answer.rows.map(row =>
        h(
          'li',
          h('div.quiet.small', `event ${row[seq]}, received ${time(row[received], 'second')} from ${row[source]}`),
          h('pre', { tabindex: 0, 'aria-label': `Event ${row[seq]}` }, row[document]),
        ),
      ),
    ),
    h(
      'a.button',
      {
        'data-inner': true,
        href: urlOf('explore', { q: statement }),
        onclick: event => event.target.closest('dialog').close(),
      },
      'All of them in Explore',
    ),
  );
}
