// Short names for the shapes of the API.
import type { components } from './schema';

type Shapes = components['schemas'];

export type Capture = Shapes['Capture'];
export type Counts = Shapes['Counts'];
export type Device = Shapes['Device'];
export type DeviceDetail = Shapes['DeviceDetail'];
export type DevicePatch = Shapes['DevicePatch'];
export type Evidence = Shapes['Evidence'];
export type Finding = Shapes['Finding'];
export type FindingDetail = Shapes['FindingDetail'];
export type FindingGroup = Shapes['FindingGroup'];
export type FindingPatch = Shapes['FindingPatch'];
export type Import = Shapes['Import'];
export type Interface = Shapes['Interface'];
export type InterfaceList = Shapes['InterfaceList'];
export type Link = Shapes['Link'];
export type Overview = Shapes['Overview'];
export type PacketEvidence = Shapes['PacketEvidence'];
export type Selector = Shapes['Selector'];
export type Sensor = Shapes['Sensor'];
export type Series = Shapes['Series'];
export type Share = Shapes['Share'];
