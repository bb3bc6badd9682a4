import type { WorkRequest } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { None } from '../../parts/None';
import { Mark } from '../../ui/Mark';
import { ProgressBar } from '../../ui/ProgressBar';
import './WorkRequests.css';

export function WorkRequests({ requests, readAt }: { requests: readonly WorkRequest[]; readAt: number }) {
  const { t, word, percent } = useI18n();
  if (requests.length === 0) return <None readAt={readAt} />;
  return (
    <ul className="requests">
      {requests.map((request) => (
        <li key={request.work_request_id} className="request">
          <div className="request-head">
            <strong>{request.work_request_id}</strong>
            <span>{request.product_id}</span>
            <span>{word('job_state', request.state)}</span>
          </div>
          <ProgressBar
            ratio={request.graded / Math.max(1, request.quantity)}
            heldRatio={request.held / Math.max(1, request.quantity)}
            label={request.work_request_id}
            text={percent(request.graded / Math.max(1, request.quantity))}
          />
          <div className="request-counts live-value">
            <span>{t('request.graded', { graded: request.graded, quantity: request.quantity })}</span>
            {request.held > 0 && (
              <span>
                <Mark kind="held" /> {t('request.held', { count: request.held })}
              </span>
            )}
            {request.scrapped > 0 && (
              <span>
                <Mark kind="bad" /> {t('request.scrapped', { count: request.scrapped })}
              </span>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
