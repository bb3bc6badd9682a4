/** The last part of a furnace's path, which the people at it say. */
export function nameOf(equipmentId: string): string {
  return equipmentId.slice(equipmentId.lastIndexOf('/') + 1);
}
