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

/** As many things can be told apart in one chart; each has a shape of its own, too. */
export const MOST_SERIES = 8;

export interface Palette extends Record<keyof typeof TOKENS, string> {
  series: readonly string[];
}

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
  const colour = (token: string) => style.getPropertyValue(token).trim();
  const entries = Object.entries(TOKENS).map(([name, token]) => [name, colour(token)]);
  const series = Array.from({ length: MOST_SERIES }, (_, index) => colour(`--mes-series-${index + 1}`));
  return { ...(Object.fromEntries(entries) as Record<keyof typeof TOKENS, string>), series };
}
