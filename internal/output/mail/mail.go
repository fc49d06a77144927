// Package mail sends findings by e-mail.
// It knows the nouns only; package app gives it what to send.
package mail
