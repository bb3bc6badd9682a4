/** Sets the colours of the page: iX reads the attribute, our own tokens too. */
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import { rememberedTheme, rememberTheme, type Theme } from './browser';

interface ThemeChoice {
  theme: Theme;
  setTheme(theme: Theme): void;
}

const ThemeContext = createContext<ThemeChoice | null>(null);

/** Before React draws, since charts read their colours from the page while they are drawn. */
function paint(theme: Theme): Theme {
  document.documentElement.dataset['ixColorSchema'] = theme;
  return theme;
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [theme, setTheme] = useState<Theme>(() => paint(rememberedTheme()));
  const choice = useMemo<ThemeChoice>(
    () => ({
      theme,
      setTheme: (chosen) => {
        rememberTheme(chosen);
        setTheme(paint(chosen));
      },
    }),
    [theme],
  );
  return <ThemeContext value={choice}>{children}</ThemeContext>;
}

export function useTheme(): ThemeChoice {
  const choice = useContext(ThemeContext);
  if (choice === null) throw new Error('ThemeProvider is missing above this component');
  return choice;
}
