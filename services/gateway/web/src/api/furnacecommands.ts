/** What a person can change of furnace plan and loads. A refusal is an answer: it is shown, not sent again by itself. */
import { useMutation, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import type { PlanLoad } from './furnaces';
import { commandKey, postCommand } from './http';
import { loadKey, PLAN_KEY } from './keys';

interface PinChange {
  path: string;
  body: object;
  key: string;
}

/** The version that is in force now, and when the load is planned by it. */
export interface PlanAnswer {
  version: number;
  start_at: string | null;
}

type PinMutation = UseMutationResult<PlanAnswer, Error, PinChange>;

export interface PlanCommand {
  /** Pins the load where it is planned, or takes its pin back. */
  pin(): void;
  /** Pins the load into another furnace, as soon as that one can. */
  moveTo(equipmentId: string): void;
  /** Gives one job order of the load a load of its own, in the same furnace. */
  splitOff(jobOrderId: string): void;
  mutation: Pick<PinMutation, 'isPending' | 'error'>;
}

/** Changes the furnace plan that the person saw; refused when another one is in force by now. */
export function usePlanChange(load: PlanLoad, version: number): PlanCommand {
  const mutation = usePins();
  const { equipment_id, job_order_ids, start_at, pin_id } = load;
  const change = (path: string, body: object) => mutation.mutate({ path, body: { version, ...body }, key: commandKey() });
  return {
    pin: () =>
      pin_id === null
        ? change('', { equipment_id, job_order_ids, start_at })
        : change(`/${encodeURIComponent(pin_id)}/end`, {}),
    moveTo: (equipmentId) => change('', { equipment_id: equipmentId, job_order_ids }),
    splitOff: (jobOrderId) => change('', { equipment_id, job_order_ids: [jobOrderId] }),
    mutation,
  };
}

export interface PlanMoveCommand {
  /** Pins a load of that version of the plan into a furnace, not before a time. */
  move(load: PlanLoad, version: number, equipmentId: string, startAt: string): void;
  mutation: Pick<PinMutation, 'isPending' | 'error' | 'data'>;
}

export function usePlanMove(): PlanMoveCommand {
  const mutation = usePins();
  return {
    move: ({ job_order_ids }, version, equipment_id, start_at) =>
      mutation.mutate({ path: '', body: { version, equipment_id, job_order_ids, start_at }, key: commandKey() }),
    mutation,
  };
}

function usePins(): PinMutation {
  const queries = useQueryClient();
  return useMutation<PlanAnswer, Error, PinChange>({
    mutationFn: ({ path, body, key }) => postCommand<PlanAnswer>(`/api/sintering/furnace-plan/pins${path}`, key, body),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: PLAN_KEY }),
  });
}

export interface SeenPlace {
  lot_id: string;
  tray: number;
  position: number;
}

export interface NewMark {
  tray: number;
  position: number;
  mark: string;
}

/** Says where a part of a load really stands, until its run is over. */
export const usePlace = (loadId: string, onTaken: () => void) =>
  useLoadCommand<SeenPlace>(loadId, (place) => ['places', { places: [place] }], onTaken);

/** Gives the pellet at a place its mark, once and for good. */
export const useMark = (loadId: string, onTaken: () => void) =>
  useLoadCommand<NewMark>(loadId, (mark) => ['marks', { marks: [mark] }], onTaken);

function useLoadCommand<Given>(loadId: string, said: (given: Given) => [string, object], onTaken: () => void) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, Given>({
    mutationFn: (given) => {
      const [path, body] = said(given);
      return postCommand(`/api/sintering/furnace-loads/${encodeURIComponent(loadId)}/${path}`, commandKey(), body);
    },
    retry: false,
    onSuccess: onTaken,
    onSettled: () => queries.invalidateQueries({ queryKey: loadKey(loadId) }),
  });
}
