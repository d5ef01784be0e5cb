// The links of the header lead to other pages with the same view.

const CARRIED = ['site', 'period', 'from', 'to', 'compare', 'compare_from', 'compare_to', 'compare_f', 'f'];

/** Writes the view into the links of the navigation. @param {URLSearchParams} params */
export function carryView(params) {
  const view = new URLSearchParams([...params].filter(([key]) => CARRIED.includes(key)));
  for (const anchor of document.querySelectorAll('.top nav a')) anchor.search = view;
}
