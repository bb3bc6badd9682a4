import { useI18n } from '../../i18n/I18nProvider';
import { TabLinks } from '../../ui/TabLinks';

export function FormationTabs() {
  const { t } = useI18n();
  const tabs = [
    { to: '/racks', label: t('rack.title') },
    { to: '/packs', label: t('pack.title') },
  ];
  return (
    <>
      <h1 className="visually-hidden">{t('nav.formation')}</h1>
      <TabLinks label={t('nav.formation')} tabs={tabs} />
    </>
  );
}
