interface ButtonProps {
  children: string;
  onPress(): void;
  icon?: string;
  /** True while what the press asked for is under way: a second press does nothing. */
  busy?: boolean;
  /** True for what changes the run of a machine: 20 mm on a panel. */
  command?: boolean;
}

/** A command button. `icon` is one imported from `@siemens/ix-icons/icons`. */
export function Button({ children, onPress, icon, busy = false, command = false }: ButtonProps) {
  return (
    <ix-button className={command ? 'command-button' : undefined} variant="secondary" icon={icon} disabled={busy} onClick={busy ? undefined : onPress}>
      {children}
    </ix-button>
  );
}
