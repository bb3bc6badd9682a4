import { useI18n } from '../i18n/I18nProvider';
import './Said.css';

interface SaidProps {
  of: string | null | undefined;
  /** Shown where the service wrote nothing. */
  otherwise?: string;
  /** Where a person decides on the words, what the service wrote can be opened below. */
  recorded?: boolean;
}

/** What a service wrote, in the reader's language; what that does not know is shown as written. */
export function Said({ of: sentence, otherwise = '', recorded = false }: SaidProps) {
  const { interpret, language, t } = useI18n();
  if (sentence === null || sentence === undefined) return otherwise;
  const said = interpret(sentence);
  if (said === null) return <span lang={language === 'en' ? undefined : 'en'}>{sentence}</span>;
  return (
    <>
      <span title={sentence}>{said}</span>
      {recorded && (
        <details className="said-recorded">
          <summary>{t('data.as_recorded')}</summary>
          <span lang="en">{sentence}</span>
        </details>
      )}
    </>
  );
}
