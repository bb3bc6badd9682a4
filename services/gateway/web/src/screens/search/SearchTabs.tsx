import { useI18n } from '../../i18n/I18nProvider';
import { SectionTabs } from '../../parts/SectionTabs';

export function SearchTabs() {
  const { t } = useI18n();
  const tabs = [
    { to: '/cells', label: t('search.cells') },
    { to: '/lots', label: t('search.lots') },
    { to: '/search', label: t('search.everything') },
    { to: '/queries', label: t('queries.title') },
  ];
  return <SectionTabs title={t('nav.search')} tabs={tabs} hidden />;
}
