import { useState } from 'react';
import { useGradedRecipes, usePacks, type GradedRecipe, type Pack, type PackRules } from '../../api/formation';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';
import { TextField } from '../../ui/TextField';
import { FormationTabs } from './FormationTabs';
import './PacksScreen.css';

const PER_CENT = 100;

/** Cells that go together: the most packs that the spreads allow, of one product, recipe version and grade. */
export default function PacksScreen() {
  const { t } = useI18n();
  const recipes = useGradedRecipes();
  return (
    <div className="screen">
      <FormationTabs />
      <p>{t('pack.explain')}</p>
      <DataView query={recipes}>
        {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <Proposal recipes={items} />)}
      </DataView>
    </div>
  );
}

function Proposal({ recipes }: { recipes: readonly GradedRecipe[] }) {
  const { t } = useI18n();
  const [chosen, setChosen] = useState('');
  const [size, setSize] = useState('4');
  const [capacity, setCapacity] = useState('1');
  const [resistance, setResistance] = useState('');
  const recipe = recipes.find((one) => keyOf(one) === chosen) ?? recipes[0];
  const rules = rulesOf(size, capacity, resistance);
  const options = recipes.map((one) => ({ value: keyOf(one), label: labelOf(one) }));
  return (
    <>
      <div className="pack-rules">
        <Select label={t('pack.cells')} options={options} value={recipe === undefined ? '' : keyOf(recipe)} onChange={setChosen} />
        <TextField label={t('pack.size')} value={size} onChange={setSize} />
        <TextField label={t('pack.capacity_spread')} value={capacity} onChange={setCapacity} />
        <TextField label={t('pack.resistance_spread')} value={resistance} onChange={setResistance} />
      </div>
      {rules === null || recipe === undefined ? <p role="alert">{t('pack.wrong')}</p> : <Packs recipe={recipe} rules={rules} />}
    </>
  );
}

function Packs({ recipe, rules }: { recipe: GradedRecipe; rules: PackRules }) {
  const { t, percent } = useI18n();
  const columns: Column<Pack>[] = [
    { id: 'cells', header: t('pack.together'), cell: (pack) => pack.lot_ids.join(', ') },
    { id: 'capacity', header: t('pack.capacity_spread'), align: 'right', cell: (pack) => percent(pack.capacity_spread_ratio, 2) },
    {
      id: 'resistance',
      header: t('pack.resistance_spread'),
      align: 'right',
      cell: ({ resistance_spread_ratio: ratio }) => (ratio === null ? NO_DATA : percent(ratio, 2)),
    },
  ];
  return (
    <DataView query={usePacks(recipe, rules)}>
      {({ packs, left_over: left }, readAt) => (
        <>
          <Panel title={t('pack.title')} note={t('pack.count', { packs: packs.length, left: left.length })}>
            {packs.length === 0 ? (
              <None readAt={readAt} />
            ) : (
              <DataTable label={t('pack.title')} columns={columns} rows={packs} rowKey={(pack) => pack.lot_ids.join(' ')} />
            )}
          </Panel>
          <Panel title={t('pack.left')}>{left.length === 0 ? <None readAt={readAt} /> : <p>{left.join(', ')}</p>}</Panel>
        </>
      )}
    </DataView>
  );
}

function keyOf(recipe: GradedRecipe): string {
  return [recipe.product_id, recipe.protocol_id, recipe.protocol_version, recipe.grade].join(' ');
}

function labelOf(recipe: GradedRecipe): string {
  return `${recipe.product_id}, ${recipe.protocol_id} v${recipe.protocol_version}, ${recipe.grade} (${recipe.cell_count})`;
}

/** Null where a field holds no number that a pack can have. */
function rulesOf(size: string, capacity: string, resistance: string): PackRules | null {
  const cells = Number(size);
  const spread = Number(capacity.replace(',', '.')) / PER_CENT;
  const resistanceSpread = resistance.trim() === '' ? null : Number(resistance.replace(',', '.')) / PER_CENT;
  const sound = Number.isInteger(cells) && cells >= 2 && cells <= 1_000 && spread > 0 && (resistanceSpread === null || resistanceSpread > 0);
  return sound ? { size: cells, capacity_spread_ratio: spread, resistance_spread_ratio: resistanceSpread } : null;
}
