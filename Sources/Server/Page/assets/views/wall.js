/** A screen in the hall: a few large numbers that are read at a distance, and change by themselves. Escape leaves it. */
import { state, stateOf, urlOf } from '../app/state.js';
import { catalogue } from '../data/catalogue.js';
import { glanceAt } from '../data/glance.js';
import { range } from '../data/range.js';
import { changesOnShift } from '../data/shifts.js';
import { fill, h } from '../parts/dom.js';
import { bucketTime, decimalsOf, number, percent, time } from '../parts/format.js';
import { spark } from '../parts/spark.js';
import { gauge, measured } from '../parts/target.js';
import { changeText, tag } from '../parts/words.js';

export const usesRange = false;
export const title = () => 'Wall';

/** A KPI with its groups stands so long. */
const turnMs = 15_000;
const mostGroups = 6;

export function open(root) {
  const screen = h('div.wall');
  const clock = h('div.wall-clock');
  const dots = h('div.wall-dots', { 'aria-hidden': 'true' });
  root.append(
    screen,
    h(
      'footer.wall-foot',
      dots,
      h('a', { href: urlOf('overview'), 'data-inner': true, class: 'wall-exit' }, 'Leave'),
      clock,
    ),
  );
  let turn = 0;
  let ending = new AbortController();

  /** Those of the URL (`kpi`, several times), else all. */
  function chosen() {
    const names = state().getAll('kpi');
    return catalogue.kpis.filter(({ name }) => !names.length || names.includes(name));
  }

  async function draw() {
    ending.abort();
    const { signal } = (ending = new AbortController());
    const kpis = chosen();
    clock.textContent = time(Date.now(), 'clock');
    if (!kpis.length) return fill(screen, h('p.empty', 'There is no KPI to show.'));
    const kpi = kpis[turn % kpis.length];
    fill(
      dots,
      kpis.map((_, index) => h('i', { class: index === turn % kpis.length ? 'now' : null })),
    );
    try {
      const glance = await glanceAt(kpi, range(kpi.stream), signal);
      if (glance.finalMs) await compareShifts(kpi, glance, signal);
      if (!signal.aborted) fill(screen, face(kpi, glance));
    } catch (problem) {
      if (!signal.aborted) fill(screen, h('h2', kpi.name), h('p.fault', problem.message));
    }
  }

  const timer = setInterval(() => {
    if (stateOf('live') === 'off') return;
    turn += 1;
    draw();
  }, turnMs);
  draw();
  return {
    update: draw,
    close() {
      clearInterval(timer);
      ending.abort();
    },
  };
}

/** Where there are shifts, changes are told on the one before; up to the end of the last final bucket. */
async function compareShifts(kpi, glance, signal) {
  const hasGroups = glance.groupCount > 1 && glance.groupCount <= mostGroups;
  const end = glance.finalMs + glance.everyMs;
  const changeOf = await changesOnShift(kpi, glance.item, end, hasGroups, signal);
  if (!changeOf) return;
  const value = changeOf([]);
  glance.change = value === null ? null : { value, length: 'the shift' };
  for (const group of glance.groups) group.change = hasGroups ? changeOf(group.labels) : null;
}

function face(kpi, { last, item, meaning, standing, change, values, firstOpen, groups, everyMs, alert }) {
  if (!last) return [h('h2', kpi.name), h('p.quiet', 'No data in this time')];
  const decimals = decimalsOf([...values, ...groups.map(({ value }) => value)], 3);
  return [
    h('header', h('h2', kpi.name), h('span.wall-item', item), alert && tag(alert, alert === 'firing' ? 'bad' : 'warn')),
    h('div', { class: `wall-figure standing ${standing ?? ''}` }, measured(last.value, decimals, meaning)),
    gauge(meaning, last.value),
    h(
      'div.wall-facts',
      change && changeText(`${percent(change.value)} on ${change.length} before`, change.value),
      h('span', `${bucketTime(last.timeMs, everyMs)}, ${last.state}`),
    ),
    spark(values, { firstOpen, isWide: true }),
    groups.length > 1 &&
      h(
        'div.wall-groups',
        groups
          .slice(0, mostGroups)
          .map(group =>
            h(
              'div',
              h('div.wall-item', group.name),
              h('div.wall-small', number(group.value, decimals)),
              group.change !== null && changeText(percent(group.change), group.change),
            ),
          ),
      ),
  ];
}
