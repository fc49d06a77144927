package capture

import (
	"context"
	"errors"
	"math/bits"
	"net"
	"strings"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"edgeward/internal/ident"
	"edgeward/internal/wire/capture/filter"
)

// OpenLive captures from an interface through a packet ring of the kernel
// (AF_PACKET, TPACKET_V3). The frames point into the ring, which the kernel
// fills block by block in a circle: when it comes to one that is in a batch
// still, it drops packets, which is counted, until the batch is given back.
//
// Read gives an empty batch when nothing has arrived for a moment, so that
// time goes on for the reader. It ends with the context's error within a tenth
// of a second, and with an [ident.Error] when the interface is removed. An
// interface that goes down is waited for.
func OpenLive(ctx context.Context, opt LiveOptions) (Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if opt.BlockSize <= 0 {
		opt.BlockSize = liveBlockSize
	}
	if opt.Blocks <= 0 {
		opt.Blocks = liveBlocks
	}
	// The kernel would take all memory of the machine before it says no.
	opt.BlockSize = max(1<<bits.Len(uint(min(opt.BlockSize, maxLiveBlock+1)-1)), 1<<16)
	if opt.BlockSize > maxLiveBlock || opt.Blocks > maxLiveRing/opt.BlockSize {
		return nil, ident.Errorf(ident.Usage, "ask for fewer or smaller ring blocks", "capture from interface %q: a ring of %d blocks of %d bytes is more than %d MiB, or a block more than %d MiB",
			opt.Interface, opt.Blocks, opt.BlockSize, maxLiveRing>>20, maxLiveBlock>>20)
	}
	if opt.SnapLen <= 0 {
		opt.SnapLen = liveSnapLen
	}
	l := &live{opt: opt, fd: -1}
	if err := l.open(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Hardware types (ARPHRD) that decide the link type.
const (
	hwEthernet  = 1
	hwPPP       = 512
	hwRawIP     = 519
	hwTunnel    = 768
	hwTunnel6   = 769
	hwLoopback  = 772
	hwSIT       = 776
	hwGRE       = 778
	hwGRE6      = 823
	hwNone      = 0xfffe
	retireAfter = 50 // milliseconds until a block that is not full is handed over
)

// linkOf gives the link type of an interface and the kind of socket that
// delivers it. Devices that carry IP behind a header of their own are read
// from the IP header on.
func linkOf(hardware uint16) (link LinkType, socket int, ok bool) {
	switch hardware {
	case hwEthernet, hwLoopback:
		return LinkEthernet, unix.SOCK_RAW, true
	case hwNone, hwRawIP, hwPPP, hwTunnel, hwTunnel6, hwSIT, hwGRE, hwGRE6:
		return LinkRaw, unix.SOCK_DGRAM, true
	}
	return 0, 0, false
}

func (l *live) open() error {
	name := l.opt.Interface
	hardware, err := l.lookUp()
	if err != nil {
		return err
	}
	link, kind, ok := linkOf(hardware)
	if !ok {
		return ident.Errorf(ident.Invalid, "choose an interface with Ethernet or IP framing", "capture from interface %q: its hardware type %d is not supported", name, hardware)
	}
	l.link, l.loopback = link, hardware == hwLoopback
	framing := filter.Ethernet
	if link == LinkRaw {
		framing = filter.Raw
	}
	program, err := filter.Compile(l.opt.Filter, framing, uint32(l.opt.SnapLen))
	if err != nil {
		return ident.Errorf(ident.Usage, "see the manual for what filters can say", "filter %q: %w", l.opt.Filter, err)
	}
	// Protocol 0 delivers nothing until the socket is set up and bound.
	if l.fd, err = unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return l.fault("open a packet socket", err)
	}
	if err := unix.SetsockoptInt(l.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return l.fault("set up the packet ring", err)
	}
	if err := unix.SetsockoptInt(l.fd, unix.SOL_PACKET, unix.PACKET_RESERVE, vlanTagLen); err != nil {
		return l.fault("set up the packet ring", err)
	}
	if l.opt.SkipOutgoing || l.loopback {
		// Kernels before 4.20 do not know it; Read leaves these packets out as well.
		_ = unix.SetsockoptInt(l.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	}
	if l.opt.Filter != "" || l.opt.SnapLen < liveSnapLen {
		if err := attach(l.fd, program); err != nil {
			return l.fault("attach the filter", err)
		}
	}
	if err := l.mapRing(); err != nil {
		return err
	}
	if err := unix.Bind(l.fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: l.index}); err != nil {
		return l.fault("bind", err)
	}
	if l.opt.FanoutSize > 1 {
		how := unix.PACKET_FANOUT_HASH | unix.PACKET_FANOUT_FLAG_DEFRAG
		if err := unix.SetsockoptInt(l.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, int(l.opt.FanoutGroup)|how<<16); err != nil {
			return l.fault("join the fan-out group", err)
		}
	}
	if l.opt.Promiscuous {
		if err := unix.SetsockoptPacketMreq(l.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(l.index), Type: unix.PACKET_MR_PROMISC}); err != nil {
			return l.fault("turn promiscuous mode on", err)
		}
	}
	return nil
}

// lookUp finds the interface and its hardware type.
func (l *live) lookUp() (hardware uint16, err error) {
	name := l.opt.Interface
	req, err := unix.NewIfreq(name)
	if err != nil || name == "" {
		return 0, missingInterface(name)
	}
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, l.fault("look the interface up", err)
	}
	defer unix.Close(s)
	if err := unix.IoctlIfreq(s, unix.SIOCGIFINDEX, req); err != nil {
		if errors.Is(err, unix.ENODEV) {
			return 0, missingInterface(name)
		}
		return 0, l.fault("look the interface up", err)
	}
	l.index = int(req.Uint32())
	if err := unix.IoctlIfreq(s, unix.SIOCGIFHWADDR, req); err != nil {
		return 0, l.fault("look the interface up", err)
	}
	hardware = req.Uint16()
	if err := unix.IoctlIfreq(s, unix.SIOCGIFFLAGS, req); err != nil {
		return 0, l.fault("look the interface up", err)
	}
	if req.Uint16()&unix.IFF_UP == 0 {
		return 0, ident.Errorf(ident.Unavailable, "ip link set dev "+name+" up", "capture from interface %q: the interface is down", name)
	}
	return hardware, nil
}

func missingInterface(name string) error {
	hint := "this machine has no network interfaces"
	if all, err := net.Interfaces(); err == nil && len(all) > 0 {
		names := make([]string, len(all))
		for i, a := range all {
			names[i] = a.Name
		}
		hint = "the interfaces here are " + strings.Join(names, ", ")
	}
	return ident.Errorf(ident.NotFound, hint, "capture from interface %q: no such interface", name)
}

// fault wraps an error of the system with what the user can do about it.
func (l *live) fault(what string, err error) error {
	code, hint := ident.Unavailable, "edgeward doctor checks what live capture needs"
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		code, hint = ident.Denied, "run as root, or allow the program: setcap cap_net_raw,cap_net_admin+ep edgeward"
	case errors.Is(err, unix.ENOMEM), errors.Is(err, unix.ENOBUFS):
		hint = "ask for fewer or smaller ring blocks"
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return l.gone()
	}
	return ident.Errorf(code, hint, "capture from interface %q: %s: %w", l.opt.Interface, what, err)
}

// gone is the error for an interface that was removed.
func (l *live) gone() error {
	return ident.Errorf(ident.Unavailable, "start again when it is back", "capture from interface %q: the interface has disappeared", l.opt.Interface)
}

// attach gives the socket its filter.
func attach(fd int, program []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(program))
	for i, ins := range program {
		code[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}

// networkOrder turns a number of this machine into network byte order.
func networkOrder(v uint16) uint16 {
	var b [2]byte
	b[0], b[1] = byte(v>>8), byte(v)
	return nativeUint16(b[:])
}
