// Package bus carries what sensors report to the hub: its unit is the [Batch],
// a bounded run of facts with the devices and findings that changed in it.
// Batches are encoded as CBOR with integer keys (RFC 8949), whatever carries
// them: NATS JetStream (package bus/jetstream), a folder (package bus/spool),
// HTTPS or a pipe. It knows neither stores nor who reads.
package bus
