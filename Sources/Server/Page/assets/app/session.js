/**
 * The token of whoever looks. It is kept in `sessionStorage`: it is gone with the tab, other tabs and origins do not see it, and
 * unlike a cookie it is sent by this page alone, so that no other page can ask in its name.
 */
import { dialog, h } from '../parts/dom.js';

const key = 'nilometer.token';
let waiting = null;

/** What requests carry; nothing where no token was asked for. */
export function authorization() {
  const token = sessionStorage.getItem(key);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Forgets the token; the next request asks for one. */
export function forget() {
  sessionStorage.removeItem(key);
}

/** Whether a token is shown. */
export function hasToken() {
  return sessionStorage.getItem(key) !== null;
}

/**
 * Asks for a token, once however many requests need it.
 * @param {string} refusal what the server said
 * @returns {Promise<void>} when there is one
 */
export function requireToken(refusal) {
  waiting ??= new Promise(resolve => {
    const wasShown = hasToken();
    forget();
    const input = h('input', {
      type: 'password',
      id: 'token',
      autocomplete: 'off',
      spellcheck: 'false',
      required: true,
      class: 'wide',
    });
    const form = h(
      'form',
      {
        method: 'dialog',
        onsubmit: event => {
          event.preventDefault();
          sessionStorage.setItem(key, input.value.trim());
          box.close();
          waiting = null;
          resolve();
        },
      },
      h('h2', 'This store asks for a token'),
      h('p', wasShown ? refusal : 'Whoever runs the server makes one: nilo token create --role reader --name you'),
      h('label', { for: 'token' }, 'Token'),
      input,
      h('p.quiet', 'It is kept for this tab, until you close it.'),
      h('div.row.end', h('button', { type: 'submit', class: 'primary' }, 'Open')),
    );
    const box = dialog(form, { isFirm: true });
  });
  return waiting;
}
