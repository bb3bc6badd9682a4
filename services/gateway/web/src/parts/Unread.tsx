import { useI18n } from '../i18n/I18nProvider';
import { reasonOf } from './reason-of';
import { Notice } from '../ui/Notice';

interface UnreadProps {
  /** What was asked, in a word or two. */
  what: string;
  query: { error: Error | null };
}

/** Names a part that could not be read beside what stands without it. Nothing while it can be read. */
export function Unread({ what, query }: UnreadProps) {
  const i18n = useI18n();
  const { t } = i18n;
  if (query.error === null) return null;
  return <Notice mark="unknown">{t('data.unread', { what, reason: reasonOf(query.error, i18n) })}</Notice>;
}
