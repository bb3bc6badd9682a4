import { useI18n } from '../../i18n/I18nProvider';
import { SectionTabs } from '../../parts/SectionTabs';

export function FormationTabs() {
  const { t } = useI18n();
  const tabs = [
    { to: '/racks', label: t('rack.title') },
    { to: '/packs', label: t('pack.title') },
  ];
  return <SectionTabs title={t('nav.formation')} tabs={tabs} hidden />;
}
