import { Select } from '../ui/Select';
import type { Option } from '../ui/Choice';
import './CommandForm.css';

interface SelectFieldProps<Value extends string> {
  label: string;
  options: readonly Option<Value>[];
  value: Value;
  onChange(value: Value): void;
}

/** A list with its label above, as the other fields of a form have it. */
export function SelectField<Value extends string>(props: SelectFieldProps<Value>) {
  return (
    <div className="field-label">
      <span aria-hidden="true">{props.label}</span>
      <Select {...props} />
    </div>
  );
}
