//go:build !sensor

package app

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"edgeward/internal/wire/capture"
)

// labCapture is the project's own capture (test/lab): a broker with sensors, a
// CoAP server, a small hospital, and a worm that breaks into a camera.
//
//go:embed lab.pcap.gz
var labCapture []byte

// frame is one packet of a scene.
type sceneFrame struct {
	at   time.Duration // since the beginning of the capture
	data []byte
}

// Parts of the lab's capture, by the time since its beginning.
const (
	sceneQuiet = 50 * time.Second // until here nothing bad happens
	sceneWhole = time.Hour
)

// readScene unpacks the capture.
func readScene(ctx context.Context) ([]sceneFrame, error) {
	z, err := gzip.NewReader(bytes.NewReader(labCapture))
	if err != nil {
		return nil, fmt.Errorf("unpack the demonstration: %w", err)
	}
	src, err := capture.NewReader(z, "lab.pcap")
	if err != nil {
		return nil, fmt.Errorf("read the demonstration: %w", err)
	}
	defer src.Close()
	var out []sceneFrame
	var b capture.Batch
	var first int64
	for {
		err := src.Read(ctx, &b)
		for _, f := range b.Frames {
			if first == 0 {
				first = f.Time
			}
			out = append(out, sceneFrame{time.Duration(f.Time - first), bytes.Clone(f.Data)})
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the demonstration: %w", err)
		}
	}
}

// act is a part of the scene that is played at a time.
type act struct {
	at    time.Time
	until time.Duration // the part of the capture from its beginning
	// host chooses frames by the last byte of an address in the lab's network
	// at either end; nil for all.
	host func(byte) bool
}

// addresses gives the last bytes of the addresses in 10.20.0.0/24 that a frame
// is from or to, 0 for others.
func addresses(frame []byte) (src, dst byte) {
	lab := func(a []byte) byte {
		if a[0] == 10 && a[1] == 20 && a[2] == 0 {
			return a[3]
		}
		return 0
	}
	if len(frame) < 42 {
		return 0, 0
	}
	switch binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800: // IPv4
		return lab(frame[26:30]), lab(frame[30:34])
	case 0x0806: // ARP
		return lab(frame[28:32]), lab(frame[38:42])
	}
	return 0, 0
}

// pcapWriter writes a capture with nanoseconds.
type pcapWriter struct{ w io.Writer }

func (p pcapWriter) begin() error {
	h := make([]byte, 24)
	le := binary.LittleEndian
	le.PutUint32(h, 0xa1b23c4d)
	le.PutUint16(h[4:], 2)
	le.PutUint16(h[6:], 4)
	le.PutUint32(h[16:], 262144)
	le.PutUint32(h[20:], uint32(capture.LinkEthernet))
	_, err := p.w.Write(h)
	return err
}

func (p pcapWriter) frame(at time.Time, data []byte) error {
	b := make([]byte, 16, 16+len(data))
	le := binary.LittleEndian
	le.PutUint32(b, uint32(at.Unix()))
	le.PutUint32(b[4:], uint32(at.Nanosecond()))
	le.PutUint32(b[8:], uint32(len(data)))
	le.PutUint32(b[12:], uint32(len(data)))
	_, err := p.w.Write(append(b, data...))
	return err
}

// play writes the acts into one capture, in the order of time. What lies in
// the future waits for its time, so that the demonstration goes on. Past acts
// must not overlap.
func play(ctx context.Context, w io.Writer, frames []sceneFrame, acts []act) error {
	p := pcapWriter{w}
	if err := p.begin(); err != nil {
		return err
	}
	slices.SortStableFunc(acts, func(a, b act) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	for _, a := range acts {
		for _, f := range frames {
			if f.at > a.until {
				break
			}
			if src, dst := addresses(f.data); a.host != nil && !(src != 0 && a.host(src)) && !(dst != 0 && dst != 255 && a.host(dst)) {
				continue
			}
			at := a.at.Add(f.at)
			if wait := time.Until(at); wait > 0 {
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(wait):
				}
			}
			if err := p.frame(at, f.data); err != nil {
				return err
			}
		}
	}
	return nil
}

// history gives quiet acts about every hour of some days up to now, the same
// for the same seed, and the chosen times free for others.
func history(now time.Time, days int, seed uint64, host func(byte) bool, free ...time.Time) []act {
	r := rand.New(rand.NewPCG(seed, 1))
	var out []act
	for t := now.Add(-time.Duration(days) * 24 * time.Hour); t.Before(now.Add(-5 * time.Minute)); t = t.Add(50*time.Minute + time.Duration(r.Int64N(int64(20*time.Minute)))) {
		near := func(f time.Time) bool { return t.Sub(f).Abs() < 4*time.Minute }
		if !slices.ContainsFunc(free, near) {
			out = append(out, act{at: t, until: sceneQuiet, host: host})
		}
	}
	return out
}
