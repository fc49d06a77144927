// Package webhook posts findings to a web server, signed.
// It knows the nouns only; package app gives it what to send.
package webhook
