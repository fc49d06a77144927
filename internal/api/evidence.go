//go:build !sensor

package api

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/account"
	"edgeward/internal/finding"
	"edgeward/internal/wire/dissect"
)

// mask zeroes what comes behind the headers of a packet. Where it is not
// known how long they are, only the Ethernet header stays.
func mask(e *finding.Evidence) []byte {
	keep := e.Headers
	if keep <= 0 {
		keep = 14
	}
	out := make([]byte, len(e.Bytes))
	copy(out, e.Bytes[:min(keep, len(e.Bytes))])
	return out
}

// packets gives the packets of a finding as far as the caller may see them.
// The entry in the audit log is written before anything goes out.
func (s *Server) packets(ctx context.Context, in *evidenceInput) (*finding.Record, [][]byte, bool, error) {
	c := who(ctx)
	c.reason = strings.TrimSpace(plain(in.Body.Reason))
	if len(c.reason) < 8 {
		return nil, nil, false, invalid("say why the packets are needed, in at least 8 characters")
	}
	r, err := s.finding(ctx, c, in.ID)
	if err != nil {
		return nil, nil, false, err
	}
	masked := !c.has(account.Unmasked)
	c.detail = "packets of " + r.Check
	if masked {
		c.detail += ", masked"
	}
	out := make([][]byte, len(r.Evidence))
	for i := range r.Evidence {
		out[i] = r.Evidence[i].Bytes
		if masked {
			out[i] = mask(&r.Evidence[i])
		}
	}
	return r, out, masked, nil
}

func (s *Server) readEvidence(ctx context.Context, in *evidenceInput) (*reply[[]PacketEvidence], error) {
	r, frames, masked, err := s.packets(ctx, in)
	if err != nil {
		return nil, err
	}
	layers := make([][]dissect.Layer, len(frames))
	if s.Dissector != nil {
		if got, err := s.Dissector.Dissect(ctx, frames); err != nil {
			s.Log.WarnContext(ctx, "decode evidence", "error", err)
		} else if len(got) == len(frames) {
			layers = got
		}
	}
	out := []PacketEvidence{}
	for i := range r.Evidence {
		e := &r.Evidence[i]
		out = append(out, PacketEvidence{evidenceOf(i, e), hex.EncodeToString(frames[i]), e.Headers, masked && len(e.Bytes) > 0, list(layers[i])})
	}
	return ok(out)
}

func (s *Server) downloadEvidence(ctx context.Context, in *evidenceInput) (*huma.StreamResponse, error) {
	r, frames, _, err := s.packets(ctx, in)
	if err != nil {
		return nil, err
	}
	return file("edgeward-"+r.ID+".pcap", "application/vnd.tcpdump.pcap", func(w io.Writer) error {
		_, err := w.Write(appendPcap(nil, r, frames))
		return err
	}), nil
}

// appendPcap writes packets as a capture file with times in nanoseconds
// (draft-ietf-opsawg-pcap). Packets of which nothing was kept are left out.
func appendPcap(b []byte, r *finding.Record, frames [][]byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, 0xa1b23c4d)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 4)
	b = le.AppendUint64(b, 0)
	b = le.AppendUint32(b, 65535)
	b = le.AppendUint32(b, 1) // LINKTYPE_ETHERNET
	for i := range frames {
		if len(frames[i]) == 0 {
			continue
		}
		t := r.Evidence[i].Time
		b = le.AppendUint32(b, uint32(t/1e9))
		b = le.AppendUint32(b, uint32(t%1e9))
		b = le.AppendUint32(b, uint32(len(frames[i])))
		b = le.AppendUint32(b, uint32(len(frames[i])))
		b = append(b, frames[i]...)
	}
	return b
}
