interface IconButtonProps {
  icon: string;
  label: string;
  onPress(): void;
}

/** A button with a symbol alone; `label` is what screen readers and the tooltip say. */
export function IconButton({ icon, label, onPress }: IconButtonProps) {
  return <ix-icon-button variant="tertiary" size="24" icon={icon} aria-label={label} title={label} onClick={onPress} />;
}
