import { useI18n } from '../../i18n/I18nProvider';
import { SectionTabs } from '../../parts/SectionTabs';

export function AlarmTabs() {
  const { t } = useI18n();
  const tabs = [
    { to: '/alarms', label: t('alarms.list') },
    { to: '/alarm-figures', label: t('alarms.figures') },
    { to: '/alarm-table', label: t('alarms.table') },
  ];
  return <SectionTabs title={t('nav.alarms')} tabs={tabs} />;
}
