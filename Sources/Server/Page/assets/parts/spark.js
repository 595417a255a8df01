/** Small lines without axes, for a glance. The number beside them says what they end with. */
import { s } from './dom.js';

const [width, height] = [120, 32];

/**
 * @param {(number | null)[]} values
 * @param {{firstOpen?: number, color?: string}} [options] `firstOpen` is the first place that is provisional
 */
export function spark(values, { firstOpen = values.length, isWide = false } = {}) {
  const there = values.filter(value => value !== null);
  const low = Math.min(...there);
  const high = Math.max(...there);
  const x = index => (values.length > 1 ? (index / (values.length - 1)) * width : width / 2);
  const y = value => (high === low ? height / 2 : height - 3 - ((value - low) / (high - low)) * (height - 6));
  const path = (from, to) => {
    let text = '';
    let isDown = false;
    for (let index = Math.max(0, from); index < to; index += 1) {
      if (values[index] === null) isDown = false;
      else {
        text += `${isDown ? 'L' : 'M'}${x(index).toFixed(1)} ${y(values[index]).toFixed(1)}`;
        isDown = true;
      }
    }
    return text;
  };
  const line = path(0, firstOpen);
  const [first, last] = [values.findIndex(value => value !== null), values.findLastIndex(value => value !== null)];
  const area =
    first < 0 ? '' : `${path(0, values.length)}L${x(last).toFixed(1)} ${height}L${x(first).toFixed(1)} ${height}Z`;
  return s(
    'svg',
    {
      class: isWide ? 'spark wide' : 'spark',
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    },
    isWide && !values.slice(first, last).includes(null) && s('path.area', { d: area }),
    s('path', { d: line }),
    firstOpen < values.length && s('path.open', { d: path(firstOpen - 1, values.length) }),
  );
}
