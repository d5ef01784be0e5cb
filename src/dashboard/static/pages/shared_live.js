// The live numbers of a share link, small enough for a frame in another page. They are asked again and
// again: a browser cannot open a WebSocket with the token of a link.

import { useQuestion } from '../api/question.js';
import { startPlain } from '../frame/plain.js';
import { html, useEffect } from '../parts/html.js';
import { Loaded } from '../parts/states.js';
import { site } from '../state/site.js';
import { count, decimal } from '../text/format.js';
import { t } from '../text/words.js';
import { busiest, Minutes, viewsPerMinute } from './live/minutes.js';

const EVERY = 5_000;

function Live() {
  const result = useQuestion('realtime/stats', { site });
  useEffect(() => {
    const timer = setInterval(() => document.hidden || result.retry(), EVERY);
    return () => clearInterval(timer);
  }, []);
  return html`<section class="card live-numbers" aria-label=${t('Live')}>
    <${Loaded} result=${{ ...result, loading: false }} retry=${result.retry} rows=${4}>${(picture) => html`<${Numbers} picture=${picture} />`}<//>
  </section>`;
}

function Numbers({ picture }) {
  const numbers = [
    [t('Active visits'), count(picture.visits_now)],
    [t('Page views per minute'), decimal(viewsPerMinute(picture))],
    [t('Visitors today'), count(picture.today.visitors)],
  ];
  return html`
    <h1><b id="visitors-now">${count(picture.visitors_now)}</b> ${t('Current visitors')}</h1>
    <dl class="numbers">${numbers.map(([words, number]) => html`<div key=${words}><dt>${words}</dt><dd>${number}</dd></div>`)}</dl>
    <div id="minutes" role="img" aria-label=${t('The last 30 minutes: {what}', { what: busiest(picture) })}><${Minutes} picture=${picture} /></div>
    <div class="ends" aria-hidden="true"><span>${t('30 minutes ago')}</span><span>${t('now')}</span></div>
  `;
}

startPlain(Live);
