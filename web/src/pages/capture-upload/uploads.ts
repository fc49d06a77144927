// Uploads with progress. XMLHttpRequest is used since fetch does not tell how
// much of a body has been sent.
import { useCallback, useRef, useState } from 'react';
import { csrfHeaders } from '@/api/client';
import { problemOf } from '@/api/problem';
import { i18next } from '@/i18n';
import { formatBytes } from '@/lib/format';

/** What the hub takes at most. It is asked here, since a hub that ends a body early cannot say why. */
const maxBytes = 16 * 2 ** 30;

export interface Upload {
  id: number;
  name: string;
  size: number;
  sent: number;
  /** What went wrong; empty while it goes well. */
  problem: string;
}

export interface Uploads {
  uploads: readonly Upload[];
  add(files: readonly File[]): void;
  stop(id: number): void;
}

/** Sends files one after the other; those that arrived leave the list. */
export function useUploads(arrived: () => void): Uploads {
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const requests = useRef(new Map<number, XMLHttpRequest>());
  const stopped = useRef(new Set<number>());
  const chain = useRef<Promise<void>>(Promise.resolve());
  const count = useRef(0);
  const change = useCallback(
    (id: number, part: Partial<Upload>) =>
      setUploads((all) => all.map((u) => (u.id === id ? { ...u, ...part } : u))),
    [],
  );
  const drop = useCallback((id: number) => setUploads((all) => all.filter((u) => u.id !== id)), []);
  const add = useCallback(
    (files: readonly File[]) => {
      for (const file of files) {
        const id = ++count.current;
        setUploads((all) => [...all, { id, name: file.name, size: file.size, sent: 0, problem: '' }]);
        chain.current = chain.current.then(async () => {
          if (stopped.current.has(id)) return;
          try {
            if (file.size > maxBytes)
              throw new Error(
                i18next.t('capture-upload:tooLarge', { size: formatBytes(maxBytes, i18next.language) }),
              );
            await send(
              file,
              (sent) => change(id, { sent }),
              (x) => requests.current.set(id, x),
            );
            drop(id);
            arrived();
          } catch (e) {
            change(id, { problem: e instanceof Error ? e.message : String(e) });
          } finally {
            requests.current.delete(id);
          }
        });
      }
    },
    [arrived, change, drop],
  );
  const stop = useCallback(
    (id: number) => {
      stopped.current.add(id);
      requests.current.get(id)?.abort();
      drop(id);
    },
    [drop],
  );
  return { uploads, add, stop };
}

function send(
  file: File,
  progress: (sent: number) => void,
  began: (x: XMLHttpRequest) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    began(x);
    x.open('POST', `/api/v1/captures?name=${encodeURIComponent(file.name)}`);
    x.setRequestHeader('Content-Type', 'application/octet-stream');
    for (const [k, v] of Object.entries(csrfHeaders())) x.setRequestHeader(k, v);
    x.upload.onprogress = (e) => progress(e.loaded);
    x.onload = () => {
      if (x.status >= 200 && x.status < 300) return resolve();
      let body: unknown;
      try {
        body = JSON.parse(x.responseText);
      } catch {
        body = undefined;
      }
      reject(problemOf(x.status, x.statusText, body));
    };
    x.onerror = () => reject(new Error(i18next.t('error.unreachable')));
    x.onabort = () => resolve();
    x.send(file);
  });
}
