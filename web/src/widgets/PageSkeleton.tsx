import { Skeleton } from '@mantine/core';

/** What stands for a page until its data have come. */
export function PageSkeleton() {
  return (
    <div aria-busy="true">
      <Skeleton height={120} mb={16} />
      <Skeleton height={320} />
    </div>
  );
}
