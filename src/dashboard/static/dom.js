// Making elements. What comes from data becomes text or an attribute, never markup.

function furnish(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.flat());
  return made;
}

export const element = (tag, attributes = {}, ...children) =>
  furnish(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  furnish(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

/** A bar behind a row. Its width goes through the CSSOM: the policy forbids style attributes. */
export function bar(share) {
  const made = element('span', { class: 'bar', 'aria-hidden': 'true' });
  made.style.width = `${(share || 0) * 100}%`;
  return made;
}

/** A table; a column is [title, cell(row), class]. */
export function table(columns, rows, kind = '') {
  const heads = columns.map(([title, , role = '']) =>
    element('th', { scope: 'col', class: role }, title),
  );
  const cells = (row) =>
    columns.map(([, cell, role = '']) => element('td', { class: role }, cell(row)));
  return element(
    'table',
    { class: kind },
    element('thead', {}, element('tr', {}, heads)),
    element('tbody', {}, rows.map((row) => element('tr', {}, cells(row)))),
  );
}

/** A table with bars as long as the first of its numbers; a number is [title, key, show]. */
export function ranking(title, label, numbers, rows) {
  const size = numbers[0][1];
  const most = Math.max(...rows.map((row) => row[size]));
  const name = (row) => element('span', { title: label(row) }, label(row));
  const columns = numbers.map(([head, key, show]) => [head, (row) => show(row[key]), 'number']);
  return table([[title, (row) => [bar(row[size] / most), name(row)], 'ranked'], ...columns], rows);
}
