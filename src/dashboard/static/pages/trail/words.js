// The words of what an audit log tells of.

import { capital } from '../../text/format.js';
import { t } from '../../text/words.js';

const WORDS = { bot: t('Moved to bots'), erasure: t('Erased a person'), retention: t('Retention changed') };

/** An action in words: 'login_failed' is 'Login failed'. */
export const wordsOf = (action) => WORDS[action] ?? t(capital(action.replaceAll('_', ' ')));
