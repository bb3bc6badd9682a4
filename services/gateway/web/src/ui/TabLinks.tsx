import { NavLink } from 'react-router';
import './TabLinks.css';

export interface Tab {
  to: string;
  label: string;
}

interface TabLinksProps {
  label: string;
  tabs: readonly Tab[];
}

/** Tabs that are addresses, so that back and reload keep them. */
export function TabLinks({ label, tabs }: TabLinksProps) {
  return (
    <nav className="tab-links" aria-label={label}>
      {tabs.map((tab) => (
        <NavLink key={tab.to} to={tab.to} className="tab-link">
          {tab.label}
        </NavLink>
      ))}
    </nav>
  );
}
