// Package file writes lines to files that are rotated by size and age.
// It knows the nouns only; package app gives it what to send.
package file
