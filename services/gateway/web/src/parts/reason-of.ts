/** Why a command or a question failed, in one line in the reader's language. */
import { ApiError } from '../api/http';
import type { I18n } from '../i18n/I18nProvider';

/** The service's own words with value and limit; where nothing answered, that. */
export function reasonOf(error: Error, { say, t }: Pick<I18n, 'say' | 't'>): string {
  return error instanceof ApiError && error.status === null ? t('alarm.no_answer') : say(error.message);
}
