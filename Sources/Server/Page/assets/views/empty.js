/** The first run: how to send the first event. It gives way to the data when it comes. */
import { h } from '../parts/dom.js';

export const usesRange = false;
export const title = () => 'Welcome';

export function open(root) {
  const { origin } = location;
  const now = new Date().toISOString().slice(0, 19);
  const curl = `curl ${origin}/v1/streams/pumps/events -d '{"device_id": "pump-1", "timestamp": "${now}Z", "pressure": 4.2}'`;
  const telegraf = `[[outputs.influxdb]]\n  urls = ["${origin}"]\n  skip_database_creation = true`;
  const define = `curl ${origin}/v1/query -d 'DEFINE KPI load AS avg(pressure) AS mean, count(*) AS n FROM pumps GROUP BY device_id EVERY 1m'`;
  root.append(
    h(
      'div.welcome',
      h('p.lead', 'The store is empty. Send it an event, and this page shows it.'),
      step('1', 'Send a document', 'The stream is made from it: its time and its key are detected.', curl),
      step('2', 'Define a KPI', 'Its numbers follow every event from then on, and those that came before.', define),
      step('or', 'Let Telegraf write', 'Any agent or library for InfluxDB does; to them this server is one.', telegraf),
      h('p.quiet.listening', h('i.dot', { 'aria-hidden': 'true' }), ' Listening for the first event'),
    ),
  );
  return { update() {} };
}

function step(mark, name, why, text) {
  const button = h(
    'button',
    {
      type: 'button',
      'aria-label': `Copy: ${name}`,
      onclick: async () => {
        await navigator.clipboard?.writeText(text);
        button.textContent = 'Copied';
      },
    },
    'Copy',
  );
  return h(
    'section.step',
    h('div.step-mark', { 'aria-hidden': 'true' }, mark),
    h(
      'div',
      h('h2', name),
      h('p', why),
      h('div.code', h('pre', { tabindex: 0, 'aria-label': `Command: ${name}` }, text), button),
    ),
  );
}
