import { useI18n } from '../../i18n/I18nProvider';
import { TabLinks } from '../../ui/TabLinks';

/** The lists of quality. */
export function QualityTabs() {
  const { t } = useI18n();
  return (
    <TabLinks
      label={t('nav.quality')}
      tabs={[
        { to: '/gates', label: t('gates.title') },
        { to: '/charts', label: t('spc.title') },
        { to: '/nonconformances', label: t('nc.title') },
        { to: '/advice', label: t('advice.title') },
        { to: '/gauges', label: t('gauges.title') },
      ]}
    />
  );
}
