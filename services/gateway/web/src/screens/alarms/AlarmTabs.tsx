import { useI18n } from '../../i18n/I18nProvider';
import { TabLinks } from '../../ui/TabLinks';

export function AlarmTabs() {
  const { t } = useI18n();
  return (
    <TabLinks
      label={t('alarms.title')}
      tabs={[
        { to: '/alarms', label: t('alarms.list') },
        { to: '/alarm-figures', label: t('alarms.figures') },
        { to: '/alarm-table', label: t('alarms.table') },
      ]}
    />
  );
}
