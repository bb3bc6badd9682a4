import { useState } from 'react';
import { useCaller } from '../../app/session/SessionGate';
import { useMixFormulas, useWeighOut, type MixFormula } from '../../api/spray';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Refusal } from '../../parts/Refusal';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';
import './GluePanel.css';

/** The weigh-out of a new glue: a lot and its mass for each material of the formula. */
export function WeighOutPanel() {
  const { t } = useI18n();
  const caller = useCaller();
  const query = useMixFormulas();
  const [chosen, setChosen] = useState('');
  if (!caller.permissions.includes('operate')) return null;
  return (
    <Panel title={t('spray.weigh_out')}>
      <DataView query={query}>
        {({ items }, readAt) => {
          const formula = items.find((one) => one.formula_id === chosen) ?? items[0];
          if (formula === undefined) return <None readAt={readAt} />;
          const options = items.map((one) => ({ value: one.formula_id, label: `${one.formula_id} v${one.version}: ${one.description}` }));
          return (
            <>
              <Select label={t('spray.formula')} options={options} value={formula.formula_id} onChange={setChosen} />
              <WeighOutForm key={formula.formula_id} formula={formula} />
            </>
          );
        }}
      </DataView>
    </Panel>
  );
}

type Entered = Record<string, { lotId: string; mass: string }>;

function WeighOutForm({ formula }: { formula: MixFormula }) {
  const { t, percent } = useI18n();
  const [lotId, setLotId] = useState('');
  const [entered, setEntered] = useState<Entered>({});
  const { send, mutation } = useWeighOut(() => {
    setLotId('');
    setEntered({});
  });
  const of = (material: string) => entered[material] ?? { lotId: '', mass: '' };
  return (
    <form
      className="glue-form"
      onSubmit={(event) => {
        event.preventDefault();
        const weighings = formula.components.map(({ material_definition_id: material }) => ({
          lot_id: of(material).lotId,
          material_definition_id: material,
          mass_g: Number(of(material).mass.replace(',', '.')),
        }));
        send({ lot_id: lotId, formula_id: formula.formula_id, weighings });
      }}
    >
      <TextField label={t('spray.new_lot')} value={lotId} onChange={setLotId} />
      {formula.components.map(({ material_definition_id: material, mass_ratio: ratio, tolerance_ratio: tolerance }) => (
        <div key={material} className="glue-form">
          <TextField
            label={t('spray.lot_of', { material })}
            value={of(material).lotId}
            onChange={(lot) => setEntered({ ...entered, [material]: { ...of(material), lotId: lot } })}
          />
          <TextField
            label={t('spray.mass_of', { material, share: percent(ratio, 2), tolerance: percent(tolerance, 1) })}
            value={of(material).mass}
            onChange={(mass) => setEntered({ ...entered, [material]: { ...of(material), mass } })}
          />
        </div>
      ))}
      <SubmitButton busy={mutation.isPending}>{t('spray.weigh')}</SubmitButton>
      <Refusal error={mutation.error} />
    </form>
  );
}
