/** All Chinese (simplified) texts. */
import type { Messages } from '../en';
import { frame } from './frame';
import { overview } from './overview';
import { search } from './search';
import { queries } from './queries';
import { cell } from './cell';
import { setAside } from './setaside';
import { furnace } from './furnace';
import { formation } from './formation';
import { stack } from './stack';
import { spray } from './spray';
import { trust } from './trust';
import { history } from './history';
import { session } from './session';
import { words } from './words';

export const messages: Messages = {
  ...frame,
  ...overview,
  ...search,
  ...queries,
  ...cell,
  ...setAside,
  ...furnace,
  ...formation,
  ...stack,
  ...trust,
  ...session,
  ...words,
};
export const messages: Messages = { ...frame, ...overview, ...search, ...cell, ...setAside, ...furnace, ...trust, ...history, ...session, ...words };
export const messages: Messages = { ...frame, ...overview, ...search, ...cell, ...setAside, ...furnace, ...formation, ...trust, ...session, ...words };
export const messages: Messages = { ...frame, ...overview, ...search, ...cell, ...setAside, ...furnace, ...stack, ...trust, ...session, ...words };
export const messages: Messages = { ...frame, ...overview, ...search, ...cell, ...setAside, ...furnace, ...spray, ...trust, ...session, ...words };
