// Package kafka produces facts and findings to a Kafka topic.
// It knows the nouns only; package app gives it what to send.
package kafka
