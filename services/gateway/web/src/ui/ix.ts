/** Registers the iX elements that ui/ wraps and loads the iX styles. */
import { defineCustomElement as defineIcon } from '@siemens/ix-icons/components/ix-icon.js';
import { defineCustomElement as defineIconButton } from '@siemens/ix/components/ix-icon-button.js';
import './ix.css';

export function registerIx(): void {
  defineIcon();
  defineIconButton();
}
