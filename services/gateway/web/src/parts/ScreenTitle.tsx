import { useEffect } from 'react';

const PRODUCT = 'Halite';

interface ScreenTitleProps {
  /** Of a screen with an entry in the navigation: what the entry says. */
  title: string;
  /** The tab that is open, which stands in the tabs themselves. */
  part?: string | undefined;
  /** Only heard, where tabs or tiles say the same to the eye. */
  hidden?: boolean;
}

/** The heading of a screen. The title of the browser's own tab says it too, after the part that is open. */
export function ScreenTitle({ title, part, hidden = false }: ScreenTitleProps) {
  useEffect(() => {
    document.title = [part, title, PRODUCT].filter((words) => words !== undefined).join(' · ');
    return () => {
      document.title = PRODUCT;
    };
  }, [part, title]);
  return <h1 className={hidden ? 'visually-hidden' : undefined}>{title}</h1>;
}
