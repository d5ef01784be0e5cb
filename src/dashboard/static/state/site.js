// The site that the page is about, if there is one, as the server wrote it into the page.

const { dataset } = document.getElementById('main');

/** Its key, name and time zone; the title of the page; the address of this service. */
export const { site, name, timezone, page, address } = dataset;

/** The number of the account that is logged in, NaN where nobody is; and whether somebody is. */
export const account = Number(dataset.account);
export const isKnown = 'account' in dataset;
