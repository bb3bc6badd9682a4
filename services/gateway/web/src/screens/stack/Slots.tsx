import type { StackLayer, StackToBuild } from '../../api/stacks';
import { useI18n } from '../../i18n/I18nProvider';
import { Mark } from '../../ui/Mark';

/** The slots of a plan as they lie: the bottom one below. The next one is framed. */
export function Slots({ stack }: { stack: StackToBuild }) {
  const { t } = useI18n();
  return (
    <ol className="stack-slots" aria-label={t('stack.slots')}>
      {stack.layers.map((layer) => (
        <Slot key={layer.position} layer={layer} next={layer.position === stack.next?.position} />
      ))}
    </ol>
  );
}

function Slot({ layer, next }: { layer: StackLayer; next: boolean }) {
  const { t, word } = useI18n();
  return (
    <li className={next ? 'stack-slot stack-slot-next' : 'stack-slot'} aria-current={next ? 'step' : undefined}>
      <span>{layer.position}</span>
      <span>
        {word('part_role', layer.role)} · {layer.material_definition_id}
        {layer.face_up !== null && ` · ${t('stack.face_up', { face: layer.face_up })}`}
      </span>
      <span>
        {layer.lot_id === null ? (
          t(next ? 'stack.comes_next' : 'stack.empty')
        ) : (
          <>
            {layer.scanned_at !== null && <Mark kind="good" />} {layer.lot_id}
          </>
        )}
      </span>
    </li>
  );
}
