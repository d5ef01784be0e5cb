// The words of what an audit log tells of.

import { capital } from '../../text/format.js';

const WORDS = { bot: 'Moved to bots', erasure: 'Erased a person', retention: 'Retention changed' };

/** An action in words: 'login_failed' is 'Login failed'. */
export const wordsOf = (action) => WORDS[action] ?? capital(action.replaceAll('_', ' '));
