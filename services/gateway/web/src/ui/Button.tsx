interface ButtonProps {
  children: string;
  onPress(): void;
  icon?: string;
  /** True while what the press asked for is under way: a second press does nothing. */
  busy?: boolean;
}

/** A command button. `icon` is one imported from `@siemens/ix-icons/icons`. */
export function Button({ children, onPress, icon, busy = false }: ButtonProps) {
  return (
    <ix-button variant="secondary" icon={icon} disabled={busy} onClick={busy ? undefined : onPress}>
      {children}
    </ix-button>
  );
}
