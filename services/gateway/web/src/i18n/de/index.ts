/** All German texts. */
import type { Messages } from '../en';
import { frame } from './frame';
import { alarms } from './alarms';
import { handover } from './handover';
import { losses } from './losses';
import { maintenance } from './maintenance';
import { audit } from './audit';
import { advice } from './advice';
import { gauges } from './gauges';
import { overview } from './overview';
import { services } from './services';
import { search } from './search';
import { quality } from './quality';
import { queries } from './queries';
import { cell } from './cell';
import { compare } from './compare';
import { setAside } from './setaside';
import { furnace } from './furnace';
import { formation } from './formation';
import { stack } from './stack';
import { spray } from './spray';
import { station } from './station';
import { trust } from './trust';
import { history } from './history';
import { session } from './session';
import { words } from './words';

export const messages: Messages = {
  ...frame,
  ...alarms,
  ...handover,
  ...losses,
  ...maintenance,
  ...audit,
  ...advice,
  ...gauges,
  ...overview,
  ...services,
  ...search,
  ...quality,
  ...queries,
  ...cell,
  ...compare,
  ...setAside,
  ...furnace,
  ...formation,
  ...stack,
  ...spray,
  ...station,
  ...trust,
  ...history,
  ...session,
  ...words,
};
