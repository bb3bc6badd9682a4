import type { Waiver } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { Badge } from '../../ui/Badge';

/** In force, waiting for a signature, over or revoked; one that has run out covers nothing. */
export function WaiverState({ waiver }: { waiver: Waiver }) {
  const { t } = useI18n();
  if (waiver.acts) return <Badge mark="near">{t('gates.waiver_acts')}</Badge>;
  if (waiver.state === 'proposed') return <Badge mark="held">{t('gates.waiver_proposed')}</Badge>;
  return <Badge mark={null}>{t(waiver.state === 'revoked' ? 'gates.waiver_revoked' : 'gates.waiver_over')}</Badge>;
}
