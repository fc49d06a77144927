//go:build !sensor

package api

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
)

// uploading lets so many captures in at a time.
var uploading = make(chan struct{}, 2)

func (s *Server) visibleCaptures(ctx context.Context, c *caller) ([]Capture, error) {
	if s.Captures == nil {
		return []Capture{}, nil
	}
	found, err := s.Captures.Captures(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(slices.Clone(found), func(x Capture) bool { return !c.sees(x.Site) })
	slices.SortFunc(found, func(a, b Capture) int { return cmp.Or(cmp.Compare(b.Created, a.Created), cmp.Compare(a.ID, b.ID)) })
	return found, nil
}

func (s *Server) listCaptures(ctx context.Context, _ *nothing) (*reply[Page[Capture]], error) {
	found, err := s.visibleCaptures(ctx, who(ctx))
	if err != nil {
		return nil, err
	}
	return ok(Page[Capture]{Items: list(found), Total: len(found)})
}

func (s *Server) capture(ctx context.Context, c *caller, id string) (Capture, error) {
	found, err := s.visibleCaptures(ctx, c)
	if err != nil {
		return Capture{}, err
	}
	for _, x := range found {
		if x.ID == id {
			return x, nil
		}
	}
	return Capture{}, unknown("capture")
}

func (s *Server) getCapture(ctx context.Context, in *ByID) (*reply[Capture], error) {
	x, err := s.capture(ctx, who(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return ok(x)
}

// magics begin the files that can be analysed: pcap in both byte orders and
// both resolutions, pcapng, gzip and zstd.
var magics = [][]byte{
	{0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0xc3, 0xd4}, {0x4d, 0x3c, 0xb2, 0xa1}, {0xa1, 0xb2, 0x3c, 0x4d}, {0x0a, 0x0d, 0x0d, 0x0a}, {0x1f, 0x8b}, {0x28, 0xb5, 0x2f, 0xfd},
}

func (s *Server) uploadCapture(ctx context.Context, in *captureUpload) (*reply[Capture], error) {
	c := who(ctx)
	if s.Captures == nil {
		return nil, away("the analysis of captures")
	}
	if in.Site == "" && len(c.sites) == 1 {
		in.Site = c.sites[0]
	}
	if !c.sees(in.Site) {
		return nil, refuse(http.StatusForbidden, "sites", "name one of your sites")
	}
	select {
	case uploading <- struct{}{}:
		defer func() { <-uploading }()
	default:
		return nil, later(10e9, "two captures are being received: wait")
	}
	head := make([]byte, 4)
	n, err := io.ReadFull(in.body, head)
	if err != nil || !slices.ContainsFunc(magics, func(m []byte) bool { return bytes.HasPrefix(head[:n], m) }) {
		return nil, refuse(http.StatusUnsupportedMediaType, "no-capture", "this is no capture: want pcap or pcapng, plain or compressed with gzip or zstd")
	}
	x := Capture{Name: safeName(in.Name), Site: in.Site, Author: c.name, Created: Time(s.now()), Again: in.Again}
	body := &kept{r: io.MultiReader(bytes.NewReader(head), in.body)}
	if err := s.Captures.Analyze(ctx, c.tenant, &x, body); err != nil {
		if body.failed() != nil { // the client's fault comes before its consequence
			return nil, body.failed()
		}
		return nil, err
	}
	c.object, c.detail = x.Name, x.ID
	return ok(x)
}

// kept remembers why reading failed.
type kept struct {
	r   io.Reader
	mu  sync.Mutex
	err error
}

func (k *kept) Read(p []byte) (int, error) {
	n, err := k.r.Read(p)
	if err != nil && err != io.EOF {
		k.mu.Lock()
		k.err = err
		k.mu.Unlock()
	}
	return n, err
}

func (k *kept) failed() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

func (s *Server) deleteCapture(ctx context.Context, in *ByID) (*none, error) {
	c := who(ctx)
	x, err := s.capture(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	c.object = x.Name
	return &none{}, s.Captures.DeleteCapture(ctx, c.tenant, x.ID)
}
