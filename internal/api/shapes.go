//go:build !sensor

package api

import (
	"fmt"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/ident"
)

// Time is a moment in nanoseconds since 1970; it is written in RFC 3339, UTC,
// with microseconds, and null when it is 0.
type Time int64

// MarshalJSON writes the time as a string.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, 34), '"')
	return append(ident.AppendTime(b, int64(t)), '"'), nil
}

// UnmarshalJSON reads a string in RFC 3339.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = 0
		return nil
	}
	s, err := strconv.Unquote(string(b))
	if err != nil {
		return fmt.Errorf("read time %.40q: want a string in RFC 3339", b)
	}
	return t.UnmarshalText([]byte(s))
}

// UnmarshalText reads a parameter in RFC 3339; an empty one is 0.
func (t *Time) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*t = 0
		return nil
	}
	v, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil || v.Year() < 1970 || v.Year() > 2200 {
		return fmt.Errorf("read time %.40q: want RFC 3339, such as 2026-01-31T12:00:00Z", b)
	}
	*t = Time(v.UnixNano())
	return nil
}

// MarshalText writes the time for a parameter.
func (t Time) MarshalText() ([]byte, error) { return ident.AppendTime(nil, int64(t)), nil }

// Schema says what the time looks like.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

// When is a time in a query.
type When struct{ Time }

// Schema says what the parameter looks like.
func (When) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Total int    `json:"total" doc:"how many there are in all"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page, where the list is paged by cursor"`
}

// reply is a body.
type reply[T any] struct{ Body T }

// ok answers with a body.
func ok[T any](v T) (*reply[T], error) { return &reply[T]{v}, nil }

// none is the answer without a body.
type none struct{}

// nothing is the input without anything.
type nothing struct{}

// Paging are the parameters of a list.
type Paging struct {
	Limit  int `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"rows of a page"`
	Offset int `query:"offset" minimum:"0" maximum:"10000000" doc:"rows to leave out"`
}

// ByID is a path that ends in an id.
type ByID struct {
	ID string `path:"id" maxLength:"128" doc:"id"`
}

// subject is what an audit entry is about.
func (x *ByID) subject() string { return x.ID }

// Counts counts findings by severity.
type Counts struct {
	Info     int `json:"info"`
	Low      int `json:"low"`
	Medium   int `json:"medium"`
	High     int `json:"high"`
	Critical int `json:"critical"`
}

func countsOf(n [5]int) Counts { return Counts{n[0], n[1], n[2], n[3], n[4]} }

// list makes an empty list of none.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
