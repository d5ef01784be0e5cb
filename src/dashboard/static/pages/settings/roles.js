// Roles on a site: each contains those before it.

import { t } from '../../text/words.js';

const ROLES = ['viewer', 'editor', 'admin', 'owner'];

/** Whether somebody with a role may do what another one may. */
export const contains = (role, needed) => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** The roles that somebody with a role may give and take, as options. */
export function givenBy(role) {
  const most = role === 'owner' ? ROLES : role === 'admin' ? ['viewer', 'editor'] : [];
  return most.map((one) => [one, MEANINGS[one]]);
}

const MEANINGS = {
  viewer: t('Viewer: reads reports'),
  editor: t('Editor: also goals, share links, raw data'),
  admin: t('Admin: also settings and members'),
  owner: t('Owner: everything'),
};

const NAMES = { viewer: t('viewer'), editor: t('editor'), admin: t('admin'), owner: t('owner') };

/** What a role is called. */
export const roleWords = (role) => NAMES[role] ?? role;

/** What a member is called. */
export const nameOf = ({ full_name: name, username, account }) => name || username || t('Account {number}', { number: account });
