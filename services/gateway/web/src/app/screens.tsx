/** Every screen with its address and, where it has one, its place in the navigation. A new screen is a line here. */
import {
  iconAlarmBell,
  iconAuditReport,
  iconBarchart,
  iconBatteryCharge,
  iconBatteryUprightFull,
  iconCertificate,
  iconConsistencyCheck,
  iconDashboard,
  iconDrop,
  iconGanttchart,
  iconHandshake,
  iconLayers,
  iconMaintenance,
  iconMaintenanceInfo,
  iconMonitor,
  iconScreen,
  iconServerRack,
  iconUserManagement,
} from '@siemens/ix-icons/icons';
import { lazy, type ComponentType } from 'react';
import type { Permission } from '../api/session';
import type { MessageKey } from '../i18n/en';

interface Screen {
  path: string;
  screen: ComponentType;
}

export const SCREENS: readonly Screen[] = [
  { path: '/', screen: lazy(() => import('../screens/overview/OverviewScreen')) },
  { path: '/alarms', screen: lazy(() => import('../screens/alarms/AlarmsScreen')) },
  { path: '/alarm-figures', screen: lazy(() => import('../screens/alarms/AlarmFiguresScreen')) },
  { path: '/alarm-table', screen: lazy(() => import('../screens/alarms/AlarmTableScreen')) },
  { path: '/losses', screen: lazy(() => import('../screens/losses/LossesScreen')) },
  { path: '/handover', screen: lazy(() => import('../screens/handover/HandoverScreen')) },
  { path: '/handovers/:handoverId', screen: lazy(() => import('../screens/handover/HandoverRecordScreen')) },
  { path: '/cells', screen: lazy(() => import('../screens/search/CellsScreen')) },
  { path: '/lots', screen: lazy(() => import('../screens/search/LotsScreen')) },
  { path: '/search', screen: lazy(() => import('../screens/search/EverythingScreen')) },
  { path: '/queries', screen: lazy(() => import('../screens/queries/QueriesScreen')) },
  { path: '/cells/:cellId', screen: lazy(() => import('../screens/cell/CellScreen')) },
  { path: '/cells/:cellId/history', screen: lazy(() => import('../screens/history/HistoryScreen')) },
  { path: '/compare', screen: lazy(() => import('../screens/compare/CompareScreen')) },
  { path: '/furnaces', screen: lazy(() => import('../screens/furnaces/FurnacesScreen')) },
  { path: '/furnaces/loads/:loadId', screen: lazy(() => import('../screens/furnaces/FurnaceLoadScreen')) },
  { path: '/racks', screen: lazy(() => import('../screens/formation/RacksScreen')) },
  { path: '/racks/tests/:jobOrderId', screen: lazy(() => import('../screens/formation/TestScreen')) },
  { path: '/racks/channels/:channel', screen: lazy(() => import('../screens/formation/ChannelScreen')) },
  { path: '/packs', screen: lazy(() => import('../screens/formation/PacksScreen')) },
  { path: '/stack', screen: lazy(() => import('../screens/stack/StackScreen')) },
  { path: '/spray', screen: lazy(() => import('../screens/spray/SprayScreen')) },
  { path: '/spray/jobs/:jobId', screen: lazy(() => import('../screens/spray/SprayJobScreen')) },
  { path: '/gates', screen: lazy(() => import('../screens/quality/GatesScreen')) },
  { path: '/gates/:jobOrderId', screen: lazy(() => import('../screens/quality/GateScreen')) },
  { path: '/charts', screen: lazy(() => import('../screens/quality/ChartsScreen')) },
  { path: '/charts/:chartId', screen: lazy(() => import('../screens/quality/ChartScreen')) },
  { path: '/advice', screen: lazy(() => import('../screens/quality/AdviceScreen')) },
  { path: '/gauges', screen: lazy(() => import('../screens/quality/GaugesScreen')) },
  { path: '/nonconformances', screen: lazy(() => import('../screens/quality/NonconformancesScreen')) },
  { path: '/nonconformances/:nonconformanceId', screen: lazy(() => import('../screens/quality/NonconformanceScreen')) },
  { path: '/stations/:equipmentId', screen: lazy(() => import('../screens/station/StationScreen')) },
  { path: '/maintenance', screen: lazy(() => import('../screens/maintenance/MaintenanceScreen')) },
  { path: '/aside-events', screen: lazy(() => import('../screens/setaside/SetAsideScreen')) },
  { path: '/services', screen: lazy(() => import('../screens/services/ServicesScreen')) },
  { path: '/wallboard', screen: lazy(() => import('../screens/wallboard/WallboardScreen')) },
  { path: '/panel', screen: lazy(() => import('../screens/panel/PanelScreen')) },
  { path: '/trust', screen: lazy(() => import('../screens/trust/TrustScreen')) },
  { path: '/audit', screen: lazy(() => import('../screens/audit/AuditScreen')) },
  { path: '/persons', screen: lazy(() => import('../screens/persons/PersonsScreen')) },
  { path: '/lots/:lotId', screen: lazy(() => import('../screens/lot/LotScreen')) },
];

/** Screens that stand alone: nobody presses anything on a wall. */
export const WITHOUT_FRAME: ReadonlySet<string> = new Set(['/wallboard']);

interface NavigationEntry {
  to: string;
  label: MessageKey;
  icon: string;
  /** Addresses that belong to this entry. */
  covers: readonly string[];
  /** Shown only to those who may. */
  needs?: Permission;
}

export const NAVIGATION: readonly NavigationEntry[] = [
  { to: '/', label: 'nav.overview', icon: iconDashboard, covers: [] },
  { to: '/alarms', label: 'nav.alarms', icon: iconAlarmBell, covers: ['/alarm-figures', '/alarm-table'] },
  { to: '/losses', label: 'nav.losses', icon: iconBarchart, covers: [] },
  { to: '/handover', label: 'nav.handover', icon: iconHandshake, covers: ['/handovers'] },
  { to: '/cells', label: 'nav.search', icon: iconBatteryUprightFull, covers: ['/cells', '/lots', '/search', '/queries', '/compare'] },
  { to: '/furnaces', label: 'nav.furnaces', icon: iconGanttchart, covers: ['/furnaces'] },
  { to: '/spray', label: 'nav.spray', icon: iconDrop, covers: ['/spray'] },
  { to: '/stack', label: 'nav.stack', icon: iconLayers, covers: [] },
  { to: '/racks', label: 'nav.formation', icon: iconBatteryCharge, covers: ['/racks', '/packs'] },
  { to: '/gates', label: 'nav.quality', icon: iconConsistencyCheck, covers: ['/gates', '/charts', '/nonconformances', '/advice', '/gauges'] },
  { to: '/maintenance', label: 'nav.maintenance', icon: iconMaintenance, covers: [] },
  { to: '/services', label: 'nav.services', icon: iconServerRack, covers: [] },
  { to: '/wallboard', label: 'nav.wallboard', icon: iconMonitor, covers: [] },
  { to: '/aside-events', label: 'nav.set_aside', icon: iconMaintenanceInfo, covers: [] },
  { to: '/panel', label: 'nav.panel', icon: iconScreen, covers: [] },
  { to: '/trust', label: 'nav.trust', icon: iconCertificate, covers: [] },
  { to: '/audit', label: 'nav.audit', icon: iconAuditReport, covers: [] },
  { to: '/persons', label: 'nav.persons', icon: iconUserManagement, covers: [], needs: 'administer' },
];
