/** Lets a component hand a number to its style sheet as a custom property. */
declare module 'react' {
  interface CSSProperties {
    [property: `--${string}`]: string | number | undefined;
  }
}

export {};
