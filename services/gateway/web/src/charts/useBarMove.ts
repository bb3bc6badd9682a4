/** Moving a bar of the furnace plan: by mouse or finger, or by the keys of a bar that has the focus. */
import { useEffect, useState, type KeyboardEvent, type PointerEvent, type RefObject } from 'react';
import { movedStart, SNAP_MS, type Bar, type Span } from './gantt';

const LEAST_DRAG_PX = 6;
const KEY_STEP_MS = 4 * SNAP_MS;

/** A bar on its way: nothing is asked of the service before it is put down. */
export interface Moving {
  bar: Bar;
  row: number;
  startMs: number;
}

interface Grip {
  bar: Bar;
  pointerId: number;
  x: number;
  y: number;
}

interface Plot {
  element: RefObject<HTMLElement | null>;
  rowsCount: number;
  rowPx: number;
  span: Span;
  nowMs: number;
}

export function useBarMove(plot: Plot, onPut: (moving: Moving) => void) {
  const [grip, setGrip] = useState<Grip | null>(null);
  const [moving, setMoving] = useState<Moving | null>(null);
  useStillPage(plot.element);
  const within = (row: number) => Math.min(plot.rowsCount - 1, Math.max(0, row));
  const leave = () => {
    setGrip(null);
    setMoving(null);
  };
  const put = (given: Moving | null) => {
    leave();
    if (given !== null && (given.row !== given.bar.row || given.startMs !== given.bar.fromMs)) onPut(given);
  };
  /** Where the bar is held; null while it has not left its place, or by another pointer. */
  const held = (event: PointerEvent): Moving | null => {
    const element = plot.element.current;
    if (grip === null || element === null || event.pointerId !== grip.pointerId) return null;
    const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y];
    if (moving === null && Math.hypot(dx, dy) < LEAST_DRAG_PX) return null;
    const byMs = (dx / element.clientWidth) * (plot.span.toMs - plot.span.fromMs);
    const row = within(grip.bar.row + Math.round(dy / plot.rowPx));
    return { bar: grip.bar, row, startMs: movedStart(grip.bar, byMs, plot.nowMs) };
  };
  const take = (bar: Bar, event: PointerEvent) => {
    if (event.button !== 0 || plot.element.current === null) return;
    // Held by the plot, so that the bar may be drawn anew meanwhile.
    plot.element.current.setPointerCapture(event.pointerId);
    setGrip({ bar, pointerId: event.pointerId, x: event.clientX, y: event.clientY });
  };
  const drag = (event: PointerEvent) => {
    const now = held(event);
    if (now !== null) setMoving(now);
  };
  const press = (bar: Bar, event: KeyboardEvent) => {
    const now = moving ?? { bar, row: bar.row, startMs: bar.fromMs };
    const stepMs = event.shiftKey ? SNAP_MS : KEY_STEP_MS;
    const steps: Record<string, () => void> = {
      ArrowUp: () => setMoving({ ...now, row: within(now.row - 1) }),
      ArrowDown: () => setMoving({ ...now, row: within(now.row + 1) }),
      ArrowLeft: () => setMoving({ ...now, startMs: movedStart(bar, now.startMs - stepMs - bar.fromMs, plot.nowMs) }),
      ArrowRight: () => setMoving({ ...now, startMs: movedStart(bar, now.startMs + stepMs - bar.fromMs, plot.nowMs) }),
      Enter: () => put(moving),
      Escape: leave,
    };
    const act = steps[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  /** A bar that was moved by keys and lost the focus stays where it was. */
  const blur = () => grip === null && leave();
  /** Put down where the pointer was lifted: its last move may not be drawn yet. */
  const drop = (event: PointerEvent) => {
    if (grip !== null && event.pointerId === grip.pointerId) put(held(event));
  };
  return { moving, take, drag, drop, leave, press, blur };
}

/** A finger on a bar scrolls nothing. Without this the browser takes a quick drag for a throw of the page, and the tap that
 *  follows for the hand that stops it: that tap presses no button. React's own listeners cannot refuse a touch. */
function useStillPage(plot: RefObject<HTMLElement | null>) {
  useEffect(() => {
    const element = plot.current;
    const refuse = (event: TouchEvent) => {
      if (event.target instanceof Element && event.target.closest('.gantt-movable') !== null) event.preventDefault();
    };
    element?.addEventListener('touchmove', refuse, { passive: false });
    return () => element?.removeEventListener('touchmove', refuse);
  }, [plot]);
}
