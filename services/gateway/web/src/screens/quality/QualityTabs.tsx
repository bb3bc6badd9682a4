import { useI18n } from '../../i18n/I18nProvider';
import { SectionTabs } from '../../parts/SectionTabs';

/** The lists of quality. */
export function QualityTabs() {
  const { t } = useI18n();
  const tabs = [
    { to: '/gates', label: t('gates.title') },
    { to: '/charts', label: t('spc.title') },
    { to: '/nonconformances', label: t('nc.title') },
    { to: '/advice', label: t('advice.title') },
    { to: '/gauges', label: t('gauges.title') },
  ];
  return <SectionTabs title={t('nav.quality')} tabs={tabs} />;
}
