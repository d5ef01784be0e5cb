// Creates elements. Data becomes text or an attribute, never markup.

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.flat());
  return made;
}

export const element = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

/** A bar behind a row. Its width is set in the CSSOM: the CSP forbids style attributes. */
export function bar(share) {
  const made = element('span', { class: 'bar', 'aria-hidden': 'true' });
  made.style.width = `${(share || 0) * 100}%`;
  return made;
}

/** A table; a column is [title, cell(row), class]. */
export function table(columns, rows) {
  const line = (cell) => element('tr', {}, columns.map(cell));
  const head = line(([title, , kind = '']) => element('th', { scope: 'col', class: kind }, title));
  const body = rows.map((row) =>
    line(([, cell, kind = '']) => element('td', { class: kind }, cell(row))),
  );
  return element('table', {}, element('thead', {}, head), element('tbody', {}, body));
}

/** A table of the nine rows with the most of the first number, a bar behind each; '' without rows.
 *  A number is [title, key, show]. */
export function ranking(title, label, numbers, rows) {
  const size = numbers[0][1];
  const top = rows.filter((row) => row[size]).sort((a, b) => b[size] - a[size]).slice(0, 9);
  if (!top.length) return '';
  const name = (row) => element('span', { title: label(row) }, label(row));
  const ranked = (row) => [bar(row[size] / top[0][size]), name(row)];
  const columns = numbers.map(([head, key, show]) => [head, (row) => show(row[key]), 'number']);
  return table([[title, ranked, 'ranked'], ...columns], top);
}
