import { Component, type ReactNode } from 'react';

interface ScreenBoundaryProps {
  fallback: ReactNode;
  children: ReactNode;
}

/** Keeps a screen that fails from taking the frame, and with it the alarms, down. */
export class ScreenBoundary extends Component<ScreenBoundaryProps, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}
