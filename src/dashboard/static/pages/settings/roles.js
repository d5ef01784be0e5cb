// Roles on a site: each contains those before it.

const ROLES = ['viewer', 'editor', 'admin', 'owner'];

/** Whether somebody with a role may do what another one may. */
export const contains = (role, needed) => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** The roles that somebody with a role may give and take, as options. */
export function givenBy(role) {
  const most = role === 'owner' ? ROLES : role === 'admin' ? ['viewer', 'editor'] : [];
  return most.map((one) => [one, MEANINGS[one]]);
}

const MEANINGS = {
  viewer: 'Viewer: reads reports',
  editor: 'Editor: also goals, share links, raw data',
  admin: 'Admin: also settings and members',
  owner: 'Owner: everything',
};

/** What a member is called. */
export const nameOf = ({ full_name: name, username, account }) => name || username || `Account ${account}`;
