/** The iX elements that ui/ wraps, as JSX knows them. Nothing outside ui/ uses them. */
import type { HTMLAttributes, Ref } from 'react';

type IxAttributes<Own> = Omit<HTMLAttributes<HTMLElement>, keyof Own> & Own & { ref?: Ref<HTMLElement> };

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'ix-icon-button': IxAttributes<{ variant: 'tertiary'; icon: string; size: '24' }>;
      'ix-icon': IxAttributes<{ name: string; size: '24' }>;
    }
  }
}
