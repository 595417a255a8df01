/** The plan of EXPLAIN ANALYZE as a picture: where the answer is taken from, what was left, and what had to be read. */
import { h } from './dom.js';
import { number } from './format.js';

/** @param {import('../data/api.js').Answer} answer with the columns step, detail and number */
export function planPicture({ rows }) {
  const [source] = take('source');
  const left = rows.filter(([step]) => step === 'not taken');
  const reads = rows.filter(([step, , count]) => /to read$|^read|read$/.test(step) && count !== null);
  const known = new Set([...left, ...reads, ...rows.filter(([step]) => step === 'source')]);
  const others = rows.filter(row => !known.has(row));
  const asked = others.filter(([, , count]) => count === null);
  const measured = others.filter(([, , count]) => count !== null);
  return h(
    'div.plan.panel',
    stage(
      'Asked',
      asked.map(([step, detail]) => line(step, detail)),
    ),
    stage(
      'Taken from',
      [h('b', source?.[1] ?? 'columns'), left.map(([, detail]) => h('p.quiet.small', `not ${detail}`))],
      'is-source',
    ),
    stage(
      'Read',
      reads.map(([step, detail, count]) => line(step.replace(/ to read$/, ''), detail ?? number(count))),
    ),
    measured.length > 0 &&
      stage(
        'Measured',
        measured.map(([step, detail, count]) => line(step, [detail, number(count)].filter(Boolean).join(': '))),
      ),
  );

  function take(name) {
    return rows.filter(([step]) => step === name);
  }
}

function stage(name, content, kind = '') {
  return h('section', { class: `stage-box ${kind}` }, h('h3', name), content);
}

function line(name, value) {
  return h('div.plan-line', h('span', name), h('span', value ?? '–'));
}
