import './Button.css';
import { Icon } from './Icon';

interface ButtonProps {
  children: string;
  onPress(): void;
  icon?: string;
  /** True while what the press asked for is under way: a second press does nothing. */
  busy?: boolean;
  /** True for what changes the run of a machine: 20 mm on a panel. */
  command?: boolean;
}

/** A button. `icon` is one imported from `@siemens/ix-icons/icons`. Not iX's own: that names its font where no page
 *  can change it, and Chinese became empty boxes. */
export function Button({ children, onPress, icon, busy = false, command = false }: ButtonProps) {
  return (
    <button type="button" className={command ? 'button button-command' : 'button'} disabled={busy} onClick={onPress}>
      {icon !== undefined && <Icon icon={icon} />}
      {children}
    </button>
  );
}
