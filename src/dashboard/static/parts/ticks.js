// Where the axes of a chart have marks. Pure functions.

/** A round step for at most five marks up to the largest value.
 * @param {'count' | 'decimal' | 'share' | 'seconds'} scale */
export function tickStep(most, scale) {
  if (scale === 'share') return most > 0.5 ? 0.25 : most > 0.2 ? 0.1 : 0.05;
  const unit = scale === 'seconds' && most > 40 ? 60 : 1;
  const wanted = Math.max(most / 4 / unit, scale === 'decimal' ? 0.1 : 1);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 5, 10].find((step) => step * power >= wanted) * power * unit;
}

/** The marks from zero to the first that no value is above. */
export function ticks(most, scale) {
  const step = tickStep(most, scale);
  const number = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: number + 1 }, (_, place) => place * step);
}

const parts = (timeZone) =>
  new Intl.DateTimeFormat('en', { timeZone, weekday: 'short', day: 'numeric', hour: 'numeric', minute: 'numeric', hourCycle: 'h23' });

/** What a bucket begins: of these the coarsest make the best marks. */
const NATURAL = {
  minute: [({ minute }) => minute % 5 === 0, ({ minute }) => minute % 15 === 0, ({ minute }) => minute === 0],
  hour: [({ hour }) => hour % 3 === 0, ({ hour }) => hour % 6 === 0, ({ hour }) => hour === 0],
  day: [({ weekday }) => weekday === 'Mon', ({ day }) => day === 1],
  week: [({ day }) => day <= 7],
  month: [],
};

/** The places of the buckets to be marked: all that fit, or those that begin something natural.
 * @param {string[]} times starts of buckets @param {number} most how many marks have room */
export function marks(times, interval, timeZone, most) {
  const places = times.map((_, place) => place);
  if (places.length <= most) return places;
  const format = parts(timeZone);
  const facts = times.map((time) => factsOf(format, time));
  const choices = NATURAL[interval].map((begins) => places.filter((place) => begins(facts[place])));
  const found = choices.find((chosen) => chosen.length > 1 && chosen.length <= most);
  return found ?? thinned(choices.at(-1)?.length > most ? choices.at(-1) : places, most);
}

function factsOf(format, time) {
  const found = Object.fromEntries(format.formatToParts(new Date(time)).map(({ type, value }) => [type, value]));
  return { weekday: found.weekday, day: Number(found.day), hour: Number(found.hour), minute: Number(found.minute) };
}

/** Every so many, counted from the last. */
function thinned(places, most) {
  const every = Math.ceil(places.length / Math.max(1, most));
  return places.filter((_, place) => (places.length - 1 - place) % every === 0);
}
