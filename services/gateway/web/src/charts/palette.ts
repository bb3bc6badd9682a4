/** The page's colours for canvases, which cannot read CSS by themselves. */
import { useEffect, useMemo, useState } from 'react';
import { useI18n } from '../i18n/I18nProvider';
import { useTheme } from '../settings/ThemeProvider';

const TOKENS = {
  font: '--mes-font',
  text: '--mes-text',
  soft: '--mes-text-soft',
  line: '--mes-line-strong',
  grid: '--mes-grid',
  panel: '--mes-panel',
  raised: '--mes-raised',
  selected: '--mes-selected',
  first: '--mes-curve-1',
  second: '--mes-curve-2',
  warn: '--mes-alarm-2',
  warnInk: '--mes-alarm-2-ink',
} as const;

export type Palette = Record<keyof typeof TOKENS, string>;

/** Read again when theme or language change, and when a font has come that a canvas was drawn without. */
export function usePalette(): Palette {
  const { theme } = useTheme();
  const { language } = useI18n();
  const [fonts, countFonts] = useState(0);
  useEffect(() => {
    const loaded = () => countFonts((count) => count + 1);
    document.fonts.addEventListener('loadingdone', loaded);
    return () => document.fonts.removeEventListener('loadingdone', loaded);
  }, []);
  return useMemo(readPalette, [theme, language, fonts]);
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const entries = Object.entries(TOKENS).map(([name, token]) => [name, style.getPropertyValue(token).trim()]);
  return Object.fromEntries(entries) as Palette;
}
