/** Begins: the shell, the views, and what keeps them up to date. */
import { catalogue, onCatalogue, refresh } from '../data/catalogue.js';
import { waiting } from '../parts/words.js';
import { listenToKeys } from './keys.js';
import { makeShell } from './shell.js';
import { change, onChange, state, stateOf } from './state.js';
import * as empty from '../views/empty.js';
import * as explore from '../views/explore.js';
import * as kpi from '../views/kpi.js';
import * as ledger from '../views/ledger.js';
import * as operation from '../views/operation.js';
import * as overview from '../views/overview.js';
import * as wall from '../views/wall.js';

/**
 * A view is a module with `title`, whether it `usesRange`, and `open`, which draws into a root and gives `update` and `close`.
 * `update` is called with what has changed: `state` (the URL), `data` (events have come), or `theme`.
 */
const views = { overview, kpi, explore, ledger, operation, wall };

const shell = makeShell();
let shown = { name: null, instance: null };

function show(reason) {
  const wanted = stateOf('view', 'overview');
  let name = wanted in views ? wanted : 'overview';
  if (!catalogue.isLoaded) return;
  const isEmpty = !catalogue.streams.length && ['overview', 'kpi', 'wall'].includes(name);
  const view = isEmpty ? empty : views[name];
  if (isEmpty) name = 'empty';
  if (shown.name === name) {
    shown.instance.update(reason);
  } else {
    shown.instance?.close?.();
    shown = { name, instance: null };
    shell.showView(name, view);
    shown.instance = view.open(shell.root);
  }
  shell.update(view);
}

onChange(() => show('state'));
onCatalogue(({ isNew, hasCome }) => {
  shell.tellConnection();
  if (catalogue.goneSinceMs !== null) return;
  if (isNew || shown.name === null || shown.name === 'empty') show('state');
  else if (hasCome) show('data');
});
shell.onTheme(() => show('theme'));
listenToKeys(shell);

shell.root.append(waiting());
// `?view=` of a page that is not there, and old names, do not stay in the URL.
if (state().get('view') && !(stateOf('view') in views)) change({ view: null }, { replace: true });
refresh();
