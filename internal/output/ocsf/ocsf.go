// Package ocsf puts facts, devices and findings into the Open Cybersecurity Schema Framework.
// It knows the nouns only; package app gives it what to send.
package ocsf
