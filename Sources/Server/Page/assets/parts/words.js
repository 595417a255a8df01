/** Small pieces of text that several views have. */
import { h } from './dom.js';

/** A change in percent, with an arrow for those who do not see colours. Up is neither good nor bad: nobody said which. */
export function changeText(percentText, value, title) {
  const arrow = value > 0 ? '▲' : value < 0 ? '▼' : '';
  return h('span.change', { title }, arrow && h('span', { 'aria-hidden': 'true' }, `${arrow} `), percentText);
}

/** A word for a state, coloured. */
export function tag(text, kind = '') {
  return h('span', { class: `tag ${kind}` }, text);
}

/** A part of a view with a heading. */
export function section(title, ...children) {
  return h('section.part', h('h2', title), children);
}

/** What stands where something is on its way. */
export function waiting(text = 'Loading') {
  return h('div.waiting', { role: 'status' }, h('span.hidden-text', text), h('i'), h('i'), h('i'));
}

/** What went wrong, and a way to try it again. */
export function failed(problem, again) {
  return h(
    'div.failed',
    { role: 'alert' },
    h('p', problem.message),
    again && h('button', { type: 'button', onclick: again }, 'Try again'),
  );
}

/**
 * A choice of one among few.
 * @param {string} label
 * @param {{key: string, name: string}[]} choices
 */
export function choice(label, choices, chosen, onChoose) {
  return h(
    'div.choice',
    { role: 'group', 'aria-label': label },
    choices.map(({ key, name }) =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(key === chosen),
          onclick: () => onChoose(key),
        },
        name,
      ),
    ),
  );
}

/** A choice among many. */
export function selection(label, choices, chosen, onChoose) {
  return h(
    'label.selection',
    h('span', label),
    h(
      'select',
      { onchange: event => onChoose(event.target.value) },
      choices.map(({ key, name }) => h('option', { value: key, selected: key === chosen }, name)),
    ),
  );
}

/** Only the last of what was begun is heard; those before are ended. */
export function latestOnly() {
  let ending = null;
  return async work => {
    ending?.abort();
    const mine = (ending = new AbortController());
    try {
      await work(mine.signal, () => mine.signal.aborted);
    } catch (error) {
      if (!mine.signal.aborted) throw error;
    }
  };
}
