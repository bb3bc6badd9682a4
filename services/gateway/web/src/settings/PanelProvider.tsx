/** How large a finger's place is on this panel: in millimetres, so that pixels follow from the glass. */
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import { PANELS, rememberedPanel, rememberPanel, type Panel } from './browser';

/** 20 mm keys were no worse than larger ones and better than 15 (hmi.md 1); 15 mm is the least for gloves. */
const TOUCH_MM = 15;
const LEAST_PX = 48;

interface PanelChoice {
  panel: Panel;
  setPanel(panel: Panel): void;
}

const PanelContext = createContext<PanelChoice | null>(null);

function fit(panel: Panel): Panel {
  const perMm = PANELS[panel];
  const size = perMm === null ? LEAST_PX : Math.max(LEAST_PX, Math.ceil(TOUCH_MM * perMm));
  document.documentElement.style.setProperty('--mes-touch', `${size}px`);
  document.documentElement.dataset['panel'] = panel;
  return panel;
}

export function PanelProvider({ children }: { children: ReactNode }) {
  const [panel, setPanel] = useState<Panel>(() => fit(rememberedPanel()));
  const choice = useMemo<PanelChoice>(
    () => ({
      panel,
      setPanel: (chosen) => {
        rememberPanel(chosen);
        setPanel(fit(chosen));
      },
    }),
    [panel],
  );
  return <PanelContext value={choice}>{children}</PanelContext>;
}

export function usePanel(): PanelChoice {
  const choice = useContext(PanelContext);
  if (choice === null) throw new Error('PanelProvider is missing above this component');
  return choice;
}
