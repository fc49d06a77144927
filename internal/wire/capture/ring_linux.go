package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	vlanTagLen     = 4
	idleWait       = 100                    // milliseconds until Read gives an empty batch
	frameHeader    = unix.SizeofTpacket3Hdr // what is before a frame in a block,
	linkAddress    = frameHeader            // then a sockaddr_ll
	packetProtocol = linkAddress + 2        // with the EtherType
	packetType     = linkAddress + 10       // with the packet type
	frameOverhead  = linkAddress + 20       // and the frame behind
	statusOffset   = 8                      // of the status in a block
	blockHeader    = 8 + 40                 // version, private offset and tpacket_hdr_v1
)

func nativeUint16(b []byte) uint16 { return binary.NativeEndian.Uint16(b) }

// live is a Source that reads a packet ring.
type live struct {
	opt      LiveOptions
	fd       int
	index    int // of the interface
	link     LinkType
	loopback bool
	ring     *ring

	next   int    // block that the kernel fills next
	cur    *block // block whose frames are being handed out
	left   uint32 // frames of it that are left
	offset uint32 // where the next one is
	failed error
	stats  Stats
}

// ring is the memory that is shared with the kernel. It is unmapped when the
// source is closed and all blocks have come back.
type ring struct {
	memory []byte
	blocks []block
	refs   atomic.Int32
	back   chan struct{} // tells that a block came back
}

// mapRing makes the ring.
func (l *live) mapRing() error {
	size, count := l.opt.BlockSize, l.opt.Blocks
	req := unix.TpacketReq3{
		Block_size: uint32(size), Block_nr: uint32(count),
		Frame_size: 2048, Frame_nr: uint32(size / 2048 * count), Retire_blk_tov: retireAfter,
	}
	if err := unix.SetsockoptTpacketReq3(l.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return l.fault("make the packet ring", err)
	}
	memory, err := unix.Mmap(l.fd, 0, size*count, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return l.fault("map the packet ring", err)
	}
	r := &ring{memory: memory, blocks: make([]block, count), back: make(chan struct{}, 1)}
	r.refs.Store(1)
	for i := range r.blocks {
		r.blocks[i] = block{data: memory[i*size : (i+1)*size : (i+1)*size], free: r.giveBack}
	}
	l.ring = r
	return nil
}

// status is the word by which a block changes hands.
func (b *block) status() *uint32 { return (*uint32)(unsafe.Pointer(&b.data[statusOffset])) }

// filled reports whether the kernel has handed the block over.
func (b *block) filled() bool { return atomic.LoadUint32(b.status())&unix.TP_STATUS_USER != 0 }

// giveBack hands a block to the kernel.
func (r *ring) giveBack(b *block) {
	atomic.StoreUint32(b.status(), unix.TP_STATUS_KERNEL)
	select {
	case r.back <- struct{}{}:
	default:
	}
	r.release()
}

func (r *ring) release() {
	if r.refs.Add(-1) == 0 {
		// Nothing can be done about an error, and none is documented for a whole mapping.
		_ = unix.Munmap(r.memory)
	}
}

// Read hands out what is in the ring. See [OpenLive].
func (l *live) Read(ctx context.Context, b *Batch) error {
	b.reset()
	if l.failed != nil {
		return l.failed
	}
	for waited := false; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.cur == nil {
			switch ready, err := l.take(ctx, waited); {
			case err != nil:
				l.failed = err
				return err
			case !ready && waited:
				return nil
			case !ready:
				waited = true
				continue
			}
		}
		if l.frames(b); len(b.Frames) > 0 {
			return nil
		}
	}
}

// take gets the next block if the kernel has filled it, and waits for it once.
func (l *live) take(ctx context.Context, waited bool) (ready bool, err error) {
	b := &l.ring.blocks[l.next]
	if b.refs.Load() > 0 { // still in use since the last turn of the ring
		if waited {
			return false, nil
		}
		return false, l.waitForReader(ctx)
	}
	if !b.filled() {
		if waited {
			return false, nil
		}
		return false, l.waitForKernel(ctx, b)
	}
	l.ring.refs.Add(1)
	b.refs.Store(1)
	l.cur = b
	l.next = (l.next + 1) % len(l.ring.blocks)
	h := (*unix.TpacketHdrV1)(unsafe.Pointer(&b.data[statusOffset]))
	l.left, l.offset = h.Num_pkts, h.Offset_to_first_pkt
	return true, nil
}

// frames moves frames of the block at hand into the batch.
func (l *live) frames(to *Batch) {
	data := l.cur.data
	for l.left > 0 && len(to.Frames) < batchFrames {
		at := l.offset
		if uint64(at)+frameOverhead > uint64(len(data)) {
			l.left = 0
			break
		}
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&data[at]))
		l.left--
		l.offset += h.Next_offset
		if h.Next_offset == 0 {
			l.left = 0
		}
		if data[at+packetType] == unix.PACKET_OUTGOING && (l.opt.SkipOutgoing || l.loopback) {
			continue
		}
		if l.link == LinkRaw { // PPP devices carry more than IP
			if et := binary.BigEndian.Uint16(data[at+packetProtocol:]); et != unix.ETH_P_IP && et != unix.ETH_P_IPV6 {
				continue
			}
		}
		start := uint64(at) + uint64(h.Mac)
		end := start + uint64(h.Snaplen)
		if start < uint64(at)+frameOverhead || end > uint64(len(data)) {
			l.stats.Skipped++
			continue
		}
		frame, wire := data[start:end:end], h.Len
		if h.Status&unix.TP_STATUS_VLAN_VALID != 0 && l.link == LinkEthernet && len(frame) >= 12 && start >= uint64(at)+frameOverhead+vlanTagLen {
			frame = data[start-vlanTagLen : end : end]
			insertTag(frame, h)
			wire += vlanTagLen
		}
		l.stats.Packets++
		l.stats.Bytes += uint64(len(frame))
		if wire > uint32(len(frame)) {
			l.stats.Snapped++
		}
		to.Frames = append(to.Frames, Frame{
			Data: frame, Time: int64(h.Sec)*1e9 + int64(h.Nsec), WireLen: max(wire, uint32(len(frame))),
			Link: l.link, Interface: l.opt.Index, Number: l.stats.Packets,
		})
	}
	if len(to.Frames) > 0 {
		to.hold(l.cur)
	}
	if l.left == 0 {
		l.cur.release()
		l.cur = nil
	}
}

// insertTag puts a VLAN tag that the kernel took off back: frame begins four
// bytes before the addresses.
func insertTag(frame []byte, h *unix.Tpacket3Hdr) {
	copy(frame, frame[vlanTagLen:vlanTagLen+12])
	tpid := uint16(unix.ETH_P_8021Q)
	if h.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = h.Hv1.Vlan_tpid
	}
	binary.BigEndian.PutUint16(frame[12:], tpid)
	binary.BigEndian.PutUint16(frame[14:], uint16(h.Hv1.Vlan_tci))
}

// Stats gives the counters so far, those of the kernel included. It belongs to
// the goroutine that reads.
func (l *live) Stats() Stats {
	l.count()
	return l.stats
}

// count adds the kernel's counters, which begin anew when they are asked for.
func (l *live) count() {
	if l.fd < 0 {
		return
	}
	if s, err := unix.GetsockoptTpacketStatsV3(l.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		l.stats.Dropped += uint64(s.Drops)
		l.stats.Freezes += uint64(s.Freeze_q_cnt)
	}
}

// Close ends the capture. Batches that are still in use stay valid.
func (l *live) Close() error {
	if l.fd < 0 {
		return nil
	}
	l.count()
	err := unix.Close(l.fd)
	l.fd = -1
	if l.cur != nil {
		l.cur.release()
		l.cur = nil
	}
	if l.ring != nil {
		l.ring.release()
	}
	if l.failed == nil {
		l.failed = errClosed
	}
	return err
}

var errClosed = errors.New("capture is closed")
