/** What the editor knows of the query language: which word is what, and how a word may go on. */
import { catalogue, kpiOf, streamOf } from '../data/catalogue.js';
import { name as quotedName } from '../data/nql.js';
import { contextual, functions, reserved } from '../data/words.js';

const keywords = new Set([...reserved, ...contextual]);
const calls = new Set(functions);

/** Colours, as CodeMirror asks for them. */
export function defineMode(CodeMirror) {
  if (CodeMirror.modes.nql) return;
  CodeMirror.defineMode('nql', () => ({
    startState: () => ({ isComment: false }),
    token(stream, state) {
      if (state.isComment || stream.match('/*')) {
        state.isComment = !stream.skipTo('*/');
        if (state.isComment) stream.skipToEnd();
        else stream.match('*/');
        return 'comment';
      }
      if (stream.match(/^--.*/)) return 'comment';
      if (stream.match(/^'(?:[^']|'')*'?/)) return 'string';
      if (stream.match(/^(?:"[^"]*"?|`[^`]*`?)/)) return 'variable';
      if (stream.match(/^\$\w+/)) return 'variable-2';
      if (stream.match(/^\d[\d.]*(?:e[+-]?\d+)?[a-z]*/i)) return 'number';
      const word = stream.match(/^[A-Za-z_]\w*/)?.[0].toLowerCase();
      if (!word) {
        stream.next();
        return null;
      }
      if (calls.has(word) || /^p\d/.test(word))
        return stream.match(/^\s*\(/, false) ? 'builtin' : keywords.has(word) ? 'keyword' : null;
      return keywords.has(word) ? 'keyword' : null;
    },
  }));
}

/** Names of the server that go on with the word before the cursor, then the language's words. */
export function complete(CodeMirror, editor) {
  const cursor = editor.getCursor();
  const before = editor.getLine(cursor.line).slice(0, cursor.ch);
  const [word] = /[\w.]*$/.exec(before);
  const isName = /\b(?:from|kpi|of|stream|describe|into)\s+\w*$/i.test(before);
  const entries = candidates(editor.getValue(), isName).filter(
    ({ text }) => text.toLowerCase().startsWith(word.toLowerCase()) && text !== word,
  );
  return {
    list: entries.slice(0, 40).map(({ text, kind, follow = '' }) => ({
      text: text + follow,
      displayText: text,
      className: `hint-${kind}`,
      render(element) {
        element.append(text, Object.assign(document.createElement('span'), { textContent: kind }));
      },
    })),
    from: CodeMirror.Pos(cursor.line, cursor.ch - word.length),
    to: cursor,
  };
}

function candidates(text, isName) {
  const names = [
    ...catalogue.kpis.map(({ name }) => ({ text: quotedName(name), kind: 'KPI' })),
    ...catalogue.streams.map(({ name }) => ({ text: quotedName(name), kind: 'stream' })),
  ];
  if (isName) return names;
  const from = /\bfrom\s+("[^"]+"|\w+)/i.exec(text)?.[1].replaceAll('"', '');
  const stream = streamOf(kpiOf(from)?.stream ?? from);
  // Items are often written before FROM is: until then it may be any stream.
  const paths = (stream ? [stream] : catalogue.streams)
    .flatMap(({ fields }) => fields)
    .filter(({ has_column: has }) => has)
    .map(({ path }) => path);
  const fields = [...new Set(paths)].map(path => ({ text: path, kind: 'field' }));
  const items = (kpiOf(from)?.columns ?? []).map(({ name }) => ({ text: quotedName(name), kind: 'item' }));
  return [
    ...items,
    ...fields,
    ...functions.map(word => ({ text: word, kind: 'function', follow: '(' })),
    ...[...reserved, ...contextual].map(word => ({ text: word.toUpperCase(), kind: 'word' })),
    ...names,
  ];
}
