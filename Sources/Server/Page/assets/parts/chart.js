/**
 * Charts over time, drawn by uPlot. The pointer or the arrow keys read them, a drag looks at a shorter time, a click or Enter
 * asks where a number is from.
 */
import { css } from './colors.js';
import { fill, h } from './dom.js';
import { compact, number } from './format.js';
import { drawMarks, imageOf, shadeNotes, shadeOpen, shadeTarget, showTip } from './marks.js';
import { loadUPlot } from './vendor.js';
import { zone } from '../data/zone.js';

/**
 * @typedef {{name: string, color: string, values: (number | null)[], kind?: 'line' | 'bars' | 'dashes' | 'faint'}} Line
 * @typedef {{index: number, line: number, kind: 'outlier' | 'restated'}} Mark
 * @typedef {{
 *   label: string, timesMs: number[], lines: Line[], everyMs: number, height?: number,
 *   notes?: {sinceMs: number, untilMs: number}[], unit?: string, target?: {edges: number[], value: number},
 *   firstOpen?: number, band?: {lower: (number | null)[], upper: (number | null)[], color: string}, marks?: Mark[],
 *   onRange?: (sinceMs: number, untilMs: number) => void, onPick?: (index: number, line: number) => void,
 * }} ChartSpec `firstOpen` is the first place that is provisional
 */

/**
 * Draws into `root` in place of what was there. Where only numbers have changed the chart stays, with the pointer on it.
 * @param {HTMLElement} root
 * @param {ChartSpec} spec
 * @returns {Promise<{image: () => Promise<Blob>} | null>} null where uPlot is missing
 */
export async function drawChart(root, spec) {
  const uPlot = await loadUPlot();
  if (!uPlot) {
    fill(
      root,
      h(
        'p.notice',
        'Charts need uPlot, which is not among the files of this server: scripts/setup fetches it. The table has all numbers.',
      ),
    );
    return null;
  }
  const look = lookOf(spec);
  const isSame = root.chart && root.look === look && root.contains(root.chart.root);
  Object.assign(root, { spec, look });
  if (isSame) root.chart.setData(dataOf(spec));
  else begin(uPlot, root);
  return { image: () => imageOf(root) };
}

/** All but the numbers. */
function lookOf({ label, lines, band, height, onRange }) {
  const { theme } = document.documentElement.dataset;
  return JSON.stringify([
    label,
    lines.map(({ name, color, kind }) => [name, color, kind]),
    band?.color,
    height,
    Boolean(onRange),
    theme,
    zone(),
  ]);
}

function begin(uPlot, root) {
  root.chart?.destroy();
  const height = root.spec.height ?? 320;
  const tip = h('div.tip', { hidden: true });
  fill(root);
  const chart = new uPlot(options(uPlot, root, tip, height), dataOf(root.spec), root);
  root.chart = chart;
  root.classList.add('chart');
  chart.over.append(tip);
  reach(root, chart, tip);
  root.resizing?.disconnect();
  root.resizing = new ResizeObserver(() => {
    if (root.clientWidth && root.clientWidth !== chart.width) chart.setSize({ width: root.clientWidth, height });
  });
  root.resizing.observe(root);
}

/** Lines as uPlot has them: what is provisional is a line of its own, dashed, from the last final point on. */
function dataOf({ timesMs, lines, band, firstOpen }) {
  const open = firstOpen ?? timesMs.length;
  const finals = lines.map(({ values }) => values.map((value, index) => (index < open ? value : null)));
  const provisional = lines.map(({ values }) => values.map((value, index) => (index >= open - 1 ? value : null)));
  const bounds = band ? [band.upper, band.lower] : [];
  return [timesMs.map(ms => ms / 1000), ...bounds, ...finals, ...provisional];
}

function options(uPlot, root, tip, height) {
  const { lines, band, onRange } = root.spec;
  const style = ({ color, kind }, isProvisional) => ({
    stroke: kind === 'faint' ? css('--ink-3') : color,
    width: kind === 'faint' ? 1.25 : 1.75,
    dash: kind === 'dashes' ? [2, 3] : isProvisional ? [5, 4] : undefined,
    spanGaps: false,
    points: { show: false },
    ...(kind === 'bars' && {
      paths: uPlot.paths.bars({ size: [0.7, 48] }),
      fill: isProvisional ? `${color}66` : color,
      width: 0,
    }),
  });
  const bound = { stroke: 'transparent', points: { show: false } };
  return {
    width: root.clientWidth || 600,
    height,
    padding: [10, 18, 0, 0],
    legend: { show: false },
    tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), zone()),
    cursor: {
      y: false,
      points: { size: 7, width: 2 },
      focus: { prox: 24 },
      drag: { x: Boolean(onRange), y: false, setScale: false },
    },
    focus: { alpha: lines.length > 3 ? 0.35 : 1 },
    scales: {
      y: {
        // The target is always seen.
        range: (_, low, high) =>
          rangeOf(
            low === null ? low : Math.min(low, ...edgesIn(root)),
            high === null ? high : Math.max(high, ...edgesIn(root)),
            lines.some(({ kind }) => kind === 'bars'),
          ),
      },
    },
    axes: [
      { ...axis(), space: 70, size: 34, values: timeLabels(uPlot) },
      { ...axis(), size: axisWidth, values: (_, splits) => splits.map(tick(splits)) },
    ],
    series: [
      {},
      ...(band ? [bound, bound] : []),
      ...lines.map(line => style(line, false)),
      ...lines.map(line => style(line, true)),
    ],
    bands: band ? [{ series: [1, 2], fill: `${band.color}1f` }] : [],
    hooks: {
      drawClear: [
        chart => shadeOpen(chart, root.spec),
        chart => shadeTarget(chart, root.spec),
        chart => shadeNotes(chart, root.spec),
      ],
      draw: [chart => drawMarks(chart, root.spec)],
      setCursor: [chart => showTip(chart, root.spec, tip)],
      setSelect: [
        chart => {
          const { left, width } = chart.select;
          if (width < 5) return;
          chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          root.spec.onRange?.(chart.posToVal(left, 'x') * 1000, chart.posToVal(left + width, 'x') * 1000);
        },
      ],
    },
  };
}

function edgesIn({ spec: { target } }) {
  return target?.edges ?? [];
}

function axis() {
  return {
    stroke: css('--ink-2'),
    font: `11px ${css('--font')}`,
    gap: 6,
    grid: { stroke: css('--line'), width: 1 },
    ticks: { show: false },
  };
}

/** Bars begin at nothing; lines have some room above and below. */
function rangeOf(low, high, hasBars) {
  if (low === null || high === null) return [0, 1];
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1];
  const room = (high - low) * 0.08;
  if (hasBars) return [Math.min(0, low), high + room];
  return [low >= 0 && low < room ? 0 : low - room, high + room];
}

/** With as many decimals as tell one step from the next. */
function tick(splits) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  let decimals = 0;
  while (decimals < 8 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals += 1;
  return value => (value === null ? '' : Math.abs(value) >= 10_000 ? compact(value) : number(value, decimals));
}

function axisWidth(chart, labels) {
  const longest = (labels ?? []).reduce((most, label) => Math.max(most, label.length), 0);
  return Math.max(36, longest * 7 + 14);
}

/** Clock times, with the day where a new one begins, in 24 hours. */
function timeLabels(uPlot) {
  const clock = uPlot.fmtDate('{HH}:{mm}');
  const exact = uPlot.fmtDate('{HH}:{mm}:{ss}');
  const day = uPlot.fmtDate('{D} {MMM}');
  const year = uPlot.fmtDate('{YYYY}');
  return (chart, splits) => {
    const step = splits[1] - splits[0];
    let before = null;
    return splits.map(seconds => {
      const date = uPlot.tzDate(new Date(seconds * 1000), zone());
      const [thisDay, thisYear] = [day(date), year(date)];
      const isNewDay = before === null || before.thisDay !== thisDay;
      const isNewYear = before === null || before.thisYear !== thisYear;
      before = { thisDay, thisYear };
      if (step >= 86_400) return isNewYear ? `${thisDay}\n${thisYear}` : thisDay;
      return (step < 60 ? exact : clock)(date) + (isNewDay ? `\n${thisDay}` : '');
    });
  };
}

/** Reading by keys and picking. */
function reach(root, chart, tip) {
  Object.assign(root, { tabIndex: 0 });
  root.setAttribute('role', 'group');
  root.setAttribute('aria-roledescription', 'chart');
  root.setAttribute('aria-label', `${root.spec.label}. Arrow keys read it; the table has the same numbers.`);
  let nearest = 0;
  chart.over.addEventListener('mousemove', () => {
    const { idx: index, top } = chart.cursor;
    if (index === null || index === undefined) return;
    const { lines } = root.spec;
    const distance = ({ values }) =>
      values[index] === null ? Infinity : Math.abs(chart.valToPos(values[index], 'y') - top);
    nearest = lines.reduce((best, line, place) => (distance(line) < distance(lines[best]) ? place : best), 0);
  });
  chart.over.addEventListener('click', () => {
    const { idx: index } = chart.cursor;
    if (index !== null && index !== undefined) root.spec.onPick?.(index, nearest);
  });
  root.onkeydown = event => {
    const { timesMs, onPick } = root.spec;
    const index = chart.cursor.idx ?? timesMs.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (event.key !== 'Enter' && !(event.key in steps)) return;
    event.preventDefault();
    if (event.key === 'Enter') return onPick?.(index, nearest);
    const next = Math.min(timesMs.length - 1, Math.max(0, index + steps[event.key]));
    chart.setCursor({ left: chart.valToPos(timesMs[next] / 1000, 'x'), top: chart.over.clientHeight / 2 });
    tip.setAttribute('role', 'status');
  };
}
