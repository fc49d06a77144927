//go:build !sensor

// Package api serves what the hub knows over HTTP: an OpenAPI 3.1 service
// below /api/v1, live changes as server-sent events, and the pages of health
// and metrics. It holds who may do what: every route names the role, the
// scope and the right that it wants, and every handler passes on the tenant
// and the sites of its caller. It keeps nothing itself; the stores are those
// that package hub declares, and what else it needs is declared in ports.go.
// Package app makes a [Server]; the console and the command line are clients.
package api
