//go:build !sensor

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"edgeward/internal/api"
	"edgeward/internal/ident"
)

// seenKind is the kind of the documents that say which files were analysed;
// their key is the file's SHA-256. They outlive the entries of uploads, since
// what a file counted is kept for longer.
const seenKind = "capture-seen"

// seenCapture is the first analysis of a file.
type seenCapture struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Site    string   `json:"site"`
	Created api.Time `json:"created"`
}

// claim notes that a file is analysed. Who comes second is refused unless that
// is meant: facts and findings of the same file are the same, but sums over
// them would count twice.
func (c *captures) claim(ctx context.Context, tenant uint16, x *api.Capture) error {
	return c.docs.EditDocument(ctx, tenant, seenKind, x.SHA256, func(b []byte) ([]byte, error) {
		if b == nil {
			return json.Marshal(seenCapture{x.ID, x.Name, x.Site, x.Created})
		}
		if x.Again {
			return nil, nil
		}
		var first seenCapture
		if err := json.Unmarshal(b, &first); err != nil {
			return nil, fmt.Errorf("read what is known of a capture: %w", err)
		}
		where := ""
		if first.Site != "" {
			where = " at " + first.Site
		}
		return nil, ident.Errorf(ident.Invalid, "look at what it found, or have it counted once more with edgeward captures upload --again",
			"this file was analysed before, as %s%s on %s", first.Name, where, time.Unix(0, int64(first.Created)).UTC().Format(time.DateOnly))
	})
}

// release lets a file that failed be tried again.
func (c *captures) release(ctx context.Context, tenant uint16, x *api.Capture) error {
	b, err := c.docs.Document(ctx, tenant, seenKind, x.SHA256)
	if ident.CodeOf(err) == ident.NotFound {
		return nil
	}
	var first seenCapture
	if err == nil {
		err = json.Unmarshal(b, &first)
	}
	if err != nil || first.ID != x.ID {
		return err
	}
	return c.docs.DeleteDocument(ctx, tenant, seenKind, x.SHA256)
}

// forgetSeen forgets which files were analysed longer ago at a time; 0 keeps
// all.
func (c *captures) forgetSeen(ctx context.Context, tenant uint16, now int64, age time.Duration) error {
	if age <= 0 {
		return nil
	}
	docs, err := c.docs.Documents(ctx, tenant, seenKind)
	if err != nil {
		return err
	}
	for sum, b := range docs {
		var first seenCapture
		if json.Unmarshal(b, &first) == nil && now-int64(first.Created) <= int64(age) {
			continue
		}
		if err := c.docs.DeleteDocument(ctx, tenant, seenKind, sum); err != nil {
			return err
		}
	}
	return nil
}
