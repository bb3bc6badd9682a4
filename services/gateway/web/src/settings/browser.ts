/** What this browser remembers: language, theme and the panel that it is. */

export const LANGUAGES = ['en', 'de', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Theme = 'light' | 'dark';

/** Pixels per millimetre of the glass; null: a desk with a mouse. */
export const PANELS = { desk: null, panel_12: 4.91, panel_15: 5.56, panel_21: 4.03 } as const;
export type Panel = keyof typeof PANELS;
export const PANEL_NAMES = Object.keys(PANELS) as Panel[];

const LANGUAGE_KEY = 'halite.language';
const THEME_KEY = 'halite.theme';
const PANEL_KEY = 'halite.panel';

/** The language chosen here before, else the browser's own, else English. */
export function rememberedLanguage(): Language {
  const wished = [localStorage.getItem(LANGUAGE_KEY), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  for (const tag of wished) {
    const known = LANGUAGES.find((language) => language === tag);
    if (known !== undefined) return known;
  }
  return 'en';
}

export function rememberLanguage(language: Language): void {
  localStorage.setItem(LANGUAGE_KEY, language);
}

/** The theme chosen here before, else what the operating system asks for. */
export function rememberedTheme(): Theme {
  const saved = localStorage.getItem(THEME_KEY);
  if (saved === 'light' || saved === 'dark') return saved;
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function rememberTheme(theme: Theme): void {
  localStorage.setItem(THEME_KEY, theme);
}

export function rememberedPanel(): Panel {
  const saved = localStorage.getItem(PANEL_KEY);
  return PANEL_NAMES.find((name) => name === saved) ?? 'desk';
}

export function rememberPanel(panel: Panel): void {
  localStorage.setItem(PANEL_KEY, panel);
}
