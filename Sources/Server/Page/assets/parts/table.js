/**
 * Tables that are sorted by a click, and of which only the rows that are seen are elements: 100,000 rows scroll as ten do.
 */
import { h, fill } from './dom.js';
import { decimalsOf, number, time } from './format.js';

const rowHeightPx = 32;
const sparePx = 320;
const sampled = 400;

/**
 * @typedef {{
 *   name: string, isNumber?: boolean, value: (row: any) => any, show?: (row: any) => Node | string, title?: (row: any) => string,
 *   widthCh?: number, isHidden?: boolean,
 * }} TableColumn
 */

/**
 * @param {{
 *   label: string, columns: TableColumn[], rows: any[], onRow?: (row: any) => void, heightPx?: number, empty?: string,
 *   before?: HTMLElement,
 * }} spec `before` has the table of the same label that this one takes the place of: its order, place and focus stay
 * @returns {HTMLElement}
 */
export function dataTable({ label, columns, rows, onRow, heightPx = 300, empty = 'There is nothing here', before }) {
  if (!rows.length) return h('p.empty', empty);
  const kept = keptOf(before, label);
  let sort = kept?.sort ?? null;
  let order = sorted(rows, columns, sort);
  const body = h('tbody');
  const head = h(
    'tr',
    { 'aria-rowindex': 1 },
    columns.map((column, index) =>
      h(
        'th',
        {
          scope: 'col',
          class: column.isNumber ? 'number' : null,
          'aria-sort': 'none',
        },
        h('button', { type: 'button', onclick: () => sortBy(index) }, column.name, h('i', { 'aria-hidden': 'true' })),
      ),
    ),
  );
  const widths = columns.map(column => widthOf(column, rows));
  const table = h(
    'table.data',
    {
      'aria-rowcount': rows.length + 1,
      'aria-label': label,
      style: { minWidth: `${widths.reduce((all, one) => all + one, 0)}ch` },
    },
    h(
      'colgroup',
      widths.map(width => h('col', { style: { width: `${width}ch` } })),
    ),
    h('thead', head),
    body,
  );
  const wholePx = (rows.length + 1) * rowHeightPx + 2;
  const box = h(
    'div.scroll',
    {
      tabindex: 0,
      role: 'region',
      'aria-label': label,
      onscroll: () => draw(),
      style: { maxHeight: `${Math.min(heightPx, wholePx + 18)}px` },
    },
    table,
  );
  let drawn = null;

  function draw(isForced = false) {
    const seenPx = box.clientHeight || heightPx;
    const first = Math.max(0, Math.floor((box.scrollTop - sparePx) / rowHeightPx));
    const end = Math.min(rows.length, Math.ceil((box.scrollTop + seenPx + sparePx) / rowHeightPx));
    if (!isForced && drawn?.first === first && drawn?.end === end) return;
    drawn = { first, end };
    fill(
      body,
      gap(first),
      order.slice(first, end).map((row, index) => rowOf(row, first + index)),
      gap(rows.length - end),
    );
  }

  function gap(count) {
    return (
      count > 0 &&
      h(
        'tr',
        { 'aria-hidden': 'true', class: 'gap' },
        h('td', { colspan: columns.length, style: { height: `${count * rowHeightPx}px` } }),
      )
    );
  }

  function rowOf(row, index) {
    const pick = onRow && (() => onRow(row));
    return h(
      'tr',
      {
        'aria-rowindex': index + 2,
        class: pick ? 'pick' : null,
        tabindex: pick ? 0 : null,
        onclick: pick,
        onkeydown:
          pick &&
          (event => {
            if (event.key !== 'Enter' || event.target !== event.currentTarget) return;
            // Else the same key would press what it brings to the front.
            event.preventDefault();
            pick();
          }),
      },
      columns.map(column =>
        h(
          'td',
          { class: column.isNumber ? 'number' : null, title: column.title?.(row) },
          column.show ? column.show(row) : text(column.value(row)),
        ),
      ),
    );
  }

  function sortBy(column) {
    sort = { column, isDown: sort?.column === column ? !sort.isDown : Boolean(columns[column].isNumber) };
    order = sorted(rows, columns, sort);
    mark();
    box.scrollTop = 0;
    draw(true);
  }

  function mark() {
    [...head.children].forEach((cell, index) =>
      cell.setAttribute('aria-sort', sort?.column !== index ? 'none' : sort.isDown ? 'descending' : 'ascending'),
    );
  }

  mark();
  draw();
  box.sortNow = () => sort;
  if (kept) queueMicrotask(() => comeBack(box, kept));
  return box;
}

/** What whoever looks has done to the table that was there. */
function keptOf(before, label) {
  const box = [...(before?.querySelectorAll('.scroll') ?? [])].find(one => one.getAttribute('aria-label') === label);
  if (!box) return null;
  const focused = box.contains(document.activeElement) ? document.activeElement : null;
  return {
    sort: box.sortNow(),
    topPx: box.scrollTop,
    leftPx: box.scrollLeft,
    hasFocus: focused !== null,
    row: focused?.getAttribute('aria-rowindex'),
  };
}

/** Once the new one is in the place of the old. */
function comeBack(box, { topPx, leftPx, hasFocus, row }) {
  box.scrollTop = topPx;
  box.scrollLeft = leftPx;
  if (hasFocus) (box.querySelector(`tr[aria-rowindex='${row}']`) ?? box).focus({ preventScroll: true });
}

function text(value) {
  return value === null || value === undefined ? '–' : String(value);
}

/** What is not there comes last, whichever way. O(rows log rows). */
function sorted(rows, columns, sort) {
  if (!sort) return rows;
  const { value } = columns[sort.column];
  const sign = sort.isDown ? -1 : 1;
  const compare = (one, other) => {
    if (one === other) return 0;
    if (one === null || one === undefined) return 1;
    if (other === null || other === undefined) return -1;
    return (
      sign *
      (typeof one === 'string' && typeof other === 'string'
        ? byText(one, other)
        : one < other
          ? -1
          : one > other
            ? 1
            : 0)
    );
  };
  return rows
    .map(row => [value(row), row])
    .sort(([one], [other]) => compare(one, other))
    .map(([, row]) => row);
}

const byText = new Intl.Collator('en', { numeric: true }).compare;

function widthOf({ name, value, show, widthCh }, rows) {
  if (widthCh) return widthCh;
  let longest = name.length + 2;
  for (let index = 0; index < Math.min(rows.length, sampled); index += 1) {
    const row = rows[Math.floor((index * rows.length) / Math.min(rows.length, sampled))];
    const shown = show ? show(row) : text(value(row));
    longest = Math.max(longest, (typeof shown === 'string' ? shown : (shown?.textContent ?? '')).length);
  }
  return Math.min(48, longest) + 4;
}

/**
 * The columns of an answer, numbers with the same decimals so that their points stand below each other.
 * @param {import('../data/api.js').Answer} answer
 * @param {number[]} [places] those that are shown
 * @returns {TableColumn[]}
 */
export function columnsOf(answer, places = answer.columns.map((_, index) => index)) {
  return places.map(place => {
    const { name, type, approximate } = answer.columns[place];
    const value = row => row[place];
    const title = approximate ? `~${name}` : name;
    if (type === 'time') {
      // Seconds say nothing where all are 0.
      const form = answer.rows.every(row => /:00(?:Z|[+-]\d\d:\d\d)$/.test(row[place])) ? 'minute' : 'second';
      return { name: title, value, show: row => time(row[place], form) };
    }
    if (type === 'state') return { name: title, value, show: row => stateTag(row[place]) };
    if (type !== 'number' && type !== 'integer')
      return { name: title, value: row => flat(row[place]), title: row => flat(row[place]) };
    const decimals = type === 'integer' ? 0 : decimalsOf(answer.rows.map(value));
    return {
      name: title,
      isNumber: true,
      value,
      show: row => (row[place] === null ? '–' : number(row[place], decimals)),
      title: row => text(row[place]),
    };
  });
}

function flat(value) {
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : value;
}

/** How far a row may be relied upon. */
export function stateTag(state) {
  return h('span', { class: `tag state-${state}` }, state);
}
