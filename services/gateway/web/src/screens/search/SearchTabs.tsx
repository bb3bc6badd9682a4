import { useI18n } from '../../i18n/I18nProvider';
import { TabLinks } from '../../ui/TabLinks';

export function SearchTabs() {
  const { t } = useI18n();
  const tabs = [
    { to: '/cells', label: t('search.cells') },
    { to: '/lots', label: t('search.lots') },
    { to: '/search', label: t('search.everything') },
    { to: '/queries', label: t('queries.title') },
  ];
  return (
    <>
      <h1 className="visually-hidden">{t('search.title')}</h1>
      <TabLinks label={t('search.title')} tabs={tabs} />
    </>
  );
}
