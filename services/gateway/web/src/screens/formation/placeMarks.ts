import type { PlaceState } from '../../api/formation';
import type { MarkKind } from '../../ui/Mark';

/** What needs a person has a symbol; what is in order has none. */
export const PLACE_MARKS: Record<PlaceState, MarkKind | null> = {
  free: null,
  leased: null,
  working: null,
  ended: null,
  held: 'held',
  out_of_service: 'bad',
  unknown: 'unknown',
};
