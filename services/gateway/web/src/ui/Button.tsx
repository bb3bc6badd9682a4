interface ButtonProps {
  children: string;
  onPress(): void;
  icon?: string;
}

/** A command button. `icon` is one imported from `@siemens/ix-icons/icons`. */
export function Button({ children, onPress, icon }: ButtonProps) {
  return (
    <ix-button variant="secondary" icon={icon} onClick={onPress}>
      {children}
    </ix-button>
  );
}
