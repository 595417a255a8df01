/** What is drawn over and beside the lines of a chart: the ground of what is provisional, marks, the box at the pointer. */
import { css } from './colors.js';
import { fill, h } from './dom.js';
import { bucketTime, decimalsOf, number } from './format.js';

const mostInTip = 10;

/** The ground under what is provisional. */
export function shadeOpen(chart, { timesMs, firstOpen }) {
  if (firstOpen === undefined || firstOpen >= timesMs.length) return;
  const { ctx, bbox } = chart;
  const from = firstOpen > 0 ? (timesMs[firstOpen - 1] + timesMs[firstOpen]) / 2 : timesMs[0];
  const left = Math.max(bbox.left, chart.valToPos(from / 1000, 'x', true));
  ctx.fillStyle = css('--open-ground');
  ctx.fillRect(left, bbox.top, bbox.left + bbox.width - left, bbox.height);
}

/** The target as a line, its band as a ground. */
export function shadeTarget(chart, { target }) {
  if (!target) return;
  const { ctx, bbox } = chart;
  const place = value => chart.valToPos(value, 'y', true);
  const [low, high] = [place(target.edges[0]), place(target.edges.at(-1))];
  ctx.fillStyle = css('--good-ground');
  ctx.fillRect(bbox.left, high, bbox.width, low - high);
  ctx.fillStyle = css('--good');
  ctx.fillRect(bbox.left, place(target.value) - devicePixelRatio / 2, bbox.width, devicePixelRatio);
}

/** The times that notes are of. */
export function shadeNotes(chart, { notes = [] }) {
  const { ctx, bbox } = chart;
  ctx.fillStyle = `${css('--series-4')}2e`;
  for (const { sinceMs, untilMs } of notes) {
    const place = ms => chart.valToPos(ms / 1000, 'x', true);
    const [left, right] = [Math.max(bbox.left, place(sinceMs)), Math.min(bbox.left + bbox.width, place(untilMs))];
    ctx.fillRect(left, bbox.top, Math.max(2 * devicePixelRatio, right - left), bbox.height);
  }
}

/** Outliers on their line; what was restated at the foot, where many of them stay calm. */
export function drawMarks(chart, { timesMs, lines, marks = [] }) {
  const { ctx, bbox } = chart;
  const size = devicePixelRatio;
  ctx.save();
  ctx.setLineDash([]);
  for (const { index, line, kind } of marks) {
    const value = lines[line]?.values[index];
    if (value === null || value === undefined) continue;
    const x = chart.valToPos(timesMs[index] / 1000, 'x', true);
    if (kind === 'restated') {
      ctx.fillStyle = css('--warn');
      ctx.fillRect(x - size, bbox.top + bbox.height - 7 * size, 2 * size, 7 * size);
      continue;
    }
    ctx.beginPath();
    ctx.arc(x, chart.valToPos(value, 'y', true), 4 * size, 0, 2 * Math.PI);
    ctx.lineWidth = 1.5 * size;
    ctx.fillStyle = css('--bad');
    ctx.strokeStyle = css('--surface');
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

/** All lines at the pointer: those of the greatest values first where they are many. */
export function showTip(chart, { timesMs, lines, everyMs, firstOpen, unit, marks = [] }, tip) {
  const { idx: index, left } = chart.cursor;
  tip.hidden = index === null || index === undefined || left < 0;
  if (tip.hidden) return;
  const decimals = decimalsOf(lines.map(({ values }) => values[index]));
  const here = lines
    .map((line, place) => ({ ...line, place, value: line.values[index] }))
    .filter(({ value }) => value !== null);
  if (lines.length > 3) here.sort((one, other) => other.value - one.value);
  fill(
    tip,
    h(
      'div.tip-time',
      bucketTime(timesMs[index], everyMs),
      firstOpen !== undefined && index >= firstOpen && h('span.tag', 'provisional'),
    ),
    here.slice(0, mostInTip).map(({ name, color, kind, value, place }) =>
      h(
        'div.tip-row',
        h('i', { style: { background: kind === 'faint' ? css('--ink-3') : color } }),
        h('span', name),
        h('b', number(value, decimals), unit && `\u00a0${unit}`),
        marks.filter(mark => mark.index === index && mark.line === place).map(({ kind: what }) => h('em', what)),
      ),
    ),
    here.length > mostInTip && h('div.tip-more', `and ${here.length - mostInTip} more`),
  );
  const isRight = left > chart.over.clientWidth / 2;
  Object.assign(tip.style, {
    left: isRight ? '' : `${left + 14}px`,
    right: isRight ? `${chart.over.clientWidth - left + 14}px` : '',
  });
}

/** The chart as a PNG, with its label and on the page's ground. */
export function imageOf({ chart, spec: { label } }) {
  const drawn = chart.ctx.canvas;
  const head = 34 * devicePixelRatio;
  const canvas = h('canvas', { width: drawn.width, height: drawn.height + head });
  const context = canvas.getContext('2d');
  context.fillStyle = css('--surface');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = css('--ink');
  context.font = `600 ${14 * devicePixelRatio}px ${css('--font')}`;
  context.fillText(label, 12 * devicePixelRatio, 22 * devicePixelRatio);
  context.drawImage(drawn, 0, head);
  return new Promise(resolve => canvas.toBlob(resolve, 'image/png'));
}
