// How numbers, spans of time and dates are written.

const writer = (options) => {
  const format = new Intl.NumberFormat('en', options);
  return (value) => (value === null ? '–' : format.format(value));
};

export const count = writer({ maximumFractionDigits: 0 });
export const decimal = writer({ maximumFractionDigits: 2 });
export const percent = writer({ style: 'percent', maximumSignificantDigits: 2 });

export const plural = (number, one) => `${count(number)} ${one}${number === 1 ? '' : 's'}`;

export function duration(value) {
  if (value === null) return '–';
  const seconds = Math.round(value);
  const minutes = Math.floor(seconds / 60);
  if (minutes > 59) return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
  return minutes ? `${minutes}m ${seconds % 60}s` : `${seconds}s`;
}

export const DAY = { month: 'short', day: 'numeric' };
export const CLOCK = { hour: '2-digit', minute: '2-digit' };

/** Writes instants in a time zone. */
export function dates(timeZone, parts) {
  const format = new Intl.DateTimeFormat('en', { timeZone, hourCycle: 'h23', ...parts });
  return (time) => format.format(new Date(time));
}

const countries = new Intl.DisplayNames('en', { type: 'region' });
const isCountry = (code) => /^[A-Z]{2}$/.test(code);

export const country = (code) => (isCountry(code) ? countries.of(code) : 'Unknown');

export const flag = (code) =>
  isCountry(code) ? code.replace(/./g, (a) => String.fromCodePoint(a.charCodeAt() + 127397)) : '';

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
