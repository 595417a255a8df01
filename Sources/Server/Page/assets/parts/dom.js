/**
 * Elements made by code. Texts become text nodes, never markup: what devices send is shown, not run.
 */

const svgSpace = 'http://www.w3.org/2000/svg';

/**
 * An element: `h('p.quiet', { id: 'note' }, 'text', node)`. The classes follow the name; the properties may be left out. Those
 * that begin with `on` are listeners; null and false leave an attribute out, or a child.
 * @param {string} name
 * @param {...(Record<string, any> | Node | string | number | null | undefined | false | any[])} rest
 * @returns {HTMLElement}
 */
export function h(name, ...rest) {
  return made(name, rest, tag => document.createElement(tag));
}

/** The same of SVG. */
export function s(name, ...rest) {
  return made(name, rest, tag => document.createElementNS(svgSpace, tag));
}

function made(name, rest, create) {
  const [tag, ...classes] = name.split('.');
  const element = create(tag);
  if (classes.length) element.setAttribute('class', classes.join(' '));
  const children = isProperties(rest[0]) ? rest.slice(1) : rest;
  if (children !== rest) setProperties(element, rest[0]);
  append(element, children);
  return element;
}

function isProperties(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Node);
}

function setProperties(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Puts `children` in the place of all that `element` has. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

const paths = {
  overview: 'M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z',
  kpi: 'M3 17V3M3 17h14M6 13l3.5-4 3 2.5L17 6',
  explore: 'M4 5l4 4-4 4M10 14h6',
  ledger: 'M4 5h12M4 10h12M4 15h7',
  operation: 'M4 6h7M15 6h1M4 14h1M9 14h7M13 4v4M7 12v4',
  wall: 'M3 4h14v9H3zM7 17h6M10 13v4',
  sun: 'M10 6.5a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1',
  moon: 'M16.5 12.2A7 7 0 017.8 3.5a7 7 0 108.7 8.7z',
  pause: 'M7 5v10M13 5v10',
  play: 'M7 4.5l8 5.5-8 5.5z',
  help: 'M7.5 7.5a2.5 2.5 0 114 2c-.9.6-1.5 1.1-1.5 2.2M10 14.5v.1',
  close: 'M5 5l10 10M15 5L5 15',
  left: 'M12 5l-5 5 5 5',
  right: 'M8 5l5 5-5 5',
  clock: 'M10 3a7 7 0 100 14 7 7 0 000-14zM10 6v4l2.5 2',
  key: 'M12.5 3.5a4 4 0 11-2.6 7L4 16.5M6 14.5l2 2',
};

/** An icon beside a text that says the same, or within what has a label. */
export function icon(name) {
  return s('svg.icon', { viewBox: '0 0 20 20', 'aria-hidden': 'true' }, s('path', { d: paths[name] }));
}

/**
 * A modal box. It closes on Escape and on its ground, unless it is firm.
 * @param {Node} content
 */
export function dialog(content, { isFirm = false, label = null } = {}) {
  const before = document.activeElement;
  const box = h('dialog.box', { 'aria-label': label }, content);
  box.addEventListener('cancel', event => {
    if (isFirm) event.preventDefault();
  });
  box.addEventListener('click', event => {
    if (!isFirm && event.target === box) box.close();
  });
  box.addEventListener('close', () => {
    box.remove();
    before?.focus?.();
  });
  document.body.append(box);
  box.showModal();
  return box;
}

/** Hands a file to whoever looks. */
export function download(name, blob) {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
