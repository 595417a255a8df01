/** Keys that work everywhere but in fields, and the list of them. */
import { shift } from '../data/range.js';
import { dialog, h } from '../parts/dom.js';
import { open, stateOf, urlOf } from './state.js';

const views = { o: 'overview', k: 'kpi', e: 'explore', l: 'ledger', p: 'operation' };

const list = [
  ['g o', 'Overview'],
  ['g k', 'KPIs'],
  ['g e', 'Explore'],
  ['g l', 'Ledger'],
  ['g p', 'Operation'],
  ['w', 'Wall; Escape leaves it'],
  ['r', 'Choose the time'],
  ['[  ]', 'The time before, the time after'],
  ['.', 'Pause, go on'],
  ['t', 'Dark, light'],
  ['←  →', 'Within a chart: read it'],
  ['Enter', 'Within a chart or on a row: why this number'],
  ['Ctrl Enter', 'In the editor: run'],
  ['Ctrl Space', 'In the editor: complete'],
  ['Escape', 'Close'],
  ['?', 'This list'],
];

/** Shows the list. */
export function keysDialog() {
  if (document.querySelector('dialog[open]')) return;
  const box = dialog(
    h(
      'div',
      h('h2', 'Keys'),
      h(
        'dl.keys',
        list.map(([keys, what]) =>
          h(
            'div',
            h(
              'dt',
              keys.split(/ +/).map(key => h('kbd', key)),
            ),
            h('dd', what),
          ),
        ),
      ),
      h('div.row.end', h('button', { type: 'button', class: 'primary', onclick: () => box.close() }, 'Close')),
    ),
    { label: 'Keys' },
  );
}

export function listenToKeys(shell) {
  let isGoing = false;
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.target.closest?.('input, textarea, select, .CodeMirror')) return;
    if (isGoing && event.key in views) {
      isGoing = false;
      open(urlOf(views[event.key]));
      return;
    }
    isGoing = event.key === 'g';
    const action = {
      '?': keysDialog,
      '.': shell.toggleLive,
      t: shell.toggleTheme,
      w: () => open(urlOf('wall')),
      r: () => shell.picker.open(),
      '[': () => shift(-1),
      ']': () => shift(1),
      Escape: () => {
        if (stateOf('view') === 'wall') open(urlOf('overview'));
      },
    }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
