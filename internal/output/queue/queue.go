// Package queue holds what an output has still to deliver: bounded, retried, what is dropped is counted.
// It knows the nouns only; package app gives it what to send.
package queue
