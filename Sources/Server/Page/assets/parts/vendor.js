/**
 * Programs of others that the page uses where they are: uPlot for charts, CodeMirror for the editor. scripts/setup fetches them;
 * without them there are tables and a plain field.
 */
import { h } from './dom.js';

const loading = new Map();

/** uPlot, or null where it is missing. */
export function loadUPlot() {
  return once('uPlot', ['uplot.css'], ['uplot.js']);
}

/** CodeMirror, or null where it is missing. */
export function loadCodeMirror() {
  return once('CodeMirror', ['codemirror.css', 'show-hint.css'], ['codemirror.js', 'show-hint.js', 'matchbrackets.js']);
}

function once(name, styles, scripts) {
  if (!loading.has(name)) loading.set(name, load(name, styles, scripts));
  return loading.get(name);
}

async function load(name, styles, scripts) {
  try {
    for (const file of styles) await added('link', { rel: 'stylesheet', href: `page/vendor/${file}` });
    for (const file of scripts) await added('script', { src: `page/vendor/${file}` });
    return window[name] ?? null;
  } catch {
    return null;
  }
}

function added(element, properties) {
  return new Promise((resolve, reject) => {
    const node = h(element, { ...properties, onload: resolve, onerror: reject });
    // Before the page's own styles, which have the last word.
    document.head.prepend(node);
  });
}
