import { useI18n } from '../i18n/I18nProvider';
import type { Language } from '../settings/browser';
import type { Option } from '../ui/Choice';
import { Select } from '../ui/Select';

const LANGUAGES: readonly Option<Language>[] = [
  { value: 'en', label: 'English' },
  { value: 'de', label: 'Deutsch' },
  { value: 'zh', label: '中文' },
];

export function LanguageSelect() {
  const { t, language, setLanguage } = useI18n();
  return <Select label={t('frame.language')} options={LANGUAGES} value={language} onChange={setLanguage} />;
}
