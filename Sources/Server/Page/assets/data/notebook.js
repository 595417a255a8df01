/** Statements that were run here, and those that are kept. They are of this browser; nothing of them leaves it. */
const historyKey = 'nilometer.history';
const savedKey = 'nilometer.saved';
const mostRun = 100;

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}

/** The last ones first. */
export const history = () => read(historyKey);

export function noteRun(text) {
  const entries = [text, ...history().filter(one => one !== text)].slice(0, mostRun);
  localStorage.setItem(historyKey, JSON.stringify(entries));
}

/** @returns {{name: string, text: string}[]} by name */
export const saved = () => read(savedKey);

export function keep(name, text) {
  const entries = [...saved().filter(one => one.name !== name), { name, text }];
  localStorage.setItem(savedKey, JSON.stringify(entries.sort((one, other) => one.name.localeCompare(other.name))));
}

export function drop(name) {
  localStorage.setItem(savedKey, JSON.stringify(saved().filter(one => one.name !== name)));
}
