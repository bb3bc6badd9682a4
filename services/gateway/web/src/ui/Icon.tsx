/** A symbol beside a word; never alone, so screen readers skip it. */
export function Icon({ icon }: { icon: string }) {
  return <ix-icon name={icon} size="24" aria-hidden="true" />;
}
