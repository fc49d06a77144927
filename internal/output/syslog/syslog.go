// Package syslog sends findings to a syslog collector: RFC 5424 with a plain text, CEF or JSON payload, over UDP, TCP or TLS.
// It knows the nouns only; package app gives it what to send.
package syslog
