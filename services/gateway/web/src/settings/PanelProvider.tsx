/** How large a finger's place is on this panel: in millimetres, so that pixels follow from the glass. */
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import { PANELS, rememberedPanel, rememberPanel, type Panel } from './browser';

/** For gloves 15 mm is the least; 20 mm keys were pressed better, and no worse than larger ones: those that give commands. */
const TOUCH_MM = 15;
const COMMAND_MM = 20;
const LEAST_PX = 48;

interface PanelChoice {
  panel: Panel;
  setPanel(panel: Panel): void;
}

const PanelContext = createContext<PanelChoice | null>(null);

function fit(panel: Panel): Panel {
  const perMm = PANELS[panel];
  const sizeOf = (mm: number) => (perMm === null ? LEAST_PX : Math.max(LEAST_PX, Math.ceil(mm * perMm)));
  document.documentElement.style.setProperty('--mes-touch', `${sizeOf(TOUCH_MM)}px`);
  document.documentElement.style.setProperty('--mes-touch-command', `${sizeOf(COMMAND_MM)}px`);
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
