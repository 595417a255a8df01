/** Boxes that ask for something. */
import { localOf } from '../data/zone.js';
import { dialog, h } from './dom.js';

/** A box with fields. It closes when `submit` is done; what it throws is told in the box. */
export function formBox(title, submitName, content, submit) {
  const fault = h('p.fault', { role: 'alert' });
  const box = dialog(
    h(
      'form',
      {
        onsubmit: async event => {
          event.preventDefault();
          try {
            await submit();
            box.close();
          } catch (problem) {
            fault.textContent = problem.message;
          }
        },
      },
      h('h2', title),
      content,
      fault,
      h(
        'div.row.end',
        h('button', { type: 'button', onclick: () => box.close() }, 'Close'),
        h('button', { type: 'submit', class: 'primary' }, submitName),
      ),
    ),
    { label: title },
  );
  return box;
}

/** A field with its label. */
export function field(id, label, properties) {
  return h('div', h('label', { for: id }, label), h('input', { id, ...properties }));
}

/** One for an instant, on the clock that is shown. */
export function timeField(id, label, ms) {
  const isNeeded = ms !== undefined;
  return field(id, label, { type: 'datetime-local', required: isNeeded, value: isNeeded && localOf(ms) });
}

/** What was written into a field. */
export function valueOf(part) {
  return part.querySelector('input').value;
}
