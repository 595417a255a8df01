/** The choice of the time that is looked at, and of the zone it is shown in. */
import { kpiOf } from '../data/catalogue.js';
import { lengths, range, setLength, setRange, shift } from '../data/range.js';
import { instantOf, localOf, ownZone, setZone, zone, zones } from '../data/zone.js';
import { stateOf } from '../app/state.js';
import { dialog, fill, h, icon } from './dom.js';
import { time } from './format.js';

export function rangePicker() {
  const text = h('span');
  const stream = () => kpiOf(stateOf('kpi') ?? '')?.stream ?? null;
  const step = (share, name, label) =>
    h(
      'button',
      {
        type: 'button',
        class: 'tool',
        'aria-label': label,
        title: label,
        onclick: () => shift(share, stream()),
      },
      icon(name),
    );
  const button = h(
    'button',
    { type: 'button', class: 'tool range', title: 'The time (r)', onclick: open },
    icon('clock'),
    text,
  );
  const element = h(
    'div.picker',
    { role: 'group', 'aria-label': 'Time' },
    step(-1, 'left', 'The time before ([)'),
    button,
    step(1, 'right', 'The time after (])'),
  );

  function update() {
    const { sinceMs, untilMs, length, endsWithData } = range(stream());
    const form = untilMs - sinceMs > 3 * 86_400_000 ? 'day' : 'minute';
    fill(
      text,
      length
        ? [h('b', length.name), endsWithData && h('span.until', ` to ${time(untilMs, 'day')}`)]
        : h('b', `${time(sinceMs, form)} – ${time(untilMs, form)}`),
    );
  }

  function open() {
    if (document.querySelector('dialog[open]')) return;
    const { sinceMs, untilMs, length } = range(stream());
    const field = (id, name, ms) =>
      h(
        'div',
        h('label', { for: id }, name),
        h('input', { id, type: 'datetime-local', required: true, value: localOf(ms) }),
      );
    const [since, until] = [field('since', 'From', sinceMs), field('until', 'To, exclusive', untilMs)];
    const value = part => instantOf(part.querySelector('input').value);
    const fault = h('p.fault', { role: 'alert' });
    const box = dialog(
      h(
        'form',
        {
          onsubmit: event => {
            event.preventDefault();
            if (!(value(since) < value(until))) {
              fault.textContent = 'The end has to be after the beginning.';
              return;
            }
            box.close();
            setRange(value(since), value(until));
          },
        },
        h('h2', 'Time'),
        h(
          'div.lengths',
          lengths.map(({ key, name }) =>
            h(
              'button',
              {
                type: 'button',
                'aria-pressed': String(length?.key === key),
                onclick: () => {
                  box.close();
                  setLength(key);
                },
              },
              name,
            ),
          ),
        ),
        h('div.pair', since, until),
        fault,
        h('label', { for: 'zone' }, 'Zone in which times are shown'),
        h(
          'select',
          {
            id: 'zone',
            class: 'wide',
            onchange: event => {
              box.close();
              setZone(event.target.value);
            },
          },
          zones().map(name =>
            h('option', { value: name, selected: name === zone() }, name === ownZone ? `${name} (this browser)` : name),
          ),
        ),
        h(
          'p.quiet',
          'A length ends now, or where the data does when that is longer ago. Buckets keep the zone of their KPI.',
        ),
        h(
          'div.row.end',
          h('button', { type: 'button', onclick: () => box.close() }, 'Close'),
          h('button', { type: 'submit', class: 'primary' }, 'Look'),
        ),
      ),
      { label: 'Time' },
    );
  }

  return { element, update, open };
}
