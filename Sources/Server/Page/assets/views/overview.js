/** All at a glance: a card for each KPI, what needs eyes first, and the streams that bring the events. */
import { urlOf } from '../app/state.js';
import { catalogue } from '../data/catalogue.js';
import { getAll } from '../data/api.js';
import { glanceAt, urgencyOf } from '../data/glance.js';
import { name as quotedName } from '../data/nql.js';
import { range } from '../data/range.js';
import { count, moment, text } from '../parts/columns.js';
import { bucketTime, compact, decimalsOf, duration, number, percent } from '../parts/format.js';
import { fill, h } from '../parts/dom.js';
import { spark } from '../parts/spark.js';
import { gauge, measured } from '../parts/target.js';
import { dataTable } from '../parts/table.js';
import { changeText, failed, latestOnly, section, tag, waiting } from '../parts/words.js';

export const usesRange = true;
export const title = () => 'Overview';

/** So many cards are asked for at a time: as many as the server runs queries. */
const askedAtOnce = 4;
const mostGroups = 4;

export function open(root) {
  const cards = h('div.cards', waiting());
  const streams = h('div');
  const sources = h('div');
  root.append(cards, section('Streams', streams), section('Sources', sources));
  const lately = latestOnly();
  let shown = new Map();

  async function update(reason) {
    if (reason === 'theme') return;
    drawStreams(streams);
    drawSources(sources);
    await lately(async signal => {
      const { kpis } = catalogue;
      if (!kpis.length) return fill(cards, noKpis());
      const isFirst = !shown.size;
      const glances = new Map();
      const left = [...kpis];
      const draw = () => {
        shown = new Map(
          kpis.map(kpi => [kpi, glances.get(kpi) ?? [...shown].find(([{ name }]) => name === kpi.name)?.[1]]),
        );
        const entries = [...shown].sort(
          ([a, one], [b, other]) => urgencyOf(other) - urgencyOf(one) || a.name.localeCompare(b.name),
        );
        const focused = document.activeElement?.closest?.('.card')?.dataset.kpi;
        fill(
          cards,
          entries.map(([kpi, glance]) => card(kpi, glance)),
        );
        if (focused) [...cards.children].find(({ dataset }) => dataset.kpi === focused)?.focus();
      };
      await Promise.all(
        Array.from({ length: askedAtOnce }, async () => {
          for (let kpi = left.shift(); kpi; kpi = left.shift()) {
            try {
              glances.set(kpi, await glanceAt(kpi, range(kpi.stream), signal));
            } catch (problem) {
              if (signal.aborted) return;
              glances.set(kpi, { problem });
            }
            // At first each card comes when it can; later all change at once, so that nothing jumps about.
            if (isFirst && !signal.aborted) draw();
          }
        }),
      );
      if (!signal.aborted) draw();
    });
  }

  update('state');
  return { update, close: () => lately(() => {}) };
}

function card(kpi, glance) {
  const link = urlOf('kpi', { kpi: kpi.name });
  if (!glance) return h('article.card', h('h3', kpi.name), waiting());
  const head = h(
    'header',
    h('h3', kpi.name),
    glance.alert && tag(glance.alert, glance.alert === 'firing' ? 'bad' : 'warn'),
    kpi.progress < 1 && tag(`${Math.floor(kpi.progress * 100)} % filled`, 'warn'),
  );
  const frame = (...content) =>
    h(
      'a',
      {
        class: `card${glance.alert === 'firing' ? ' is-firing' : ''}`,
        href: link,
        'data-inner': true,
        'data-kpi': kpi.name,
      },
      head,
      content,
    );
  if (glance.problem) return frame(h('p.fault', glance.problem.message));
  if (!glance.last) return frame(h('p.quiet', 'No data in this time'));
  const { item, last, meaning, change, values, firstOpen, others, groups, groupCount, everyMs } = glance;
  const decimals = decimalsOf([...values, ...groups.map(({ value }) => value)], 3);
  return frame(
    h(
      'div.card-main',
      h(
        'div',
        h('div.figure', measured(last.value, decimals, meaning)),
        h('div.card-of', groupCount > 1 ? `${item}, all ${number(groupCount, 0)}` : item),
      ),
      spark(values, { firstOpen, isWide: true }),
    ),
    gauge(meaning, last.value),
    h(
      'div.card-facts',
      change &&
        changeText(
          `${percent(change.value)} on ${change.length} before`,
          change.value,
          `the bucket of ${bucketTime(change.timeMs, everyMs)}, the last final one`,
        ),
      h(
        'span',
        bucketTime(last.timeMs, everyMs),
        ' ',
        h('span', { class: `state-word state-${last.state}` }, last.state),
      ),
    ),
    groups.length > 1 &&
      h(
        'table.card-groups',
        h('caption.hidden-text', `Groups of ${kpi.name}`),
        h(
          'tbody',
          groups
            .slice(0, mostGroups)
            .map(group =>
              h(
                'tr',
                h('th', { scope: 'row' }, group.name),
                group.values && h('td', spark(group.values, { firstOpen })),
                h('td.number', number(group.value, decimals)),
                h('td.number', changeText(percent(group.change), group.change)),
              ),
            ),
        ),
      ),
    groupCount > mostGroups &&
      h(
        'p.quiet.small',
        `and ${number(groupCount - mostGroups, 0)} more; ${groups[0].change === null ? 'the greatest' : 'those that changed most'} come first`,
      ),
    others.length > 0 &&
      h(
        'dl.card-others',
        others.map(({ name, value }) => h('div', h('dt', name), h('dd', compact(value)))),
      ),
  );
}

function noKpis() {
  const example = `DEFINE KPI amount AS count(*) AS n FROM ${quotedName(catalogue.streams[0].name)} EVERY 1h`;
  return h(
    'div.note',
    h('p', 'There is no KPI yet. One would be:'),
    h('pre', { tabindex: 0, 'aria-label': 'Example' }, example),
    h('a.button', { 'data-inner': true, href: urlOf('explore', { q: example }) }, 'Open in Explore'),
  );
}

function drawStreams(root) {
  const lag = ({ watermark }) => (watermark ? (Date.now() - Date.parse(watermark)) / 1000 : null);
  fill(
    root,
    dataTable({
      label: 'Streams',
      before: root,
      rows: catalogue.streams,
      heightPx: 360,
      empty: 'No stream yet',
      columns: [
        text('stream', 'name'),
        count('events', 'events'),
        {
          name: 'a second',
          isNumber: true,
          value: ({ name }) => catalogue.rates.get(name) ?? null,
          show: ({ name }) => (catalogue.rates.has(name) ? number(catalogue.rates.get(name), 1) : '–'),
        },
        moment('newest', 'last_time', 'second'),
        { name: 'watermark behind', isNumber: true, value: lag, show: row => duration(lag(row)) },
        count('late', 'late'),
        count('twice', 'duplicates'),
        count('rejected', 'rejected'),
      ],
    }),
  );
}

async function drawSources(root) {
  try {
    const { sources, next } = await getAll('v1/sources', 'sources', {}, { most: 1000 });
    fill(
      root,
      dataTable({
        label: 'Sources',
        before: root,
        rows: sources,
        empty: 'No source yet',
        columns: [
          { ...text('source', 'source'), show: ({ source }) => source.split('/').pop() || source },
          text('stream', 'stream'),
          {
            name: 'state',
            value: row => (row.is_open ? 'open' : 'closed'),
            show: row => tag(row.is_open ? 'open' : 'closed', row.is_open ? 'good' : ''),
          },
          count('events', 'events'),
          moment('event time', 'watermark', 'second'),
          moment('last seen', 'last_received', 'second'),
        ],
      }),
      next && h('p.quiet.small', 'There are more; these are the first 1,000.'),
    );
  } catch (problem) {
    fill(root, failed(problem));
  }
}
