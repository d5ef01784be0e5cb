// Who calls of the API come from: the login cookie, or on its page a share link.

let bearer = '';

/** From now on calls come from this share link, and not from whoever is logged in. */
export const askWith = (token) => {
  bearer = token;
};

/** The options of `fetch`, with the header that says so. */
export const authorized = (options = {}) =>
  bearer
    ? { ...options, credentials: 'omit', headers: { ...options.headers, Authorization: `Bearer ${bearer}` } }
    : options;
