import type { components } from '@/api/schema';

export type Sensor = components['schemas']['Sensor'];
export type Enrolment = components['schemas']['Enrolment'];
export type Wave = components['schemas']['Wave'];

/** Everything that shows sensors; asked anew after a change. */
export const sensorPaths = ['/api/v1/sensors', '/api/v1/enrolments', '/api/v1/waves'] as const;
