import type { WorkRequest } from '../../api/types';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { None } from '../../parts/None';
import { Mark } from '../../ui/Mark';
import { ProgressBar } from '../../ui/ProgressBar';
import { CloseShort } from './CloseShort';
import './WorkRequests.css';

export function WorkRequests({ requests, readAt }: { requests: readonly WorkRequest[]; readAt: number }) {
  const { t, word, percent } = useI18n();
  const { permissions } = useCaller();
  if (requests.length === 0) return <None readAt={readAt} />;
  return (
    <ul className="requests">
      {requests.map((request) => (
        <li key={request.work_request_id} className="request">
          <div className="request-head">
            <strong>{request.work_request_id}</strong>
            <span>{request.product_id}</span>
            <span>{word('job_state', request.state)}</span>
            {request.closed_at !== null && <span>{t('request.closed')}</span>}
          </div>
          <ProgressBar
            ratio={request.graded / Math.max(1, request.quantity)}
            heldRatio={request.held / Math.max(1, request.quantity)}
            label={request.work_request_id}
            text={percent(request.graded / Math.max(1, request.quantity))}
          />
          <div className="request-foot">
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
              {request.cancelled > 0 && <span>{t('request.cancelled', { count: request.cancelled })}</span>}
            </div>
            {request.state === 'open' && request.closed_at === null && permissions.includes('plan') && (
              <CloseShort workRequestId={request.work_request_id} />
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
