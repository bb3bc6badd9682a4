import type { NcState } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { Badge } from '../../ui/Badge';
import type { MarkKind } from '../../ui/Mark';

const MARKS: Record<NcState, MarkKind | null> = { open: 'bad', contained: 'held', decided: 'near', closed: null };

export function NcBadge({ state }: { state: NcState }) {
  const { t } = useI18n();
  return <Badge mark={MARKS[state]}>{t(`nc.state.${state}`)}</Badge>;
}
