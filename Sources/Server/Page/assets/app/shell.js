/** What stands around every view: where one is, the time that is looked at, and whether the server is there. */
import { catalogue, refresh } from '../data/catalogue.js';
import { fill, h, icon, s } from '../parts/dom.js';
import { rangePicker } from '../parts/picker.js';
import { keysDialog } from './keys.js';
import { forget, hasToken } from './session.js';
import { change, open, stateOf, urlOf } from './state.js';

const places = [
  { view: 'overview', name: 'Overview' },
  { view: 'kpi', name: 'KPIs' },
  { view: 'explore', name: 'Explore' },
  { view: 'ledger', name: 'Ledger' },
  { view: 'operation', name: 'Operation' },
];

export function makeShell() {
  const themeListeners = [];
  const links = places.map(({ view, name }) => h('a', { href: '.', 'data-view': view }, icon(view), h('span', name)));
  const title = h('h1', { tabindex: -1 });
  const banner = h('div.banner', { role: 'status', hidden: true });
  const news = h('div.hidden-text', { 'aria-live': 'polite' });
  const root = h('div.view');
  const picker = rangePicker();
  const live = h('button', { type: 'button', class: 'tool live', onclick: toggleLive });
  const themeButton = h('button', { type: 'button', class: 'tool', onclick: toggleTheme });
  const tokenButton = h(
    'button',
    {
      type: 'button',
      class: 'tool',
      'aria-label': 'Forget the token',
      title: 'Forget the token',
      onclick: () => {
        forget();
        location.reload();
      },
    },
    icon('key'),
  );
  const wallLink = h(
    'a.tool',
    { href: '.', 'data-view': 'wall', 'aria-label': 'Wall: a screen that is read at a distance', title: 'Wall (w)' },
    icon('wall'),
  );
  const header = h(
    'header.top',
    title,
    h(
      'div.tools',
      picker.element,
      live,
      wallLink,
      themeButton,
      tokenButton,
      h(
        'button',
        { type: 'button', class: 'tool', 'aria-label': 'Keys', title: 'Keys (?)', onclick: keysDialog },
        icon('help'),
      ),
    ),
  );
  document.body.append(
    h('a.skip', { href: '#view' }, 'To the content'),
    h(
      'nav.rail',
      { 'aria-label': 'Views' },
      h(
        'a.brand',
        { href: '.', 'data-view': 'overview', 'aria-label': 'Nilometer: overview' },
        mark(),
        h('b', 'Nilometer'),
      ),
      links,
    ),
    h('div.stage', header, banner, h('main', { id: 'view' }, root)),
    news,
  );

  document.body.addEventListener('click', event => {
    const link = event.target.closest?.('a[data-view], a[data-inner]');
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0)
      return;
    event.preventDefault();
    open(link.dataset.view ? urlOf(link.dataset.view) : link.href);
  });

  function toggleLive() {
    const isLive = stateOf('live') !== 'off';
    change({ live: isLive ? 'off' : null }, { replace: true });
    announce(isLive ? 'Paused' : 'Live');
    if (!isLive) refresh();
  }

  function toggleTheme() {
    const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    localStorage.setItem('nilometer.theme', next);
    labelTheme();
    for (const listener of themeListeners) listener();
  }

  function labelTheme() {
    const isDark = document.documentElement.dataset.theme === 'dark';
    const label = isDark ? 'Light' : 'Dark';
    fill(themeButton, icon(isDark ? 'sun' : 'moon'));
    themeButton.setAttribute('aria-label', `${label} colours`);
    themeButton.title = `${label} colours (t)`;
  }

  function announce(text) {
    news.textContent = text;
  }

  /** Says when nobody answers, for how long, and when it is tried again; takes it back when somebody does. */
  function tellConnection() {
    const { goneSinceMs } = catalogue;
    if (goneSinceMs === null) {
      if (!banner.hidden) announce('The server answers again');
      banner.hidden = true;
      document.documentElement.classList.remove('stale');
      return;
    }
    document.documentElement.classList.add('stale');
    banner.hidden = false;
    const seconds = Math.round((Date.now() - goneSinceMs) / 1000);
    fill(
      banner,
      h('span.pulse', { 'aria-hidden': 'true' }),
      h(
        'span',
        `The server does not answer${seconds > 2 ? ` since ${seconds} s` : ''}. ${catalogue.isLoaded ? 'What you see is as of before; it goes on by itself.' : 'This page goes on by itself.'}`,
      ),
      h('button', { type: 'button', onclick: refresh }, 'Try now'),
    );
  }

  labelTheme();
  return {
    root,
    announce,
    tellConnection,
    toggleLive,
    toggleTheme,
    picker,
    onTheme: listener => themeListeners.push(listener),
    showView(name, view) {
      fill(root);
      root.className = `view view-${name}`;
      document.body.classList.toggle('is-wall', name === 'wall');
      scrollTo(0, 0);
      announce(view.title());
    },
    update(view) {
      const text = view.title();
      title.textContent = text;
      document.title = `${text} · Nilometer`;
      const now = stateOf('view', 'overview');
      for (const link of [...links, wallLink]) {
        link.href = urlOf(link.dataset.view);
        if (link.dataset.view === now) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
      picker.element.hidden = !view.usesRange;
      picker.update();
      tokenButton.hidden = !hasToken();
      const isLive = stateOf('live') !== 'off';
      live.setAttribute('aria-pressed', String(isLive));
      live.title = isLive ? 'Pause (.)' : 'Go on (.)';
      fill(live, isLive ? h('i.dot', { 'aria-hidden': 'true' }) : icon('pause'), h('span', isLive ? 'Live' : 'Paused'));
    },
  };
}

/** The gauge in the river. */
function mark() {
  return s(
    'svg.mark',
    { viewBox: '0 0 32 32', 'aria-hidden': 'true' },
    s('path', { d: 'M11 5h10M13 5v22M19 5v22M13 10h3M13 15h3M13 20h3' }),
    s('path.water', { d: 'M4 22c2.3-2 4.6-2 7 0s4.700 2 7 0 4.700-2 7 0l3 1.500' }),
  );
}
