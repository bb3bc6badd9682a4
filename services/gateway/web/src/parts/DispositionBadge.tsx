import { useI18n } from '../i18n/I18nProvider';
import { Badge } from '../ui/Badge';
import type { MarkKind } from '../ui/Mark';

const MARKS: Record<string, MarkKind> = { released: 'good', blocked: 'held', rework: 'rework', scrap: 'bad' };

/** The disposition in a word with its symbol; null is "not decided". A word that is not known is drawn as unknown. */
export function DispositionBadge({ disposition }: { disposition: string | null }) {
  const { t, word } = useI18n();
  if (disposition === null) return <span>{t('cell.no_disposition')}</span>;
  return <Badge mark={MARKS[disposition] ?? 'unknown'}>{word('disposition', disposition)}</Badge>;
}
