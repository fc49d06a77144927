import { Button, Skeleton } from '@mantine/core';
import { IconDownload, IconEye } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, csrfHeaders } from '@/api/client';
import { problemOf } from '@/api/problem';
import type { FindingDetail, PacketEvidence } from '@/api/types';
import { useRight } from '@/app/session';
import { sayError } from '@/widgets/confirm';
import { Panel } from '@/widgets/Panel';
import { Count, Time } from '@/widgets/values';
import css from './finding.module.css';
import { ReasonDialog } from './ReasonDialog';

const PacketFacts = lazy(async () => ({ default: (await import('./PacketFacts')).PacketFacts }));
const Packets = lazy(() => import('./Packets'));

/** What a finding rests on. The packets themselves are a right of their own and take a reason. */
export function EvidencePanel({ finding }: { finding: FindingDetail }) {
  const { t } = useTranslation('finding');
  const may = useRight('evidence');
  const [asking, setAsking] = useState<'show' | 'download'>();
  const [packets, setPackets] = useState<PacketEvidence[]>();
  const [at, setAt] = useState<number>();
  const kept = finding.evidence.some((e) => e.length > 0);

  const go = async (what: 'show' | 'download', reason: string) => {
    setAsking(undefined);
    try {
      if (what === 'download') return await download(finding.id, reason);
      const { data } = await api.POST('/api/v1/findings/{id}/evidence', {
        params: { path: { id: finding.id } },
        body: { reason },
      });
      const found = (data ?? []).filter((p) => p.length > 0);
      setPackets(found);
      setAt(found[0]?.index);
    } catch (e) {
      sayError(e);
    }
  };

  return (
    <Panel
      title={t('evidence')}
      flush
      aside={
        kept &&
        may && (
          <span className={css.buttons}>
            {!packets && (
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconEye size={15} aria-hidden />}
                onClick={() => setAsking('show')}
              >
                {t('showPackets')}
              </Button>
            )}
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconDownload size={15} aria-hidden />}
              onClick={() => setAsking('download')}
            >
              {t('pcap')}
            </Button>
          </span>
        )
      }
    >
      {finding.evidence.length === 0 ? (
        <p className={css.calm}>{t('noEvidence')}</p>
      ) : (
        <ol className={css.evidence}>
          {finding.evidence.map((e) => {
            const packet = packets?.find((p) => p.index === e.index);
            const line = (
              <>
                <Time value={e.time} precise />
                <span className={css.summary}>{e.summary}</span>
                {!!e.packet && (
                  <span className="dim">
                    {t('packet')} <Count value={e.packet} />
                  </span>
                )}
              </>
            );
            return (
              <li key={e.index} data-current={at === e.index || undefined}>
                {packet || e.packet ? (
                  <button
                    type="button"
                    aria-expanded={at === e.index}
                    onClick={() => setAt(at === e.index ? undefined : e.index)}
                  >
                    {line}
                  </button>
                ) : (
                  <div>{line}</div>
                )}
                {at === e.index && (
                  <Suspense fallback={<Skeleton height={260} />}>
                    <div className={css.packet}>
                      <PacketFacts evidence={e} sensors={finding.sensors} packet={packet} />
                      {packet && <Packets packet={packet} />}
                    </div>
                  </Suspense>
                )}
              </li>
            );
          })}
        </ol>
      )}
      {kept && !may && <p className={css.calm}>{t('noRight')}</p>}
      <p className={css.calm}>
        <Link to={huntHref(finding)}>{t('facts-around')}</Link>
      </p>
      {asking && (
        <ReasonDialog
          close={() => setAsking(undefined)}
          go={(reason) => void go(asking, reason)}
          what={asking}
        />
      )}
    </Panel>
  );
}

/** Hunt for the facts of the device around the time of the finding. */
function huntHref(f: FindingDetail): string {
  const first = Date.parse(f.first_seen ?? '') || 0;
  const last = Date.parse(f.last_seen ?? '') || first;
  const params = new URLSearchParams({
    t: `${new Date(first - 60_000).toISOString()}~${new Date(last + 60_000).toISOString()}`,
  });
  if (f.device) params.set('device', f.device);
  return `/hunt?${params}`;
}

async function download(id: string, reason: string): Promise<void> {
  const answer = await fetch(`/api/v1/findings/${encodeURIComponent(id)}/evidence.pcap`, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json', ...csrfHeaders() },
    body: JSON.stringify({ reason }),
  });
  if (!answer.ok)
    throw problemOf(answer.status, answer.statusText, await answer.json().catch(() => undefined));
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = `edgeward-${id}.pcap`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
