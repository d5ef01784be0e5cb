// Bars for the events of each of the last 30 minutes.

import { html } from '../../parts/html.js';
import { plural } from '../../text/format.js';
import { t } from '../../text/words.js';

/** The busiest of the minutes, in words. @param {{ minutes: number[] }} picture */
export const busiest = ({ minutes }) =>
  t('at most {events} a minute', { events: plural(Math.max(...minutes), 'event') });

/** @param {{ picture: object }} props A snapshot as the API sends it. */
export function Minutes({ picture: { minutes, pageview_minutes: views } }) {
  const most = Math.max(...minutes) || 1;
  return minutes.map((number, place) => {
    const counted = { events: plural(number, 'event'), views: plural(views[place], 'page view') };
    const title = t('{events}, {views}, {minutes} min ago', { ...counted, minutes: minutes.length - 1 - place });
    return html`<span key=${place} title=${title} style=${{ height: `${(number / most) * 100}%` }}></span>`;
  });
}

/** The mean of the page views of the minutes. @param {{ pageview_minutes: number[] }} picture */
export const viewsPerMinute = ({ pageview_minutes: views }) =>
  views.reduce((sum, number) => sum + number, 0) / views.length;
