//go:build !sensor

package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/ident"
)

// problemType begins the types of problems that clients tell apart.
const problemType = "urn:edgeward:problem:"

// refuse makes an error that the caller may read.
func refuse(status int, kind, detail string) error {
	e := &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail}
	if kind != "" {
		e.Type = problemType + kind
	}
	return e
}

// invalid says what is wrong with an input.
func invalid(detail string) error {
	return refuse(http.StatusUnprocessableEntity, "invalid", detail)
}

// unknown says that a thing does not exist, or is not the caller's to see:
// the two look the same.
func unknown(what string) error {
	return refuse(http.StatusNotFound, "not-found", "there is no such "+what)
}

// away says that a part is not there in this set-up.
func away(what string) error {
	return refuse(http.StatusServiceUnavailable, "unavailable", what+" is not available here")
}

// later says that there were too many requests.
func later(wait time.Duration, detail string) error {
	seconds := max(int((wait+time.Second-1)/time.Second), 1)
	return huma.ErrorWithHeaders(refuse(http.StatusTooManyRequests, "too-many", detail), http.Header{"Retry-After": {strconv.Itoa(seconds)}})
}

// public turns an error into one that the caller may read. What has no class
// of its own goes to the log and says nothing.
func (s *Server) public(ctx context.Context, method string, err error) error {
	if err == nil {
		return nil
	}
	var he huma.HeadersError
	var se huma.StatusError
	if errors.As(err, &he) || errors.As(err, &se) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return refuse(499, "gone", "the caller went away")
	}
	status, kind := http.StatusInternalServerError, "internal"
	switch ident.CodeOf(err) {
	case ident.NotFound:
		status, kind = http.StatusNotFound, "not-found"
	case ident.Usage:
		status, kind = http.StatusUnprocessableEntity, "invalid"
	case ident.Invalid:
		status, kind = http.StatusUnprocessableEntity, "invalid"
		if method != http.MethodGet {
			status, kind = http.StatusConflict, "conflict"
		}
	case ident.Denied:
		status, kind = http.StatusForbidden, "forbidden"
	case ident.Damaged: // the log has it once, from the one that found it
		return refuse(http.StatusServiceUnavailable, "damaged", "the hub's state store is damaged: "+ident.HintOf(err))
	case ident.Unavailable:
		s.Log.ErrorContext(ctx, "a part is away", "error", err)
		detail := "a part of the hub is away for the moment"
		if hint := ident.HintOf(err); hint != "" {
			detail += ": " + hint
		}
		return refuse(http.StatusServiceUnavailable, "unavailable", detail)
	case ident.Internal:
		if errors.Is(err, context.DeadlineExceeded) {
			return refuse(http.StatusServiceUnavailable, "slow", "the answer took too long: ask for less")
		}
		s.Log.ErrorContext(ctx, "request failed", "error", err)
		return refuse(status, kind, "the hub failed; its log says why")
	}
	detail := err.Error()
	if hint := ident.HintOf(err); hint != "" {
		detail += ": " + hint
	}
	return refuse(status, kind, detail)
}
