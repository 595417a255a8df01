/** One entry of the ledger, whole, and what it changed. */
import { urlOf } from '../app/state.js';
import { catalogue } from '../data/catalogue.js';
import { lengthMs } from '../data/range.js';
import { dialog, h, icon } from './dom.js';
import { number, time } from './format.js';
import { tag } from './words.js';

/** What a late one changed: the KPIs whose buckets hold its time. */
export function showEntry(entry) {
  const touched =
    entry.kind.key === 'late' && entry.time ? catalogue.kpis.filter(({ stream }) => stream === entry.stream) : [];
  const fact = (name, value) =>
    value !== null && value !== undefined && value !== false && h('div', h('dt', name), h('dd', value));
  const box = dialog(
    h(
      'div',
      h(
        'header.box-head',
        h('h2', tag(entry.kind.key, entry.kind.tone), ' ', entry.stream),
        h(
          'button',
          { type: 'button', class: 'tool', 'aria-label': 'Close', onclick: () => box.close() },
          icon('close'),
        ),
      ),
      h('p', entry.detail),
      h(
        'dl.facts',
        fact('event', entry.seq && number(entry.seq, 0)),
        fact('received', time(entry.receivedMs, 'second')),
        fact('event time', entry.time && time(entry.time, 'second')),
        fact('source', entry.source),
        fact(
          'position',
          entry.position !== undefined && entry.position !== null && `byte ${number(entry.position, 0)}`,
        ),
      ),
      entry.document && [
        h('h3', 'It begins with'),
        h('pre', { tabindex: 0, 'aria-label': 'Document' }, entry.document),
      ],
      touched.length > 0 && [
        h('h3', 'What it changed'),
        h(
          'ul',
          touched.map(kpi => {
            const at = Date.parse(entry.time);
            const room = 12 * lengthMs(kpi.every);
            return h(
              'li',
              h(
                'a',
                {
                  'data-inner': true,
                  onclick: () => box.close(),
                  href: urlOf('kpi', {
                    kpi: kpi.name,
                    since: new Date(at - room).toISOString(),
                    until: new Date(at + room).toISOString(),
                  }),
                },
                `${kpi.name} around ${time(at)}`,
              ),
            );
          }),
        ),
      ],
    ),
    { label: 'Entry of the ledger' },
  );
  box.classList.add('side');
}
