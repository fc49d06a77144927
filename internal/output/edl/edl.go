// Package edl makes External Dynamic Lists of bad peers, which firewalls fetch.
// It knows the nouns only; package app gives it what to send.
package edl
