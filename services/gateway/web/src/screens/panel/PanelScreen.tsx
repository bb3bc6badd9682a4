import { useI18n } from '../../i18n/I18nProvider';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { PANEL_NAMES, type Panel } from '../../settings/browser';
import { usePanel } from '../../settings/PanelProvider';
import { useTheme } from '../../settings/ThemeProvider';
import { Choice } from '../../ui/Choice';
import { Panel as Part } from '../../ui/Panel';
import './PanelScreen.css';

/** What this panel is and how it shows; kept in its browser, whoever signs in. */
export default function PanelScreen() {
  const { t } = useI18n();
  const { panel, setPanel } = usePanel();
  const { theme, setTheme } = useTheme();
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.panel')} />
      <Part title={t('panel.glass')}>
        <p>{t('panel.explain')}</p>
        <Choice<Panel>
          label={t('panel.glass')}
          value={panel}
          onChange={setPanel}
          options={PANEL_NAMES.map((name) => ({ value: name, label: t(`panel.${name}`) }))}
        />
        <p className="panel-ruler" aria-hidden="true" />
        <p>{t('panel.ruler')}</p>
      </Part>
      <Part title={t('panel.colours')}>
        <Choice<'light' | 'dark'>
          label={t('panel.colours')}
          value={theme}
          onChange={setTheme}
          options={[
            { value: 'light', label: t('frame.to_light') },
            { value: 'dark', label: t('frame.to_dark') },
          ]}
        />
      </Part>
      <Part title={t('panel.scanner')}>
        <p>{t('panel.scanner_explain')}</p>
      </Part>
    </div>
  );
}
