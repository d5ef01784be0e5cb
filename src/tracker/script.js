// Page views, engaged seconds and custom events; stores nothing.
(() => {
  'use strict';

  const { src, dataset } = document.currentScript;
  const endpoint = dataset.api || new URL('/api/events/', src).href;

  // An early stub stays the same object: the page may hold it.
  const analytics = (window.analytics = window.analytics || {
    q: [],
    track() {
      this.q.push(arguments);
    },
  });

  let view = {}; // what its events share
  let engaged = 0; // milliseconds not yet reported
  let since = 0; // start of the running stretch, if any
  let leaving = false;

  function ignored() {
    try {
      if (localStorage.analytics_ignore === 'true') return true;
    } catch {} // no storage is no opt-out
    return (
      !('local' in dataset) &&
      (navigator.webdriver ||
        window !== top ||
        location.protocol === 'file:' ||
        /^(localhost|127\.0\.0\.1|\[::1])$|\.local$/.test(location.hostname))
    );
  }

  function uuid() {
    if (crypto.randomUUID) return crypto.randomUUID(); // https only
    const digit = () => (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16);
    return 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, digit);
  }

  // Async: a failure in here cannot reach the page.
  async function send(event) {
    try {
      const body = JSON.stringify({
        id: uuid(), // delivered twice, counted once
        site: dataset.site,
        ...view,
        screen: screen.width + 'x' + screen.height,
        language: navigator.language,
        timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        time: new Date().toISOString(),
        ...event,
      });
      if (leaving && navigator.sendBeacon?.(endpoint, body)) return;
      await fetch(endpoint, {
        method: 'POST',
        keepalive: true,
        credentials: 'omit',
        headers: { 'Content-Type': 'text/plain' }, // JSON needs a CORS preflight
        body,
      });
    } catch {}
  }

  // Attention may have changed: close one stretch, open the next.
  function tick() {
    const now = performance.now();
    if (since) engaged += now - since;
    since = document.visibilityState === 'visible' && document.hasFocus() ? now : 0;
  }

  function report() {
    tick();
    if (engaged < 1000) return;
    const duration = Math.min(1800, Math.round(engaged / 100) / 10);
    engaged = 0;
    send({ name: 'engagement', duration, interactive: false });
  }

  function look() {
    const page = 'hash' in dataset ? location.href : location.href.split('#')[0];
    if (page === view.page) return;
    report();
    engaged = 0;
    view = { page, title: document.title, referrer: view.page || document.referrer };
    send({ name: 'pageview' });
  }

  // Routers set the title just after the URL.
  const lookSoon = () => setTimeout(look, 100);

  function leave() {
    leaving = true;
    look(); // may still be waiting for a title
    report();
    leaving = false;
  }

  function track(name, extra) {
    look(); // it belongs to the page open now
    const { props, revenue, interactive } = extra || {};
    send({ name, props, revenue, interactive });
  }

  function click({ target }) {
    const element = target.closest?.('[data-track]');
    if (!element) return;
    const props = {};
    for (const { name, value } of element.attributes) {
      if (name.startsWith('data-track-')) props[name.slice(11)] = value;
    }
    track(element.dataset.track, { props });
  }

  function start() {
    look();
    analytics.track = track;
    for (const call of analytics.q || []) track(...call);

    for (const name of ['pushState', 'replaceState']) {
      const original = history[name];
      history[name] = (...move) => {
        look(); // two quick moves are two views
        original.apply(history, move);
        lookSoon();
      };
    }

    const listeners = {
      click,
      popstate: lookSoon,
      hashchange: lookSoon,
      focus: tick,
      blur: tick,
      visibilitychange: leave, // once visible: nothing to report
      pagehide() {
        leave();
        since = engaged = 0;
      },
      pageshow({ persisted }) {
        if (!persisted) return;
        view = {}; // back from the cache: as if loaded
        look();
      },
    };
    // Capture: before the page acts on a click or stops it.
    for (const type in listeners) addEventListener(type, listeners[type], true);
  }

  if (ignored()) analytics.track = () => {};
  else if (document.prerendering) document.addEventListener('prerenderingchange', start);
  else start();
})();
