/** Any question: a text, its faults where they are, and the answer as a table, a chart, JSON and a plan. */
import { change, state, stateOf, urlWith } from '../app/state.js';
import { ask, askCsv } from '../data/api.js';
import { catalogue, refresh } from '../data/catalogue.js';
import { drop, history, keep, noteRun, saved } from '../data/notebook.js';
import { name as quotedName, parametersOf } from '../data/nql.js';
import { zone } from '../data/zone.js';
import { download, fill, h } from '../parts/dom.js';
import { makeEditor } from '../parts/editor.js';
import { number } from '../parts/format.js';
import { drawAnswer } from '../parts/answer.js';
import { planPicture } from '../parts/plan.js';
import { choice, failed, latestOnly, waiting } from '../parts/words.js';

export const usesRange = false;
export const title = () => 'Explore';

const forms = [
  { key: 'table', name: 'Table' },
  { key: 'chart', name: 'Chart' },
  { key: 'json', name: 'JSON' },
  { key: 'plan', name: 'Plan' },
];
/** Statements that change something are not run by opening a URL. */
const asks = /^\s*(?:(?:--[^\n]*\n|\/\*[^]*?\*\/)\s*)*(?:select|explain|events|show|describe)\b/i;

export function open(root) {
  const field = h('div.editor');
  const parameters = h('div.controls');
  const faults = h('div');
  const bar = h('div.row');
  const result = h('div.result');
  const status = h('p.quiet.small', { role: 'status' });
  const side = h('aside.notebook', { 'aria-label': 'Statements' });
  root.append(h('div.explore', h('div', h('div.panel', field, parameters, faults, bar), status, result), side));
  const lately = latestOnly();
  let editor = null;
  let answered = null;

  function usual() {
    const [kpi] = catalogue.kpis;
    if (kpi) return `SELECT * FROM ${quotedName(kpi.name)} LIMIT 1000`;
    return catalogue.streams.length
      ? `SELECT count(*) AS n FROM ${quotedName(catalogue.streams[0].name)}`
      : 'SHOW STREAMS';
  }

  async function begin() {
    editor = await makeEditor(field, { text: stateOf('q') ?? usual(), onRun: run, onChange: drawParameters });
    drawParameters();
    drawBar();
    drawSide();
    if (isComplete()) await load();
  }

  /** Whether the URL has a question that can be asked without further words. */
  function isComplete() {
    const text = stateOf('q');
    return text !== null && asks.test(text) && parametersOf(text).every(name => state().has(`param.${name}`));
  }

  function drawParameters() {
    const names = editor ? parametersOf(editor.text()) : [];
    const before = new Map([...parameters.querySelectorAll('input')].map(input => [input.name, input.value]));
    fill(
      parameters,
      names.map(name =>
        h(
          'label.selection',
          h('span', `$${name}`),
          h('input', { name, value: before.get(name) ?? stateOf(`param.${name}`, '') }),
        ),
      ),
    );
  }

  /** Numbers, true, false and null are these; all else is a text, as with `param.` of the API. */
  function values() {
    const inputs = [...parameters.querySelectorAll('input')];
    return Object.fromEntries(
      inputs.map(({ name, value }) => [
        name,
        /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null)$/i.test(value) ? JSON.parse(value.toLowerCase()) : value,
      ]),
    );
  }

  function run() {
    const names = Object.fromEntries(
      [...state().keys()].filter(key => key.startsWith('param.')).map(key => [key, null]),
    );
    for (const { name, value } of parameters.querySelectorAll('input')) names[`param.${name}`] = value;
    const text = editor.text();
    if (urlWith({ q: text, ...names }) !== location.search) {
      answered = null;
      shownUrlText = text;
      change({ q: text, ...names });
    }
    load();
  }

  let shownUrlText = stateOf('q');

  async function load() {
    const text = editor.text();
    fill(faults);
    editor.mark([]);
    fill(result, waiting('Asking'));
    status.textContent = '';
    try {
      await lately(async (signal, isOver) => {
        const answer = await ask(text, { params: values(), timeZone: zone(), signal });
        if (isOver()) return;
        answered = { text, answer };
        noteRun(text);
        drawSide();
        draw();
        if (!asks.test(text)) refresh();
      });
    } catch (problem) {
      fill(result);
      if (!problem.errors?.length) return fill(result, failed(problem, load));
      editor.mark(problem.errors);
      fill(
        faults,
        h(
          'ul.faults',
          { role: 'alert' },
          problem.errors.map(({ line, column, message, hint }) =>
            h('li', h('b', `${line}:${column}`), ' ', message, hint && h('span.quiet', ` – ${hint}`)),
          ),
        ),
      );
    }
  }

  function draw() {
    drawBar();
    if (!answered) return;
    const { text, answer } = answered;
    const { row_count: count, elapsed_seconds: elapsed, source, as_of_seq: seq, notes = [] } = answer.meta;
    status.textContent = [
      `${number(count ?? answer.rows.length, 0)} rows`,
      elapsed !== undefined && `${number(elapsed * 1000, elapsed < 0.01 ? 1 : 0)} ms`,
      source && `from ${source}`,
      seq && `as of event ${number(seq, 0)}`,
    ]
      .filter(Boolean)
      .join(' · ');
    const content = h('div');
    fill(
      result,
      answer.message && h('p.notice.is-done', answer.message),
      notes.map(note => h('p.notice', note)),
      content,
    );
    if (answer.message && !answer.columns.length) return;
    if (stateOf('form') === 'plan') return drawPlan(content, text);
    drawAnswer(content, answer, stateOf('form', 'table'));
  }

  async function drawPlan(content, text) {
    if (!/^\s*select\b/i.test(text)) return fill(content, h('p.empty', 'A SELECT has a plan.'));
    fill(content, waiting());
    try {
      fill(content, planPicture(await ask(`EXPLAIN ANALYZE ${text}`, { params: values(), timeZone: zone() })));
    } catch (problem) {
      fill(content, failed(problem));
    }
  }

  function drawBar() {
    fill(
      bar,
      h('button', { type: 'button', class: 'primary', onclick: run, title: 'Ctrl Enter' }, 'Run'),
      choice('Form of the answer', forms, stateOf('form', 'table'), key =>
        change({ form: key === 'table' ? null : key }),
      ),
      h(
        'button',
        {
          type: 'button',
          disabled: !answered || !/^\s*(?:select|show|explain|events|describe)/i.test(answered.text),
          onclick: async () =>
            download('answer.csv', await askCsv(answered.text, { params: values(), timeZone: zone() })),
        },
        'CSV',
      ),
      h(
        'button',
        {
          type: 'button',
          onclick: () => {
            const named = prompt('Keep this statement as');
            if (named) {
              keep(named, editor.text());
              drawSide();
            }
          },
        },
        'Keep',
      ),
    );
  }

  function drawSide() {
    const entry = (label, text, onDrop) =>
      h(
        'li',
        h(
          'button',
          {
            type: 'button',
            title: text,
            onclick: () => {
              editor.setText(text);
              editor.focus();
            },
          },
          label,
        ),
        onDrop && h('button', { type: 'button', class: 'tool', 'aria-label': `Drop ${label}`, onclick: onDrop }, '×'),
      );
    const kept = saved();
    fill(
      side,
      kept.length > 0 && [
        h('h2', 'Kept'),
        h(
          'ul',
          kept.map(({ name, text }) =>
            entry(name, text, () => {
              drop(name);
              drawSide();
            }),
          ),
        ),
      ],
      h('h2', 'Run before'),
      history().length
        ? h(
            'ul',
            history()
              .slice(0, 30)
              .map(text => entry(text.replace(/\s+/g, ' '), text)),
          )
        : h('p.quiet.small', 'What you run is listed here, in this browser alone.'),
    );
  }

  begin();
  return {
    update(reason) {
      if (!editor || reason === 'data') return;
      const text = stateOf('q');
      if (reason === 'state' && text !== null && text !== shownUrlText) {
        shownUrlText = text;
        editor.setText(text);
        if (isComplete()) load();
        return;
      }
      draw();
    },
    close: () => lately(() => {}),
  };
}
