import type { ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import './DataTable.css';

export interface Column<Row> {
  id: string;
  header: string;
  cell(row: Row): ReactNode;
  /** Numbers stand right, so that their digits line up. */
  align?: 'right';
}

interface DataTableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): string;
  /** Where a tap on the row leads; the first column becomes the link. */
  rowLink?(row: Row): string | undefined;
  /** For a table of short words and counts in a narrow panel. */
  dense?: boolean;
}

export function DataTable<Row>({ label, columns, rows, rowKey, rowLink, dense = false }: DataTableProps<Row>) {
  const navigate = useNavigate();
  return (
    <div className="table-scroll" role="region" aria-label={label} tabIndex={0}>
      <table className={dense ? 'table table-dense' : 'table'}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={column.align}>
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const link = rowLink?.(row);
            return (
              <tr
                key={rowKey(row)}
                className={link === undefined ? undefined : 'table-row-link'}
                onClick={link === undefined ? undefined : () => void navigate(link)}
              >
                {columns.map((column, index) => (
                  <td key={column.id} className={column.align}>
                    {index === 0 && link !== undefined ? (
                      <Link to={link} onClick={(event) => event.stopPropagation()}>
                        {column.cell(row)}
                      </Link>
                    ) : (
                      column.cell(row)
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
