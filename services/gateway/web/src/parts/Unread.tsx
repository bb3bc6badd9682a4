import { useI18n } from '../i18n/I18nProvider';
import { Notice } from '../ui/Notice';

interface UnreadProps {
  /** What was asked, in a word or two. */
  what: string;
  query: { error: Error | null };
}

/** Names a part that could not be read beside what stands without it. Nothing while it can be read. */
export function Unread({ what, query }: UnreadProps) {
  const { t, say } = useI18n();
  if (query.error === null) return null;
  return <Notice mark="unknown">{t('data.unread', { what, reason: say(query.error.message) })}</Notice>;
}
