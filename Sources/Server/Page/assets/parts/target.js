/** A number with its unit, and where it stands in the bands of its target. */
import { standingOf } from '../data/meaning.js';
import { h, s } from './dom.js';
import { number } from './format.js';

const [width, height] = [200, 10];
const words = { good: 'on target', near: 'near the target', bad: 'off target' };

/** The number, its unit behind it. */
export function measured(value, decimals, { unit }) {
  return [number(value, decimals), unit && h('span.unit', `\u00a0${unit}`)];
}

/** A number as somebody wrote it. */
export function written(value) {
  return value.toLocaleString('en', { maximumFractionDigits: 6 }).replace('-', '−');
}

/** Of all edges that a target has, in order. */
export function edgesOf({ target, target_low: low, target_high: high }) {
  return [...new Set([low, target, high])].filter(edge => edge !== undefined);
}

/** The bands with a mark at the number, and what they say in words; nothing where there is no target. */
export function gauge(meaning, value) {
  const { target, target_low: low, target_high: high, better } = meaning;
  if (target === undefined || value === null || value === undefined) return null;
  const edges = edgesOf(meaning);
  const [least, most] = [Math.min(...edges, Number(value)), Math.max(...edges, Number(value))];
  const room = (most - least) * 0.25 || Math.abs(target) * 0.25 || 1;
  const x = place => ((place - least + room) / (most - least + 2 * room)) * width;
  const cuts = [least - room, ...edges, most + room];
  const standing = standingOf(meaning, value);
  const side = better === 'higher' ? 'at least ' : better === 'lower' ? 'at most ' : '';
  const band = low === undefined ? '' : `, ${written(low)} to ${written(high)}`;
  return h(
    'div.gauge',
    s(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      cuts.slice(1).map((cut, index) =>
        s('rect', {
          class: `zone ${standingOf(meaning, (cuts[index] + cut) / 2) ?? ''}`,
          x: x(cuts[index]),
          width: x(cut) - x(cuts[index]),
          y: 3,
          height: 4,
        }),
      ),
      s('rect.aim', { x: x(target) - 0.5, width: 1, y: 1, height: 8 }),
      s('rect.here', { x: x(Number(value)) - 1.5, width: 3, y: 0, height }),
    ),
    h(
      'span',
      standing && h('b', { class: `standing ${standing}` }, words[standing]),
      standing && ', ',
      `target ${side}${written(target)}${meaning.unit ? `\u00a0${meaning.unit}` : ''}${band}`,
    ),
  );
}
