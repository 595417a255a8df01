/** What people wrote beside the numbers: the list under a chart, and the box in which one is written. */
import { request } from '../data/api.js';
import { instantOf } from '../data/zone.js';
import { fill, h, icon } from './dom.js';
import { field, formBox, timeField, valueOf } from './form.js';
import { time } from './format.js';

/** @param {() => void} changed is called when a note has come or gone */
export function drawNotes(root, notes, changed) {
  fill(
    root,
    notes.length > 0 &&
      h(
        'ul.notes',
        notes.map(note =>
          h(
            'li',
            h('span.quiet', time(note.time), note.until && ` – ${time(note.until)}`),
            h('span', note.text),
            h('span.quiet', note.author),
            h(
              'button',
              {
                type: 'button',
                class: 'tool',
                'aria-label': `Withdraw the note: ${note.text}`,
                onclick: async ({ currentTarget }) => {
                  try {
                    await request(`v1/notes/${encodeURIComponent(note.id)}`, { method: 'DELETE' });
                    changed();
                  } catch (problem) {
                    currentTarget.parentElement.append(h('span.fault', problem.message));
                  }
                },
              },
              icon('close'),
            ),
          ),
        ),
      ),
  );
}

/** Asks for a note of a KPI; `timeMs` is what it is of unless one says otherwise. */
export function writeNote(kpi, timeMs, changed) {
  const text = field('note-text', 'What happened', { required: true, maxlength: 500, class: 'wide' });
  const [from, until] = [timeField('note-from', 'From', timeMs), timeField('note-until', 'To, if it took long')];
  const instant = part => (valueOf(part) ? new Date(instantOf(valueOf(part))).toISOString() : undefined);
  formBox(`Note on ${kpi}`, 'Write', [text, h('div.pair', from, until)], async () => {
    const body = JSON.stringify({ text: valueOf(text), time: instant(from), until: instant(until), kpi });
    await request('v1/notes', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
    changed();
  });
}
