import { useLocation } from 'react-router';
import { TabLinks, type Tab } from '../ui/TabLinks';
import { ScreenTitle } from './ScreenTitle';

interface SectionTabsProps {
  /** What the navigation calls these screens. */
  title: string;
  tabs: readonly Tab[];
  hidden?: boolean;
}

/** The heading and the tabs of screens that share an entry in the navigation. */
export function SectionTabs({ title, tabs, hidden = false }: SectionTabsProps) {
  const { pathname } = useLocation();
  return (
    <>
      <ScreenTitle title={title} part={tabs.find(({ to }) => to === pathname)?.label} hidden={hidden} />
      <TabLinks label={title} tabs={tabs} />
    </>
  );
}
