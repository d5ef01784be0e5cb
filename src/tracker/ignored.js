// Whose events are not sent.

const HERE = /^($|127\.|\[::1)|\blocal(host)?$/;

export function optedOut() {
  try {
    return localStorage.analytics_ignore == 'true';
  } catch (e) {} // no storage is no opt-out
}

export function objects(options) {
  return 'dnt' in options && (navigator.globalPrivacyControl || navigator.doNotTrack == 1);
}

export const isDriven = () => navigator.webdriver;

export const isFramed = () => top != window;

export const isLocal = () => HERE.test(location.hostname);

/** Whether nothing is sent: debug.js has words for it. */
export function ignored(options) {
  return (
    optedOut() ||
    objects(options) ||
    (!('local' in options) && (isDriven() || isFramed() || isLocal()))
  );
}
