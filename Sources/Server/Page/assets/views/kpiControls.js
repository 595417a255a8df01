/** What is chosen of a KPI: the value, the groups, and what is drawn beside them. All of it is in the URL. */
import { change, stateOf } from '../app/state.js';
import { catalogue } from '../data/catalogue.js';
import { together } from '../data/kpiData.js';
import { lengthMs } from '../data/range.js';
import { fill, h } from '../parts/dom.js';
import { selection } from '../parts/words.js';

export function drawControls(root, kpi, { items, item, groups, chosen }) {
  // Drawn anew for another choice alone: what comes must not close a list that is open.
  const look = JSON.stringify([
    location.search,
    kpi.name,
    catalogue.kpis.length,
    items,
    item,
    groups.length,
    chosen.map(({ key }) => key),
  ]);
  if (root.look === look) return;
  root.look = look;
  const option = (name, label, choices) =>
    selection(label, [{ key: '', name: 'off' }, ...choices], stateOf(name, ''), key => change({ [name]: key || null }));
  const lengthsOf = keys => keys.map(([key, name]) => ({ key, name }));
  const isSub = lengthMs(kpi.every) < 86_400_000;
  fill(
    root,
    selection(
      'KPI',
      catalogue.kpis.map(({ name }) => ({ key: name, name })),
      kpi.name,
      name => change({ kpi: name, item: null, group: null }),
    ),
    items.length > 1 &&
      selection(
        'Value',
        items.map(name => ({ key: name, name })),
        item,
        name => change({ item: name === items[0] ? null : name }),
      ),
    groups.length > 1 && groupPicker(groups, chosen),
    option(
      'before',
      'Time before',
      lengthsOf([
        ...(isSub ? [['1d', '1 day']] : []),
        ['1w', '1 week'],
        ['4w', '4 weeks'],
        ...(isSub ? [] : [['1y', '1 year']]),
      ]),
    ),
    option(
      'usual',
      'Usual',
      lengthsOf([...(isSub ? [['24h', 'of 24 hours']] : []), ['7d', 'of 7 days'], ['28d', 'of 28 days']]),
    ),
    !kpi.rolling &&
      option(
        'rolling',
        'Rolling',
        lengthsOf([...(isSub ? [['24h', '24 hours']] : []), ['7d', '7 days'], ['28d', '28 days']]),
      ),
    chosen.length === 1 && option('form', 'Bars', [{ key: 'bars', name: 'on' }]),
  );
}

/** A field that adds a group by its name; those that are drawn are taken away in the legend. */
function groupPicker(groups, chosen) {
  const known = new Set(chosen.map(({ key }) => key));
  const keys = chosen.map(({ key }) => key);
  const others = [{ key: together, name: 'all together' }, ...groups].filter(({ key }) => !known.has(key));
  const input = h('input', {
    list: 'groups',
    placeholder: 'add one',
    'aria-label': 'Add a group',
    onchange: event => {
      const found = others.find(({ name }) => name === event.target.value);
      if (found) change({ group: [...keys, found.key] });
    },
  });
  return h(
    'label.selection',
    h('span', `Groups (${groups.length})`),
    input,
    h(
      'datalist',
      { id: 'groups' },
      others.slice(0, 2000).map(({ name }) => h('option', { value: name })),
    ),
  );
}
