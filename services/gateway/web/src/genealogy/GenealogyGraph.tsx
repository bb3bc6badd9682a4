import { useMemo, useRef } from 'react';
import { EChart } from '../charts/EChart';
import { usePalette, type Palette } from '../charts/palette';
import { useWidth } from '../charts/useWidth';
import { useI18n, type I18n } from '../i18n/I18nProvider';
import type { GroupedGenealogy, LotGroup } from './grouping';
import { BOX, layOut, type PlacedGroup } from './layout';

const PADDING_PX = 6;

interface GenealogyGraphProps {
  genealogy: GroupedGenealogy;
  /** The lot this page is about; its box has a heavy border. */
  lotId: string;
  selected: string | null;
  onSelect(groupId: string): void;
}

export default function GenealogyGraph({ genealogy, lotId, selected, onSelect }: GenealogyGraphProps) {
  const { t } = useI18n();
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const room = useWidth(host);
  const layout = useMemo(() => layOut(genealogy, room), [genealogy, room]);

  const option = useMemo(() => {
    const axis = { type: 'value', show: false, min: 0 };
    return {
      animation: false,
      // One axis unit is one px, so the boxes stand exactly where the layout puts them.
      grid: { left: 0, right: 0, top: 0, bottom: 0, outerBoundsMode: 'none' },
      xAxis: { ...axis, max: layout.width },
      yAxis: { ...axis, max: layout.height, inverse: true },
      series: [
        {
          type: 'graph',
          coordinateSystem: 'cartesian2d',
          layout: 'none',
          symbol: 'rect',
          lineStyle: { color: palette.line, width: 1.5, opacity: 1 },
          emphasis: { disabled: true },
          data: layout.placed.map((place) =>
            place.group === null
              ? { name: place.id, value: [place.x, place.y], symbolSize: 0 }
              : box(place, place.group, { palette, t, lotId, selected }),
          ),
          links: layout.links.map((link) => ({ source: link.from, target: link.to })),
        },
      ],
    };
  }, [layout, lotId, selected, palette, t]);

  return (
    <div ref={host} className="genealogy-graph">
      {room > 0 && (
        <EChart
          label={t('genealogy.graph')}
          width={layout.width}
          height={layout.height}
          option={option}
          onTap={onSelect}
        />
      )}
    </div>
  );
}

interface Drawing {
  palette: Palette;
  t: I18n['t'];
  lotId: string;
  selected: string | null;
}

function box(place: PlacedGroup, group: LotGroup, { palette, t, lotId, selected }: Drawing) {
  const subject = group.lots.some((lot) => lot.lot_id === lotId);
  const count = group.lots.length;
  const title = count > 1 ? t('genealogy.group', { count, material: group.material }) : group.material;
  const detail = count > 1 ? t('genealogy.lots', { count }) : (group.lots[0]?.lot_id ?? '');
  const line = {
    fontFamily: palette.font,
    fontSize: 12,
    lineHeight: 18,
    width: BOX.width - 10,
    overflow: 'truncate',
    align: 'center',
  };
  return {
    id: group.id,
    name: group.id,
    value: [place.x, place.y],
    symbolSize: [BOX.width, BOX.height],
    itemStyle: { color: 'transparent' },
    // The label draws the box: the border of a stretched symbol has two widths.
    label: {
      show: true,
      position: 'inside',
      width: BOX.width,
      height: BOX.height - 2 * PADDING_PX,
      padding: [PADDING_PX, 0],
      align: 'center',
      verticalAlign: 'middle',
      backgroundColor: group.id === selected ? palette.selected : palette.raised,
      borderColor: subject ? palette.text : palette.line,
      borderWidth: subject ? 3 : 1,
      borderRadius: 4,
      formatter: `{title|${title}}\n{detail|${detail}}`,
      rich: {
        title: { ...line, color: palette.text, fontWeight: 'bold' },
        detail: { ...line, color: palette.soft },
      },
    },
  };
}
