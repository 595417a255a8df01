/** The field for statements: CodeMirror with the words of the language where it is there, else a plain field. */
import { complete, defineMode } from './language.js';
import { h } from './dom.js';
import { loadCodeMirror } from './vendor.js';

/**
 * @param {HTMLElement} root
 * @param {{text: string, onRun: () => void, onChange: () => void}} options
 * @returns {Promise<{text: () => string, setText: (text: string) => void, mark: (errors: {line: number, column: number, message: string}[]) => void, focus: () => void, isPlain: boolean}>}
 */
export async function makeEditor(root, { text, onRun, onChange }) {
  const CodeMirror = await loadCodeMirror();
  return CodeMirror ? rich(CodeMirror, root, text, onRun, onChange) : plain(root, text, onRun, onChange);
}

function rich(CodeMirror, root, text, onRun, onChange) {
  defineMode(CodeMirror);
  root.replaceChildren();
  const editor = CodeMirror(root, {
    value: text,
    mode: 'nql',
    theme: 'nilo',
    lineWrapping: true,
    matchBrackets: true,
    viewportMargin: Infinity,
    screenReaderLabel: 'Statement',
    extraKeys: {
      'Ctrl-Enter': onRun,
      'Cmd-Enter': onRun,
      'Ctrl-Space': () => hint(),
      // Tab goes on to the next field, as everywhere else.
      Tab: false,
      'Shift-Tab': false,
    },
  });
  let marks = [];

  function hint() {
    editor.showHint({ hint: () => complete(CodeMirror, editor), completeSingle: false, closeOnUnfocus: true });
  }

  editor.on('change', () => {
    marks.forEach(mark => mark.clear());
    marks = [];
    onChange();
  });
  editor.on('inputRead', (_, { text: [typed] }) => {
    if (/^[\w.]$/.test(typed) && !editor.state.completionActive) hint();
  });
  return {
    isPlain: false,
    text: () => editor.getValue(),
    setText: value => editor.setValue(value),
    focus: () => editor.focus(),
    mark(errors) {
      marks.forEach(mark => mark.clear());
      marks = errors.map(({ line, column, message }) => {
        const [from, to] = spanOf(editor.getLine(line - 1) ?? '', column);
        return editor.markText(
          { line: line - 1, ch: from },
          { line: line - 1, ch: to },
          { className: 'error-mark', attributes: { title: message } },
        );
      });
    },
  };
}

function plain(root, text, onRun, onChange) {
  const field = h('textarea.plain-editor', {
    'aria-label': 'Statement',
    spellcheck: 'false',
    rows: 6,
    oninput: onChange,
    onkeydown: event => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onRun();
    },
  });
  field.value = text;
  root.replaceChildren(
    field,
    h(
      'p.notice',
      'Colours and completion need CodeMirror, which is not among the files of this server: scripts/setup fetches it.',
    ),
  );
  return {
    isPlain: true,
    text: () => field.value,
    setText: value => {
      field.value = value;
    },
    focus: () => field.focus(),
    mark([first]) {
      if (!first) return;
      const lines = field.value.split('\n');
      const begin = lines.slice(0, first.line - 1).reduce((all, line) => all + line.length + 1, 0);
      const [from, to] = spanOf(lines[first.line - 1] ?? '', first.column);
      field.focus();
      field.setSelectionRange(begin + from, begin + to);
    },
  };
}

/** Where the word at a column is; columns count from 1, and a character beyond the first 65,536 as one. */
function spanOf(line, column) {
  const from = [...line].slice(0, column - 1).join('').length;
  const word = /^(?:"[^"]*"?|'[^']*'?|[\w$.]+|\S)/.exec(line.slice(from));
  if (word) return [from, from + word[0].length];
  return [Math.max(0, from - 1), Math.max(1, from)];
}
