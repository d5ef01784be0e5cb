// The number of current visitors, which leads to the live page.

import { get } from '../api/client.js';
import { html, useEffect, useState } from '../parts/html.js';
import { site } from '../state/site.js';
import { plural } from '../text/format.js';
import { t } from '../text/words.js';

const EVERY = 20_000;

export function Now() {
  const [visitors, setVisitors] = useState(null);
  useEffect(() => {
    const ask = () => document.hidden || get('realtime/stats', { site }).then(
      (now) => setVisitors(now.visitors_now),
      () => setVisitors(null),
    );
    ask();
    const timer = setInterval(ask, EVERY);
    return () => clearInterval(timer);
  }, []);
  const words = visitors === null ? t('Live') : plural(visitors, 'current visitor');
  return html`<a class="now" href=${`/api/realtime?${new URLSearchParams({ site })}`}>
    <span class="dot" aria-hidden="true"></span>
    <span id="visitors-now" aria-live="polite">${words}</span>
  </a>`;
}
