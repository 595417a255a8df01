/** The choice of the time that is looked at, and of the zone it is shown in. */
import { kpiOf } from '../data/catalogue.js';
import { lengths, range, setLength, setRange, shift } from '../data/range.js';
import { shiftAt } from '../data/shifts.js';
import { instantOf, ownZone, setZone, zone, zones } from '../data/zone.js';
import { stateOf } from '../app/state.js';
import { fill, h, icon } from './dom.js';
import { formBox, timeField, valueOf } from './form.js';
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
    const [since, until] = [timeField('since', 'From', sinceMs), timeField('until', 'To, exclusive', untilMs)];
    const shifts = h('div.lengths');
    drawShifts(shifts, untilMs, () => box.close());
    const box = formBox(
      'Time',
      'Look',
      [
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
        shifts,
        h('div.pair', since, until),
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
      ],
      () => {
        const [from, to] = [since, until].map(part => instantOf(valueOf(part)));
        if (!(from < to)) throw new Error('The end has to be after the beginning.');
        setRange(from, to);
      },
    );
  }

  return { element, update, open };
}

/** The shift under way at the end of what is seen, and the one before it. */
async function drawShifts(root, untilMs, close) {
  const found = await shiftAt(untilMs - 1);
  if (!found) return;
  const before = await shiftAt(found.sinceMs - 1);
  const choice = (name, { sinceMs, untilMs: end, name: clock }) =>
    h(
      'button',
      {
        type: 'button',
        onclick: () => {
          close();
          setRange(sinceMs, end);
        },
      },
      `${name}, ${clock}`,
    );
  fill(root, choice('Shift', found), before && choice('Shift before', before));
}
